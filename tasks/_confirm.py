"""What has to be confirmed by name before it is taken away."""

from __future__ import annotations

from tasks._parse import UsageError


def answer(question: str) -> str:
    """What is typed in reply, "" where nobody does."""
    try:
        return input(question).strip()
    except EOFError:
        return ""


def unconfirmed(name: str, typed: str) -> UsageError:
    """Why nothing is taken away: `typed` is not the name of the environment, or "" and nothing was."""
    if typed:
        return UsageError(
            f"The environment is called {name}, and {typed!r} was confirmed.",
            f"If {name} is meant, add --confirm {name}",
        )
    return UsageError(
        f"This takes away what {name} runs on, its logs too.", f"If that is meant, add --confirm {name}"
    )
