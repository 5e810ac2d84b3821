"""What a check found, and the three ways to say it: lines, one JSON object, GitHub annotations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

FOUND = 3  # the exit code of a check that found something


class Finding(NamedTuple):
    """One finding: where it stands, what it is, and what to do about it."""

    path: str
    """File, as seen from the root of the repository."""
    line: int
    """From 1; 1 as well where it is about the file as a whole."""
    code: str
    """Stable, such as D003 or S001."""
    message: str
    cure: str = ""
    """One command or sentence."""


def text(findings: Iterable[Finding]) -> str:
    """A line for each, `file:line: CODE message`; a cure that all share stands once, at the end."""
    ordered = sorted(findings)
    cures = list(dict.fromkeys(finding.cure for finding in ordered if finding.cure))
    if len(cures) == 1:
        return "\n".join([*(_line(finding) for finding in ordered), cures[0]])
    return "\n".join(f"{_line(finding)} {finding.cure}".rstrip() for finding in ordered)


def github(findings: Iterable[Finding]) -> str:
    """Commands that make GitHub show each finding at its line.

    Source: GitHub's documentation, "Workflow commands for GitHub Actions", setting an error message.
    """
    return "\n".join(
        f"::error file={_property(finding.path)},line={finding.line},title={_property(finding.code)}::"
        f"{_data(f'{finding.message} {finding.cure}'.strip())}"
        for finding in sorted(findings)
    )


def document(findings: Sequence[Finding], source: str) -> dict[str, object]:
    """The object that `--json` prints. `source` says what was judged: work tree, index or a revision."""
    return {
        "outcome": "found" if findings else "well",
        "exit_code": FOUND if findings else 0,
        "source": source,
        "findings": [finding._asdict() for finding in sorted(findings)],
    }


def _line(finding: Finding) -> str:
    return f"{finding.path}:{finding.line}: {finding.code} {finding.message}"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
