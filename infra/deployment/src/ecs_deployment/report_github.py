"""A report for GitHub Actions: an annotation with the cause, a page in the job's summary, and outputs.

The format is "Workflow commands for GitHub Actions" in GitHub's documentation. Nothing here fails a deploy: what
cannot be written is left out. What is masked is left out as well and never handed to `::add-mask::`, which would
have to print it first.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ecs_deployment import report_text as words
from ecs_deployment.outcome import Outcome, Report, Result
from ecs_deployment.report_json import document
from ecs_deployment.report_markdown import page
from ecs_deployment.report_stream import SafeStream

_LEVELS = {"bad": "error", "warning": "warning", "good": "notice"}
_LARGEST_PAGE = 1024 * 1024  # bytes of a step's summary; GitHub drops one that is larger, whole
_LARGEST_OUTPUT = 256 * 1024  # characters of a single output, well under a job's 1 MB
_OF_THE_RUN = ("outcome", "exit_code", "environment", "tag", "seconds", "api_calls")
_LONGEST_ANNOTATION = 4000  # characters; GitHub cuts at 64 KB, a reader long before


def present(environ: Mapping[str, str]) -> bool:
    """Whether this runs in a job of GitHub Actions."""
    return environ.get("GITHUB_ACTIONS") == "true"


def publish(report: Report, environ: Mapping[str, str], stream: SafeStream) -> None:
    """Annotations to the stream (stderr: the runner reads both), summary and outputs to their files."""
    for result in report.services:
        stream.line(annotation(_level(result), words.headline(result, report.environment), _told(result)))
    if slow := words.slowness(report):
        stream.line(annotation("warning", "slow deploy", slow))
    _append_page(environ.get("GITHUB_STEP_SUMMARY"), page(report))
    _append(environ.get("GITHUB_OUTPUT"), outputs(report))


def publish_document(shown: Mapping[str, Any], text: str, environ: Mapping[str, str]) -> None:
    """Page and outputs of what is no report of a run: a look, a plan, an end before any service had a result."""
    _append_page(environ.get("GITHUB_STEP_SUMMARY"), text)
    told = {name: words.clean(_as_text(shown.get(name))) for name in (*_OF_THE_RUN, "cause", "advice")}
    _append(environ.get("GITHUB_OUTPUT"), _lines({**told, "services": _services(shown["services"])}))


def annotation(level: str, title: str, text: str) -> str:
    """A workflow command, escaped as the runner unescapes it."""
    plain = "\n".join(map(words.clean, text.splitlines()))
    if len(plain) > _LONGEST_ANNOTATION:
        plain = plain[: _LONGEST_ANNOTATION - 3] + "..."
    message = re.sub(r"[%\r\n]", lambda m: f"%{ord(m[0]):02X}", plain)
    escaped = re.sub(r"[%\r\n:,]", lambda m: f"%{ord(m[0]):02X}", words.clean(title))
    return f"::{level} title={escaped}::{message or escaped}"


def outputs(report: Report) -> str:
    """The step's outputs, as the file wants them: of the run, and where it was one service also of that one."""
    shown = document(report)
    found = {name: shown[name] for name in _OF_THE_RUN}
    if len(shown["services"]) == 1:
        (one,) = shown["services"]
        names = (
            "service",
            "digest",
            "revision",
            "before",
            "deployment_id",
            "was_asleep",
            "cause",
            "advice",
            "summary",
        )
        found |= {name: one[name] for name in names}
        traffic = one["probe"] or {}
        found |= {"requests": traffic.get("requests"), "requests_lost": traffic.get("failed")}
    return _lines({**{k: _as_text(v) for k, v in found.items()}, "services": _services(shown["services"])})


def _services(services: list[dict[str, object]]) -> str:
    """As JSON; without the evidence where that would be too much for an output."""
    text = json.dumps(services)
    if len(text) <= _LARGEST_OUTPUT:
        return text
    return json.dumps([{k: v for k, v in one.items() if k != "evidence"} for one in services])[
        :_LARGEST_OUTPUT
    ]


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _lines(values: Mapping[str, str]) -> str:
    """`name=value`, or between delimiters that nobody can guess where a value has lines of its own."""
    return "".join(
        f"{name}<<{mark}\n{value}\n{mark}\n" if "\n" in value or "\r" in value else f"{name}={value}\n"
        for name, value in values.items()
        for mark in [f"end-{secrets.token_hex(12)}"]
    )


def _level(result: Result) -> str:
    return _LEVELS.get(words.WORDS[result.outcome].kind, "notice")


def _told(result: Result) -> str:
    """What an annotation says: why, or how it stands."""
    if result.outcome is Outcome.INTERRUPTED:
        return result.summary
    if result.cause:
        return f"{result.cause} {result.advice}".strip()
    traffic = words.traffic(result.probe) if result.probe and result.probe.measured else ""
    moved = words.arrow(result.before, result.revision)
    took = words.duration(result.seconds) if result.stages else ""
    return "; ".join(part for part in (result.summary.rstrip("."), moved, took, traffic) if part) + "."


def _append_page(path: str | None, text: str) -> None:
    """Several tasks of a step share its summary: what no longer fits is cut, and says so."""
    if not path:
        return
    with contextlib.suppress(OSError, ValueError):
        there = Path(path).stat().st_size if Path(path).exists() else 0
        left = _LARGEST_PAGE - there
        if len(text.encode()) > left:
            end = "\n\nThe rest did not fit into the summary: it is in the log and in `--json`.\n"
            text = text.encode()[: max(0, left - len(end))].decode(errors="ignore").rpartition("\n")[0] + end
            text = text if len(text.encode()) <= left else ""
        _append(path, text)


def _append(path: str | None, text: str) -> None:
    if path:
        with contextlib.suppress(OSError, ValueError), Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
