"""Tells what a check found: lines for a reader, one object for a program, annotations for GitHub."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workspace_checks.findings import Finding


def tell(
    findings: Sequence[Finding], label: str, well: str, *, as_json: bool = False, github: bool = False
) -> int | None:
    """Print them; the exit code, 3 where something was found. `label` says what was judged.

    GitHub gets its annotations where it asks for them, and wherever it runs the command.
    """
    from workspace_checks import findings as ways

    if as_json:
        import json

        print(json.dumps(ways.document(findings, label), indent=2))
    elif not findings:
        print(f"{well} ({label}).")
    else:
        if github or os.environ.get("GITHUB_ACTIONS") == "true":
            print(ways.github(findings))
        print(f"{len(findings)} {'finding' if len(findings) == 1 else 'findings'} ({label}):")
        print(ways.text(findings))
    return ways.FOUND if findings else None
