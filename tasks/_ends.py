"""How a task ends: what becomes of an error as an exit code, a sentence on stderr, and the object of `--json`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from invoke.exceptions import Exit

from tasks._stdout import OneObject

FOUND = 3  # of every check that found something
INTERRUPTED = 130
_OUTCOMES = {2: "refused", 6: "superseded", 7: "undecided", INTERRUPTED: "interrupted"}


def expected(error: Exception) -> Exit | None:
    """The exit of an expected failure: any exception of any member that says its own exit code."""
    code = getattr(error, "exit_code", None)
    if not isinstance(code, int):
        return None
    what = str(getattr(error, "what", "") or error)
    cure = str(getattr(error, "cure", ""))
    return Exit(_masked(f"{what}\n{cure}".strip()), code=code)


def told(
    end: Exit, options: Mapping[str, Any], printed: OneObject | None, *, published: bool = False
) -> Exit:
    """With `--json` stdout gets one object, whatever happened; the sentence goes to stderr as always, with every
    command in it as one can paste it.

    In GitHub Actions it is an annotation as well: on the page of the run a log is folded away. `published`: it is the
    outcome of a run, and stands in the job's summary and in the step's outputs too.
    """
    named = str(options.get("env") or os.environ.get("INFRA_ENV") or "").strip()
    if end.message and named:
        from ecs_deployment.commands import whole

        end = Exit(whole(str(end.message), named, str(options.get("service") or "")), code=end.code)
    if end.message and os.environ.get("GITHUB_ACTIONS") == "true":
        text = str(end.message).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        print(f"::error title={_OUTCOMES.get(end.code, 'failed')}::{text}", file=sys.stderr)
    document = _document(end, named, options)
    if published and os.environ.get("GITHUB_ACTIONS") == "true":
        from ecs_deployment import report

        report.stopped(document)
    if printed is not None and not printed.begun:
        import json

        with suppress(OSError):  # nobody reads it: the exit code remains
            print(json.dumps(document, indent=2), flush=True)
    return end


def _document(end: Exit, named: str, options: Mapping[str, Any]) -> dict[str, Any]:
    what, _, cure = str(end.message or "").partition("\n")
    return {
        "environment": named or None,
        "tag": options.get("tag") or None,
        "outcome": _OUTCOMES.get(end.code, "unexpected"),
        "exit_code": end.code,
        "api_calls": 0,
        "seconds": 0.0,
        "services": [],
        "cause": what,
        "advice": cure or None,
    }


def _masked(text: str) -> str:
    """The text without values of task definitions that were read, nor what looks like a password."""
    from ecs_deployment.masking import masked_text

    return "\n".join(map(masked_text, text.split("\n")))


def unexpected(error: Exception) -> Exit:
    """Exit 1 with one line; the traceback goes to a file that only this user can read."""
    import tempfile
    import traceback

    text = _masked("".join(traceback.format_exception(error)))
    first = _masked(f"Unexpected: {type(error).__name__}: {error}".splitlines()[0])
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", errors="backslashreplace", prefix="inv-", suffix=".txt", delete=False
        ) as file:
            file.write(text)
    except OSError:  # no place for a file: show it rather than lose it
        return Exit(f"{text}{first}\nPlease report this.", code=1)
    return Exit(f"{first}\nPlease report this with {file.name}, which has the traceback.", code=1)
