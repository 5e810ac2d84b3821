"""A report as Markdown for a job's summary: what was, what is, where the seconds went, why, and what to do next."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from ecs_deployment import report_text as words
from ecs_deployment.outcome import Outcome, Report, Result

_MOST_EVIDENCE = 100  # lines of a service
_LONGEST_LINE = 2000
_BAR = 20  # characters of the longest stage
# The mark stands beside a word that says the same, for those who do not see colours.
_MARKS = {"good": "✅", "warning": "⚠️", "bad": "❌"}
_STAYS = (Outcome.DEPLOYED, Outcome.DEPLOYED_WITH_LOSS, Outcome.UNCHANGED, Outcome.ASLEEP)
_ELSEWHERE = (
    "Cause",
    "Advice",
    "Now",
    "Revision",
    "Digest",
    "Stages",
)  # labels that have a place of their own


Section = tuple[bool, str, Sequence[str], Sequence[tuple[str, str]]]
"""Of a look at a service: whether it is as it should be, a title, what is wrong, (label, text) rows."""


def page(report: Report) -> str:
    """The whole run."""
    parts: list[str] = []
    if len(report.services) > 1:
        parts += _overview(report)
    for result in report.services:
        parts += _section(result, report.environment)
    tag = f"Tag {_code(report.tag)}: " if report.tag else ""
    parts += [f"{tag}{escaped(words.total(report))}.", ""]
    if slow := words.slowness(report):
        parts += [f"⚠️ **{escaped(slow)}**", ""]
    parts += [*_next(words.next_steps(report)), ""]
    return "\n".join(parts) + "\n"


def page_of_end(says: str, cause: str, advice: str) -> str:
    """A run that ended before any service had a result."""
    lines = [f"### ❌ {escaped(says)}", "", f"**{escaped(cause)}**", "", escaped(advice), ""]
    return "\n".join(lines) + "\n"


def page_of_look(sections: Sequence[Section]) -> str:
    """What was looked at, or would be done: no run, so nothing was changed."""
    parts: list[str] = []
    for well, title, findings, rows in sections:
        parts += [f"### {_MARKS['good' if well else 'bad']} {escaped(title)}", ""]
        parts += [f"**{escaped(finding)}**\n" for finding in findings]
        parts += [
            f"- **{escaped(label)}**: {escaped(text)}" if label else f"- {escaped(text)}"
            for label, text in rows
        ]
        parts.append("")
    return "\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Text that Markdown shows as it stands, in a table too."""
    return re.sub(r"([\\`*_\[\]|~#])", r"\\\1", html.escape(words.clean(text), quote=False))


def _code(text: str) -> str:
    """Text as code: fixed width, and copied as it is. A pipe would end a table's cell even there."""
    plain = words.clean(text).replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", plain)), default=0))
    pad = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{pad}{plain}{pad}{fence}" if plain else ""


def _section(result: Result, environment: str) -> Iterator[str]:
    yield f"### {_mark(result)} {escaped(words.headline(result, environment))}"
    yield ""
    facts = dict(row for row in words.facts(result) if row[0] in ("Cause", "Advice", "Now"))
    if "Cause" in facts:
        yield f"**{escaped(facts['Cause'])}**"
        yield ""
    if "Advice" in facts:
        yield escaped(facts["Advice"])
        yield ""
    if "Now" in facts:
        yield escaped(facts["Now"])
        yield ""
    yield from _evidence(result.evidence)
    yield from _before_and_after(result)
    yield from _timeline(result)
    rest = [row for row in words.facts(result) if row[0] not in _ELSEWHERE]
    yield from (f"- **{label}**: {escaped(text)}" for label, text in rest)
    if rest:
        yield ""


def _before_and_after(result: Result) -> Iterator[str]:
    if not (result.before or result.revision):
        return
    stays = result.proven or result.outcome in _STAYS
    yield f"| | before | {'after' if stays else 'tried'} |"
    yield "| --- | --- | --- |"
    yield f"| Revision | {_code(result.before) or 'none'} | {_code(result.revision) or 'none'} |"
    if result.digest or result.before_digest:
        yield f"| Digest | {_code(result.before_digest) or 'not known'} | {_code(result.digest) or 'not known'} |"
    yield ""


def _timeline(result: Result) -> Iterator[str]:
    if not result.stages:
        return
    longest = max(stage.seconds for stage in result.stages) or 1.0
    yield "| Stage | Seconds | |"
    yield "| --- | ---: | --- |"
    for stage in result.stages:
        bar = "█" * round(_BAR * stage.seconds / longest) or "▏"
        yield f"| {escaped(stage.name)} | {stage.seconds:.1f} | {bar} |"
    yield f"| **all** | **{result.seconds:.1f}** | |"
    yield ""


def _evidence(evidence: Sequence[str]) -> Iterator[str]:
    """Log lines and stop reasons as they are, in a fence that none of them can close."""
    if not evidence:
        return
    lines = [words.clean(line)[:_LONGEST_LINE] for line in evidence[-_MOST_EVIDENCE:]]
    fence = "`" * max(3, 1 + max(len(run) for line in ["", *lines] for run in re.findall("`*", line)))
    yield from (f"{fence}text", *lines, fence, "")


def _overview(report: Report) -> Iterator[str]:
    yield "| Service | Outcome | Revision | Seconds |"
    yield "| --- | --- | --- | ---: |"
    for result in report.services:
        says = escaped(words.WORDS[result.outcome].says)
        revision = _code(words.arrow(result.before, result.revision))
        yield f"| {escaped(result.service)} | {_mark(result)} {says} | {revision} | {result.seconds:.1f} |"
    yield ""


def _next(steps: Sequence[str]) -> Iterator[str]:
    for step in steps:
        command, _, purpose = step.partition(": ")
        yield f"- {_code(command)}: {escaped(purpose)}" if purpose else f"- {_code(command)}"


def _mark(result: Result) -> str:
    return _MARKS[words.WORDS[result.outcome].kind]
