"""Names the likely word for a mistyped one. Standard library only: it is on every task's start-up path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_NAMED = 3


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely means, whatever its case; None where none is near."""
    import difflib  # only a mistake needs it

    by_lower = {name.lower().replace("-", "_"): name for name in known}
    found = difflib.get_close_matches(word.lower().replace("-", "_")[:100], by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def tags(word: str, there: Sequence[str]) -> str:
    """The tags that a mistyped one may mean, else the newest: "Did you mean v1.4 or v1.3?", "The newest: v9, v8."."""
    import difflib

    if near := difflib.get_close_matches(word, there, n=_NAMED, cutoff=0.6):
        return f"Did you mean {' or '.join(near)}?"
    return f"The newest there: {', '.join(there[:_NAMED])}." if there else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ "Did you mean X? Known: ..." as one cure, for unknown keys, environments and services."""
    names = sorted(known)
    near = nearest(word, names)
    listed = f"Known: {', '.join(names)}." if names else "None is known."
    return f'Did you mean "{near}"? {listed}' if near else listed
