"""The one screen at the end: the outcome in words, what it rests on, what it cost, and what to do next."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from ecs_deployment import report_text as words
from ecs_deployment.outcome import Outcome, Report, Result
from ecs_deployment.report_text import Kind

_MOST_EVIDENCE = 30  # lines of a service; the rest is in --json
_NARROWEST = 40
_MANY = 5  # services; of more, those that went well are told in brief
_BRIEF = ("Still owed", "Note")
_GRAVITY: dict[Kind, int] = {"good": 0, "warning": 1, "bad": 2}
_AHEAD = re.compile(r"\S.{0,24}?\s\s+(?=\S)")  # a column of its own in front of the text, such as an age
_COMMAND = re.compile(r"`[^`]+`[.,;:]?|^inv [^:]+:")  # in a sentence, or what comes next


@dataclass(frozen=True)
class Line:
    """A line of the screen. `strong` is how many of its first characters are set off, by `kind`'s colour if any."""

    text: str
    strong: int = 0
    kind: Kind = ""


def screen(report: Report, width: int) -> list[Line]:
    """The whole screen for that many columns."""
    width = max(width, _NARROWEST)
    brief = len(report.services) > _MANY
    worst_last = sorted(report.services, key=_gravity)  # next to the summary, and to the prompt after it
    lines: list[Line] = []
    for result in worst_last:
        told = list(_service(result, report.environment, width, brief))
        apart = bool(lines and lines[-1].text) and not told[-1].text
        lines += [Line(""), *told] if apart else told
    if lines and lines[-1].text:
        lines.append(Line(""))
    if len(report.services) > 1:
        lines += [*_overview(report, width), Line("")]
    last = [("Total", words.total(report))]
    if words.slowness(report):
        last.append(("Slow", words.slowness(report)))
    last += [("Next", step) for step in words.next_steps(report)]
    return [*lines, *table(last, width)]


def table(rows: Sequence[tuple[str, str]], width: int, bad: Collection[str] = ()) -> list[Line]:
    """(label, text) rows, the texts aligned and wrapped; a label is written once where it repeats.

    Those of `bad` are set off as what goes wrong is.
    """
    column = max((len(label) for label, _ in rows), default=0) + 4
    lines: list[Line] = []
    previous = ""
    for label, text in rows:
        shown = "" if label == previous else f"  {label}"
        previous = label
        told = _row(shown.ljust(column), text, width, strong=len(shown))
        lines += [replace(one, kind="bad") for one in told] if label in bad else told
    return lines


def wrapped(text: str, width: int, indent: str = "", hang: int = 0) -> list[str]:
    """The text in lines of that width, but for the first begun `hang` columns further in.

    Words and commands stay whole: one may have to be copied.
    """
    whole = _COMMAND.sub(lambda found: _kept_whole(found, width - len(indent)), text)
    lines = textwrap.wrap(
        whole, width, initial_indent=indent, subsequent_indent=indent + " " * hang,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return [line.replace(words.TOGETHER, " ") for line in lines]


def _kept_whole(found: re.Match[str], width: int) -> str:
    command = found.group()
    return command.replace(" ", words.TOGETHER) if len(command) <= width else command


def _row(label: str, text: str, width: int, strong: int) -> list[Line]:
    ahead = _AHEAD.match(text)
    beside = wrapped(text, width - len(label), hang=ahead.end() if ahead else 0)
    if all(len(part) <= width - len(label) for part in beside):
        first, *others = beside or [""]
        return [
            Line((label + first).rstrip(), strong),
            *(Line(" " * len(label) + part) for part in others),
        ]
    # A word too long for its place, such as a digest on 80 columns, is out of line, or begins a line of its own.
    if beside == [text] and len(near := f"{label.rstrip()} {text}") <= width:
        return [Line(near, strong)]
    own = [Line(label.rstrip(), strong)] if label.strip() else []
    return [*own, *(Line(part) for part in wrapped(text, width, indent="    "))]


def _gravity(result: Result) -> int:
    return _GRAVITY.get(words.WORDS[result.outcome].kind, 0)


def _service(result: Result, environment: str, width: int, brief: bool) -> Iterator[Line]:
    kind = words.WORDS[result.outcome].kind
    for part in wrapped(words.headline(result, environment), width):
        yield Line(part, len(part), kind)
    facts = words.facts(result)
    if brief and not _gravity(result):
        facts = [row for row in facts if row[0] in _BRIEF]
        if not facts:
            return
    yield Line("")
    reasons = [row for row in facts if row[0] in ("Cause", "Advice")]
    yield from table(reasons, width)
    if result.evidence:
        yield from _evidence([words.clean(line) for line in result.evidence], width)
    if reasons or result.evidence:
        yield Line("")
    rest = [row for row in facts if row not in reasons]
    if rest:
        yield from table(rest, width)
        yield Line("")


def _evidence(lines: Sequence[str], width: int) -> Iterator[Line]:
    """Log lines and stop reasons as they are; the bar keeps a CI runner from taking one for a command."""
    yield Line("  Evidence", len("  Evidence"))
    left_out = len(lines) - _MOST_EVIDENCE
    if left_out > 0:
        yield Line(f"    | ... {left_out} more, see --json")
    for line in lines[-_MOST_EVIDENCE:]:
        first, *others = _folded(line, width - len("    |   "))
        yield Line(f"    | {first}".rstrip())
        yield from (Line(f"    |   {part}") for part in others)


def _folded(line: str, width: int) -> list[str]:
    """A log line in parts of that width: its own blanks stay, and a word gives way where there is none."""
    return textwrap.wrap(
        line, width, replace_whitespace=False, drop_whitespace=False, break_on_hyphens=False
    ) or [""]  # fmt: skip


def _overview(report: Report, width: int) -> Iterator[Line]:
    counts = [(o, sum(r.outcome is o for r in report.services)) for o in Outcome]
    told = ", ".join(f"{count} {words.WORDS[o].says.partition(',')[0]}" for o, count in counts if count)
    for part in wrapped(f"{len(report.services)} services: {told}", width):
        yield Line(part, len(part), words.WORDS[report.outcome].kind)
    wrong = [result for result in sorted(report.services, key=_gravity, reverse=True) if _gravity(result)]
    rows = [
        (words.WORDS[r.outcome].says.partition(",")[0].capitalize(), words.clean(r.service)) for r in wrong
    ]
    names = {label: ", ".join(name for other, name in rows if other == label) for label, _ in rows}
    if names:
        yield from table(list(names.items()), width)
