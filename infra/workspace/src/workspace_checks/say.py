"""How a report is said: to a reader, to a program, to GitHub."""

from __future__ import annotations

from workspace_checks import findings
from workspace_checks.check import Report


def lines(report: Report) -> str:
    """What was judged, a line for each finding, and one command that cures what a command can cure."""
    if not report.findings:
        return _printable("\n".join([*report.notes, report.said]))
    count = len(report.findings)
    head = f"{count} finding{'s' if count > 1 else ''} ({report.source}):"
    # A cure that is part of the one command is not said at every line as well.
    bare = [
        one._replace(cure="" if _within(one.cure, report.command) else one.cure) for one in report.findings
    ]
    said = "\n".join(
        f"{one.path}:{one.line}: {one.code} {one.message} {one.cure}".rstrip() for one in sorted(bare)
    )
    return _printable(
        "\n".join([*report.notes, head, said, *([f"Run: {report.command}"] if report.command else [])])
    )


def _printable(text: str) -> str:
    """A file's name may hold bytes that are no text: they are shown, and break no output."""
    return text.encode("utf-8", "backslashreplace").decode()


def without_tree(report: Report) -> Report:
    """The same for a repository that has no task tree: its cures name this package, or say it in words."""
    from workspace_checks.examine import command

    last = "python -m workspace_checks fix"
    words = {
        "inv deps.add-member": "Name it in [tool.uv.workspace], or in `standalone` of [tool.workspace-checks].",
        "inv deps.align": "Give all members one bound, or name it in `free-bounds` of [tool.workspace-checks].",
    }
    found = tuple(
        one._replace(cure=next((said for task, said in words.items() if one.cure.startswith(task)), one.cure))
        for one in report.findings
    )
    line = command(found, report.source).replace("inv deps.fix", last)
    return report._replace(
        findings=tuple(one._replace(cure=one.cure.replace("inv deps.fix", last)) for one in found),
        command=line,
    )


def github(report: Report) -> str:
    """The annotations, and the lines for the log."""
    return "\n".join(part for part in (_printable(findings.github(report.findings)), lines(report)) if part)


def document(report: Report) -> dict[str, object]:
    """The object of `--json`: that of every check, with the verdict on the locks and the command."""
    return {
        **findings.document(report.findings, report.source),
        "verdict": report.verdict,
        "notes": list(report.notes),
        "command": report.command or None,
    }


def _within(cure: str, command: str) -> bool:
    return bool(cure) and (
        cure in command or (cure.startswith("git add ") and command.startswith("git add "))
    )
