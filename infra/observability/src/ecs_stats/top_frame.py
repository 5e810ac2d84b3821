"""One picture of the terminal view: `Stats` -> lines of text with their meaning. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ecs_stats import stats as s
from ecs_stats.sleep import countdown
from ecs_stats.stats import Said, Stats
from ecs_stats.top_columns import Row, table
from ecs_stats.top_text import Kind, Line, Span, age, cut, percent, text_of, width_of

SORTS: dict[str, tuple[str, Callable[[Row], float | str]]] = {
    "c": ("cpu", lambda row: -(row.container.cpu_percent if row.container.cpu_percent is not None else -1)),
    "m": ("mem", lambda row: -(row.container.memory if row.container.memory is not None else -1)),
    "n": ("net", lambda row: -((row.container.received or 0) + (row.container.sent or 0))),
    "a": ("age", lambda row: row.task.created_at),
    "t": ("task", lambda row: row.task.id),
}
"""Keys, and by what they sort."""

_MOST_EVENTS, _MOST_LINES, _FEWEST_ROWS = 3, 6, 4
_ROLLOUTS: dict[str, Kind] = {"COMPLETED": "good", "FAILED": "bad", "IN_PROGRESS": "warning"}
_TASK_KINDS: tuple[Kind, ...] = ("task0", "task1", "task2", "task3", "task4", "task5")


@dataclass(frozen=True)
class View:
    """How it is looked at. `keys`: somebody can press some. `drawn`: bars and sparks may be used."""

    width: int
    height: int | None  # None: as many lines as there are
    sort: str = ""  # a key of SORTS, "" for the newest deployment first
    keys: bool = False
    drawn: bool = True


def frame(looks: Sequence[Stats], now: float, view: View) -> list[Line]:
    """The lines, none wider than `view.width` and no more than `view.height`."""
    top = [line for look in looks for line in _header(look, now, view.width)]
    notes = [line for look in looks for line in _notes(look, view.width)]
    rows = _rows(looks, now, view.sort)
    bottom = _status(looks, now, view)
    if view.height is None:
        tail, most = _story(looks, _MOST_EVENTS, _MOST_LINES, view.width, now), len(rows)
    else:
        room = view.height - len(top) - len(notes) - len(bottom) - 1
        left = room - min(len(rows), max(_FEWEST_ROWS, room - 4))
        lines = max(0, min(_MOST_LINES, left - 2 - 1))
        tail = _story(looks, min(_MOST_EVENTS, max(0, left - lines - 2)), lines, view.width, now)
        most = max(1, room - len(tail))
    picture = [*top, *notes, *_table(rows, most, view, several=len(looks) > 1), *tail, *bottom]
    return picture if view.height is None else picture[: view.height]


def _header(look: Stats, now: float, width: int) -> list[Line]:
    service = look.service
    state = _ROLLOUTS.get(service.rollout, "")
    pending = f", {service.pending} pending" if service.pending else ""
    failed = f", {service.failed_tasks} failed" if service.failed_tasks else ""
    since = f" {age(now - service.deployed_at)} ago" if service.deployed_at is not None else ""
    digest = f"@{service.digest.removeprefix('sha256:')[:8]}" if service.digest else ""
    short = service.running != service.desired
    first = [
        Span(f"{look.name} in {look.environment}", "title"),
        Span(f"{service.running}/{service.desired} running{pending}", "warning" if short else "good"),
        Span(f"rev {service.revision.rsplit(':', 1)[-1]} {service.image}{digest}"),
        Span(f"{service.rollout or service.status}{since}{failed}", state),
        Span(f"breaker {service.breaker}", "dim"),
    ]
    second = [
        Span(sleeping(look, now), "warning" if look.sleep.state != "awake" else "bold"),
        *_traffic(look),
    ]
    counted = Counter(target.state for target in look.targets)
    if counted:
        said = ", ".join(f"{number} {name}" for name, number in sorted(counted.items()))
        well = set(counted) <= {"healthy", "draining"}
        second.append(Span(f"targets {said}", "" if well else "warning"))
    if look.cpu_percent is not None:
        second.append(
            Span(f"service cpu {percent(look.cpu_percent)} mem {percent(look.memory_percent)}", "dim")
        )
    return [*_joined(first, width), *_joined(second, width)]


def sleeping(look: Stats, now: float) -> str:
    """The sleep state as it is at this moment: the clock goes on between two looks."""
    moment = look.sleep.sleeps_at
    if look.sleep.state == "awake" and moment is not None and moment > now:
        return f"sleeps in {countdown(moment - now)}"
    return look.sleep.text


def _traffic(look: Stats) -> list[Span]:
    moved = look.traffic
    if moved.requests is None:
        return []
    spans = [Span(f"{moved.requests:.1f} req/s")]
    if moved.answers_2xx is not None:
        bad: Kind = "bad" if moved.answers_5xx else ""
        spans.append(Span(f"2xx {moved.answers_2xx} 4xx {moved.answers_4xx} 5xx {moved.answers_5xx}", bad))
    if moved.p99_ms is not None:
        spans.append(Span(f"p50 {_ms(moved.p50_ms)} p99 {_ms(moved.p99_ms)}"))
    return spans


def _ms(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value / 1000:.1f}s" if value >= 1000 else f"{value:.0f}ms"


def _joined(parts: Sequence[Span], width: int) -> list[Line]:
    """The parts with dots between them, on as many lines as they need."""
    lines: list[list[Span]] = [[]]
    for part in parts:
        line = lines[-1]
        if line and width_of(line) + 3 + width_of([part]) > width:
            lines.append([])
            line = lines[-1]
        line += [Span(" · ", "dim")] if line else []
        line.append(Span(cut(part.text, width), part.kind))
    return [line for line in lines if line]


def _notes(look: Stats, width: int) -> list[Line]:
    """What could not be seen, and why."""
    found: list[tuple[str, Kind]] = [(note, "warning") for note in look.notes]
    usage = look.readings.get(s.USAGE)
    if usage is not None and usage.note and look.service.running and not look.notes:
        found.append((f"No CPU and memory per container: {usage.note}.", "dim"))
    if look.service.desired == 0 and not look.tasks:
        found.append(
            (f"{look.name} is asleep: no task runs, nothing is measured. Wake it with a request.", "dim")
        )
    return [[Span(cut(text, width), kind)] for text, kind in found]


def _rows(looks: Sequence[Stats], now: float, sort: str) -> list[Row]:
    rows = [Row(look, task, one, now) for look in looks for task in look.tasks for one in task.containers]
    return sorted(rows, key=SORTS[sort][1]) if sort in SORTS else rows


def _table(rows: Sequence[Row], most: int, view: View, *, several: bool) -> list[Line]:
    if not rows:
        return []
    shown = rows if len(rows) <= most else rows[: max(0, most - 1)]
    hidden = len(rows) - len(shown)
    more: list[Line] = [[Span(f"and {hidden} more containers", "dim")]] if hidden else []
    return [*table(shown, view.width, several=several, drawn=view.drawn), *more]


def _story(looks: Sequence[Stats], events: int, lines: int, width: int, now: float) -> list[Line]:
    """The newest events of the services and lines of the containers, oldest first."""
    told = _newest((_of_service(one, look, looks) for look in looks for one in look.events), events)
    said = _newest((one for look in looks for one in look.lines), lines)
    kinds = _kinds(looks)
    result: list[Line] = []
    if told:
        result.append([Span("EVENTS", "bold")])
        result += [[Span(cut(f"{_ago(one, now):>5} ago  {one.text}", width))] for one in told]
    if said:
        result.append([Span("LOG", "bold"), Span(" times in UTC", "dim")])
        for one in said:
            head = Span(f"{one.task[:8]} ", kinds.get(one.task, "dim"))
            result.append([head, Span(cut(f"{_clock(one.at)} {one.text}", width - 9))])
    return result


def _newest(said: Iterable[Said], most: int) -> list[Said]:
    """The newest, oldest first."""
    return sorted(said, key=lambda one: one.at)[-most:] if most else []


def _of_service(event: Said, look: Stats, looks: Sequence[Stats]) -> Said:
    """An event that names its service where several are shown."""
    return replace(event, text=f"{look.name}: {event.text}") if len(looks) > 1 else event


def _kinds(looks: Sequence[Stats]) -> dict[str, Kind]:
    """A colour for each task, by its place."""
    tasks = [task.id for look in looks for task in look.tasks]
    return {task: _TASK_KINDS[place % len(_TASK_KINDS)] for place, task in enumerate(sorted(tasks))}


def _status(looks: Sequence[Stats], now: float, view: View) -> list[Line]:
    """How old what is shown is, and what can be pressed."""
    parts = []
    oldest = [when for look in looks if (when := _age_of(look, s.USAGE, now)) is not None]
    if oldest:
        parts.append(f"figures {age(max(oldest))} old")
    minutes = [when for look in looks if (when := _age_of(look, s.TRAFFIC, now)) is not None]
    if minutes:
        parts.append(f"traffic of the minute to {age(max(minutes))} ago")
    looked = max((now - look.at for look in looks), default=0.0)
    parts.append(f"looked {age(looked)} ago")
    parts.append(f"{max((look.api_calls for look in looks), default=0)} API calls")
    result: list[Line] = [[Span(cut(" · ".join(parts), view.width), "dim")]]
    if view.keys:
        keys = "  ".join(
            f"[{key}] {name}" if key == view.sort else f"{key} {name}" for key, (name, _) in SORTS.items()
        )
        result.append([Span(cut(f"sort: {keys}   q quit", view.width), "dim")])
    return result


def _age_of(look: Stats, group: str, now: float) -> float | None:
    reading = look.readings.get(group)
    return None if reading is None or reading.at is None else max(0.0, now - reading.at)


def _ago(one: Said, now: float) -> str:
    return age(now - one.at)


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def plain(lines: Sequence[Line]) -> str:
    """The picture as text."""
    return "".join(f"{text_of(line).rstrip()}\n" for line in lines)
