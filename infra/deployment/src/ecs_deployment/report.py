"""What people and machines see of a run: live on a terminal, plain lines elsewhere, one screen or one JSON object.

The only room that knows colour; rich is imported when something is drawn with it.
"""

from __future__ import annotations

import json as json_format
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, TextIO

from ecs_deployment import report_github as github
from ecs_deployment import report_json, report_markdown
from ecs_deployment.events import Sink
from ecs_deployment.outcome import Outcome, Report
from ecs_deployment.report_final import Line, screen, table, wrapped
from ecs_deployment.report_plain import Plain
from ecs_deployment.report_stream import SafeStream, draws, opened
from ecs_deployment.report_text import WORDS, clean

_PLAIN_WIDTH = (
    80  # columns where no terminal tells: a screen is for reading, unlike a line of the story, which is whole
)
_WIDEST = 100  # columns of text that the eye still follows


def reporter(
    environment: str,
    tag: str,
    *,
    json: bool = False,
    stream: TextIO | None = None,
    terminal: bool | None = None,
) -> AbstractContextManager[Sink]:
    """Show progress while the context lasts; its value is the sink that takes the events, from any thread.

    Without a stream it goes to stdout. With `json`, stdout is kept for the object: plain lines go to stderr.
    `terminal` None: as the stream says. A dumb terminal gets plain lines.
    """
    if json:
        return Plain(opened(None if stream is sys.stdout else stream, default=sys.stderr))
    safe = opened(stream, default=sys.stdout)
    if not draws(safe, terminal):
        return Plain(safe)
    from ecs_deployment.report_live import Screen

    return Screen(safe, clean(f"{environment}, tag {tag}" if tag else environment))


def final(
    report: Report,
    *,
    json: bool = False,
    stream: TextIO | None = None,
    terminal: bool | None = None,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Show how a run ended: one screen, or with `json` one object; in GitHub Actions also there."""
    safe = opened(stream, default=sys.stdout)
    if json:
        _print_json(report_json.document(report), safe)
    else:
        safe.line()
        _print(screen(report, _width(safe, terminal)), safe, terminal)
    if github.present(environ):
        github.publish(report, environ, opened(None, default=sys.stderr))


def stopped(shown: Mapping[str, Any], *, environ: Mapping[str, str] = os.environ) -> None:
    """Show in GitHub Actions how a run ended before any service had a result: the object of its `--json`.

    The sentence for people, the annotation and the object itself are left to whoever ends the task.
    """
    if github.present(environ):
        says = WORDS[Outcome(shown["outcome"])].says
        text = report_markdown.page_of_end(says, shown["cause"], shown["advice"] or "")
        github.publish_document(shown, text, environ)


def looked(
    shown: Mapping[str, Any],
    sections: Sequence[report_markdown.Section],
    *,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Show in GitHub Actions what was found, or what would be done: the object of its `--json`, and for people."""
    if github.present(environ):
        github.publish_document(shown, report_markdown.page_of_look(sections), environ)


def facts(
    title: str, rows: Sequence[tuple[str, str]], stream: TextIO | None = None, *, bad: Collection[str] = ()
) -> None:
    """Print a title and (label, text) rows: for status, plans and whatever else has names and values.

    Labels of `bad` are set off in red. Raises OSError where they cannot be written: they are all there is to say.
    """
    safe = opened(stream, default=sys.stdout, strict=True)
    shown = [(_label(label), clean(text)) for label, text in rows]
    heading = clean(title)
    lines = [Line(heading, len(heading)), *table(shown, _width(safe, None), [_label(one) for one in bad])]
    _print(lines if heading else lines[1:], safe, None)


def _label(text: str) -> str:
    return clean(text[:1].upper() + text[1:])


def findings(rows: Sequence[tuple[str, str, str]], stream: TextIO | None = None) -> None:
    """Print (subject, what is wrong, what to do) rows, or that there is none: for verify and checks.

    Raises OSError where they cannot be written.
    """
    safe = opened(stream, default=sys.stdout, strict=True)
    width = _width(safe, None)
    lines = [] if rows else [Line("No findings.", len("No findings."), "good")]
    for subject, what, cure in rows:
        head = f"{clean(subject)}: "
        first, *others = wrapped(head + clean(what), width) or [head]
        lines += [Line(first, min(len(head), len(first)), "bad"), *(Line(f"  {part}") for part in others)]
        lines += [Line(part) for part in wrapped(clean(cure), width, indent="  ")]
    _print(lines, safe, None)


def annotated(rows: Sequence[tuple[str, str]], *, environ: Mapping[str, str] = os.environ) -> None:
    """In GitHub Actions, an annotation for each (subject, what is wrong): on the page of the run a log is folded."""
    if github.present(environ):
        stream = opened(None, default=sys.stderr)
        for subject, what in rows:
            stream.line(github.annotation("error", subject, what))


def _print_json(content: dict[str, Any], stream: SafeStream) -> None:
    stream.line(json_format.dumps(content, indent=2, ensure_ascii=True))


def _width(stream: SafeStream, terminal: bool | None) -> int:
    if not (stream.isatty() if terminal is None else terminal):
        return _PLAIN_WIDTH
    try:
        columns = int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        columns = _PLAIN_WIDTH
    return min(columns or _PLAIN_WIDTH, _WIDEST)


def _print(lines: Sequence[Line], stream: SafeStream, terminal: bool | None) -> None:
    if not draws(stream, terminal):
        stream.write("".join(f"{line.text}\n" for line in lines))
        stream.flush()
        return
    from rich.text import Text

    from ecs_deployment.report_live import STYLES, console

    screen_of = console(stream)
    for line in lines:
        text = Text(line.text)
        text.stylize(STYLES[line.kind] or "bold", 0, line.strong)
        screen_of.print(text, soft_wrap=True)
