"""Holds every command of workflows, hooks and manifests against the task tree.

    files -> scripts and uses -> simple commands -> findings

S001  a command, action or hook that goes past the tree
S002  `inv` with a task that does not exist
S003  `inv` with an option that does not exist
S004  `inv` without an environment where it needs one, or with one that nobody knows
S005  `inv` without an option that it needs, or an option without its value
S006  `uv run` that may rewrite the lock before the task looks at it
S007  an allowance that allows nothing any more
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from workspace_checks import scripts_bypass, scripts_calls, scripts_files, scripts_rules, tree
from workspace_checks.findings import Finding
from workspace_checks.scripts_model import Allowance, Rules, Script, Tasks, Use
from workspace_checks.scripts_words import Command, commands
from workspace_checks.scripts_wrappers import unwrapped

_KEEPS_THE_LOCK = frozenset({"--frozen", "--locked", "--no-sync", "--isolated", "--no-project"})
_NPM = frozenset({"bun", "npm", "pnpm", "yarn"})


@dataclass(frozen=True)
class Report:
    """What was judged, how much of it there was, and what was found."""

    label: str
    commands: int
    findings: tuple[Finding, ...]


def check(root: Path, source: str, tasks: Tasks) -> Report:
    """Judge the scripts of `source` (`index`, `worktree`, `HEAD` or a revision) in the repository of `root`."""
    place = tree.where(root)
    rules = scripts_rules.read(scripts_files.manifest(place, source))
    texts, readers = scripts_files.read(place, source, rules)
    pieces = [piece for path, text in texts.items() for piece in readers[path](path, text)]
    count, findings = judge(pieces, tasks, rules)
    label = "work tree" if source == tree.WORKTREE else source
    return Report(label, count, tuple(sorted(set(findings))))


def judge(pieces: Iterable[Script | Use], tasks: Tasks, rules: Rules) -> tuple[int, list[Finding]]:
    """How many commands these are, and every finding about them."""
    used: set[Allowance] = set()
    found: list[Finding] = []
    count = 0
    for piece in pieces:
        if isinstance(piece, Use):
            count += 1
            found += _use(piece, tasks, rules, used)
            continue
        given = piece.given
        for command in commands(piece.text):
            count += 1
            for inner in unwrapped(command):
                found += _command(piece, command, inner, given | inner.given, tasks, rules, used)
            given |= _set_for_the_rest(command)
    found += [
        Finding(
            scripts_files.MANIFEST, entry.line, "S007", f"nothing in {entry.file} runs `{entry.command}` any more.",
            "Take this entry of allow away.",
        )
        for entry in rules.allow
        if entry not in used
    ]  # fmt: skip
    return count, found


def _command(
    script: Script,
    outer: Command,
    inner: Command,
    given: frozenset[str],
    tasks: Tasks,
    rules: Rules,
    used: set[Allowance],
) -> Iterator[Finding]:
    line = script.place(outer.line)
    if inner.program in {"inv", "invoke"}:
        if script.borrowed:
            given |= {"INFRA_ENV"}
        yield from _through_uv(script, outer, line)
        for complaint in scripts_calls.complaints(inner.words[1:], tasks, given):
            yield Finding(script.path, line, complaint.code, complaint.message, complaint.cure)
        return
    if script.told:
        return
    ways = scripts_bypass.of_command(inner.program, inner.texts[1:])
    if ways is None or (not ways and inner.program in _NPM and script.path.endswith("package.json")):
        return
    shown = _shown(inner)
    if not _allowed(script.path, inner, rules, used):
        yield _past(script.path, line, f"`{shown}` goes past the task tree.", ways, tasks)


def _use(use: Use, tasks: Tasks, rules: Rules, used: set[Allowance]) -> Iterator[Finding]:
    ways = scripts_bypass.of_use(use.kind, use.name)
    if ways is None:
        return
    entry = next(
        (one for one in rules.allow if one.command == use.name and fnmatchcase(use.path, one.file)), None
    )
    if entry is not None:
        used.add(entry)
        return
    yield _past(use.path, use.line, f"the {use.kind} {use.name} goes past the task tree.", ways, tasks)


def _past(path: str, line: int, message: str, ways: Iterable[str], tasks: Tasks) -> Finding:
    offered = [f"inv {way}" for way in ways if way.partition(" ")[0] in tasks.tasks]
    cure = (
        f"Instead: {' or '.join(offered)}"
        if offered
        else "No task does this: make one, or allow it with a reason in pyproject.toml."
    )
    return Finding(path, line, "S001", message, cure)


def _through_uv(script: Script, outer: Command, line: int) -> Iterator[Finding]:
    """A plain `uv run` locks again before it runs anything: `deps.check` would then see a fresh lock."""
    texts = outer.texts
    for at, text in enumerate(texts[:-1]):
        if text.rpartition("/")[2] == "uv" and texts[at + 1] == "run":
            if not _KEEPS_THE_LOCK & set(texts[at + 2 :]) and not {"UV_FROZEN", "UV_LOCKED"} & script.given:
                yield Finding(
                    script.path, line, "S006", "`uv run` rewrites a stale lock before the task looks at it.",
                    "Write `uv run --frozen inv ...`.",
                )  # fmt: skip
            return


def _allowed(path: str, command: Command, rules: Rules, used: set[Allowance]) -> bool:
    called = (command.program, *command.texts[1:])
    for entry in rules.allow:
        words = tuple(entry.command.split())
        if called[: len(words)] == words and fnmatchcase(path, entry.file):
            used.add(entry)
            return True
    return False


def _set_for_the_rest(command: Command) -> frozenset[str]:
    """The variables that `export NAME=value` sets for the commands after it."""
    if command.program != "export":
        return frozenset()
    return frozenset(word.text.partition("=")[0] for word in command.words[1:] if "=" in word.text)


def _shown(command: Command) -> str:
    """The command as far as one needs to see it: five words, and nothing of many lines."""
    words = " ".join((command.program, *command.texts[1:])).split()
    return " ".join(words[:5]) + (" ..." if len(words) > 5 else "")
