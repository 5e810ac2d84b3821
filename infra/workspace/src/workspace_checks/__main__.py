"""The checks without a task tree, for hooks of other repositories: `python -m workspace_checks check`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from workspace_checks.errors import WorkspaceError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one check in the repository of the current folder; its exit code, as that of `inv deps.*`."""
    options = _parser().parse_args(arguments)
    try:
        return _check(options) if options.command == "check" else _fix(options)
    except WorkspaceError as error:
        print(f"{error.what}\n{error.cure}", file=sys.stderr)  # noqa: T201 - this is the edge
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _check(options: argparse.Namespace) -> int:
    from workspace_checks import check, say

    report = say.without_tree(check.examine(Path.cwd(), options.source))
    if options.json:
        import json

        print(json.dumps(say.document(report), indent=2))  # noqa: T201
    elif options.github or os.environ.get("GITHUB_ACTIONS") == "true":
        print(say.github(report))  # noqa: T201
    else:
        print(say.lines(report))  # noqa: T201
    return report.exit_code


def _fix(options: argparse.Namespace) -> int:
    from workspace_checks import fix

    done = fix.fix(Path.cwd(), staged=options.staged)
    print("\n".join(done.lines))  # noqa: T201
    return done.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "workspace_checks", description="Is every lock what its manifests ask for?"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="say what is wrong; exit 3 when something is")
    check.add_argument("--from", dest="source", default="", help="index, worktree, HEAD or any revision")
    check.add_argument("--json", action="store_true", help="print one JSON object")
    check.add_argument("--github", action="store_true", help="also print GitHub annotations")
    fix = commands.add_parser("fix", help="lock anew whatever is stale")
    fix.add_argument("--staged", action="store_true", help="lock what is staged, and stage the result")
    return parser


if __name__ == "__main__":
    sys.exit(main())
