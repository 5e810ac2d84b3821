"""A report for GitHub Actions: an annotation with the cause, a page in the job's summary, and outputs.

The format is "Workflow commands for GitHub Actions" in GitHub's documentation. Nothing here fails a deploy: what
cannot be written is left out.
"""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ecs_deployment import report_text as words
from ecs_deployment.errors import DeployError
from ecs_deployment.outcome import Report, Result
from ecs_deployment.report_json import document, outcome_of
from ecs_deployment.report_stream import SafeStream

_MOST_EVIDENCE = 100  # lines of a service; a summary may have a megabyte
_LEVELS = {"bad": "error", "warning": "warning"}


def present(environ: Mapping[str, str]) -> bool:
    """Whether this runs in a job of GitHub Actions."""
    return environ.get("GITHUB_ACTIONS") == "true"


def publish(report: Report, environ: Mapping[str, str], stream: SafeStream) -> None:
    """Annotations to the stream (stderr: the runner reads both), summary and outputs to their files."""
    for result in report.services:
        level = _LEVELS.get(words.WORDS[result.outcome].kind)
        if level:
            text = f"{result.cause} {result.advice}".strip() or result.summary
            stream.line(annotation(level, words.headline(result, report.environment), text))
    _append(environ.get("GITHUB_STEP_SUMMARY"), summary(report))
    _append(environ.get("GITHUB_OUTPUT"), outputs(report))


def publish_error(error: DeployError, environ: Mapping[str, str], stream: SafeStream) -> None:
    """The annotation and outputs of a run that ended before any service had a result."""
    outcome = outcome_of(error)
    stream.line(annotation("error", words.WORDS[outcome].says, str(error)))
    _append(environ.get("GITHUB_OUTPUT"), f"outcome={outcome.value}\n")


def annotation(level: str, title: str, text: str) -> str:
    """A workflow command, escaped as the runner unescapes it."""
    message = re.sub(
        r"[%\r\n]", lambda m: f"%{ord(m[0]):02X}", "\n".join(map(words.clean, text.splitlines()))
    )
    escaped = re.sub(r"[%\r\n:,]", lambda m: f"%{ord(m[0]):02X}", words.clean(title))
    return f"::{level} title={escaped}::{message or escaped}"


def outputs(report: Report) -> str:
    """The step's outputs: outcome, services (JSON), and for a single service its revision and digest."""
    shown = document(report)
    lines = [f"outcome={shown['outcome']}", f"services={json.dumps(shown['services'])}"]
    if len(report.services) == 1:
        (result,) = report.services
        lines += [f"revision={words.clean(result.revision)}", f"digest={words.clean(result.digest)}"]
    return "".join(f"{line}\n" for line in lines)


def summary(report: Report) -> str:
    """The whole run as Markdown."""
    parts = [part for result in report.services for part in _section(result, report.environment)]
    steps = [f"- {_escaped(step)}" for step in words.next_steps(report)]
    tag = f"Tag {_escaped(report.tag)}: " if report.tag else ""
    cost = [f"{tag}{_escaped(words.total(report))}."]
    slow = words.slowness(report)
    return "\n".join([*parts, *cost, *([f"**{slow}**"] if slow else []), "", *steps, ""]) + "\n"


def _section(result: Result, environment: str) -> Iterator[str]:
    yield f"### {_escaped(words.headline(result, environment))}"
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    yield from (f"| {label} | {_escaped(text)} |" for label, text in words.facts(result))
    yield ""
    if result.evidence:
        lines = [words.clean(line) for line in result.evidence[:_MOST_EVIDENCE]]
        fence = "`" * max(3, 1 + max(len(run) for line in ["", *lines] for run in re.findall("`*", line)))
        yield from (fence + "text", *lines, fence, "")


def _escaped(text: str) -> str:
    """Text that Markdown shows as it stands, in a table too."""
    return re.sub(r"([\\`*_\[\]|~#])", r"\\\1", html.escape(words.clean(text), quote=False))


def _append(path: str | None, text: str) -> None:
    if path:
        with contextlib.suppress(OSError, ValueError), Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
