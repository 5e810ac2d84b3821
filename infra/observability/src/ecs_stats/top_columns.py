"""The columns of the container table: what each shows, how wide it is, and which go first where there is no room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ecs_stats.stats import ContainerStats, Stats, TaskStats
from ecs_stats.top_text import (
    Kind,
    Span,
    age,
    bar,
    bytes_a_second,
    fitted,
    mebibytes,
    percent,
    spark,
    width_of,
)

GAP = 2  # columns between two of them


@dataclass(frozen=True)
class Row:
    """A container, the task it is of and the look that saw it."""

    stats: Stats
    task: TaskStats
    container: ContainerStats
    now: float

    @property
    def over(self) -> bool:
        """The container does not run any more."""
        return self.task.stopped_at is not None or self.container.state == "STOPPED"


@dataclass(frozen=True)
class Column:
    """`rank`: the highest goes first where there is no room. `grows`: it takes what room is left, `width` at least."""

    title: str
    width: int
    rank: int
    cell: Callable[[Row], Sequence[Span]]
    grows: bool = False
    right: bool = False
    drawn: bool = False  # a picture: nothing for a pipe


def _state(row: Row) -> Sequence[Span]:
    container = row.container
    if row.over:
        code = f" {container.exit_code}" if container.exit_code is not None else ""
        failed = container.exit_code not in (None, 0, 143)
        return [Span(f"STOPPED{code}", "bad" if failed else "dim")]
    return [Span(container.state, "good" if container.state == "RUNNING" else "warning")]


def _health(row: Row) -> Sequence[Span]:
    """Of the container where it has a check, else of its task's target."""
    health = row.container.health
    if health in ("HEALTHY", "UNHEALTHY"):
        return [Span(health.lower(), "good" if health == "HEALTHY" else "bad")]
    target = next((one for one in row.stats.targets if one.task == row.task.id), None)
    if target is None or row.over:
        return [Span("-", "dim")]
    kinds: dict[str, Kind] = {"healthy": "good", "unhealthy": "bad"}
    return [Span(target.state, kinds.get(target.state, "warning"))]


def _level(value: float | None) -> Kind:
    if value is None:
        return "dim"
    return "bad" if value >= 90 else "warning" if value >= 70 else "good"


def _cpu(row: Row) -> Sequence[Span]:
    value = row.container.cpu_percent
    return [Span(percent(value), "dim" if value is None else "" if value < 70 else _level(value))]


def _cpu_bar(row: Row) -> Sequence[Span]:
    return bar(row.container.cpu_percent, 10, _level(row.container.cpu_percent))


def _memory(row: Row) -> Sequence[Span]:
    used, limit = row.container.memory, row.container.memory_limit
    return [Span(f"{mebibytes(used)} / {mebibytes(limit)}", "dim" if used is None else "")]


def _memory_bar(row: Row) -> Sequence[Span]:
    return bar(row.container.memory_percent, 6, _level(row.container.memory_percent))


def _network(row: Row) -> Sequence[Span]:
    got, sent = row.container.received, row.container.sent
    return [Span(f"{bytes_a_second(got)} / {bytes_a_second(sent)}", "dim" if got is None else "")]


def _age(row: Row) -> Sequence[Span]:
    began = row.task.started_at or row.task.created_at
    return [Span(age(row.now - began), "")]


def _last(row: Row) -> Sequence[Span]:
    if row.over and (row.task.stopped_reason or row.container.reason):
        return [Span(row.container.reason or row.task.stopped_reason, "bad")]
    return [Span(row.container.last_line, "dim")]


def _revision(row: Row) -> Sequence[Span]:
    return [Span(row.task.revision, "" if row.task.newest else "warning")]


COLUMNS = (
    Column("SERVICE", 20, 5, lambda row: [Span(row.stats.name, "")]),
    Column("CONTAINER", 20, 0, lambda row: [Span(row.container.name, "bold")]),
    Column("TASK", 8, 1, lambda row: [Span(row.task.id[:8], "")]),
    Column("REV", 6, 8, _revision, right=True),
    Column("STATE", 14, 2, _state),
    Column("HEALTH", 9, 4, _health),
    Column("CPU", 6, 0, _cpu, right=True),
    Column("", 10, 10, _cpu_bar, drawn=True),
    Column("", 12, 13, lambda row: [Span(spark(row.container.cpu_history, 12), "dim")], drawn=True),
    Column("MEM / LIMIT", 13, 1, _memory, right=True),
    Column("", 6, 14, _memory_bar, drawn=True),
    Column("NET/s", 15, 6, _network, right=True),
    Column("AGE", 5, 3, _age, right=True),
    Column("LAST LOG LINE", 24, 12, _last, grows=True),
)


def table(rows: Sequence[Row], width: int, *, several: bool, drawn: bool) -> list[list[Span]]:
    """The lines of the table, its heads first: the columns that fit into `width`, each as wide as its cells need.

    `several`: more than one service is shown. `drawn`: bars and sparks may be.
    """
    there = [one for one in COLUMNS if (several or one.title != "SERVICE") and (drawn or not one.drawn)]
    cells = {one: [one.cell(row) for row in rows] for one in there}
    widths = {one: one.width if one.grows or one.drawn else _natural(one, cells[one]) for one in there}
    while len(there) > 1 and _needed(there, widths) > width:
        there.remove(max(there, key=lambda one: one.rank))
    room = width - _needed(there, widths)
    for one in there:
        widths[one] += room if one.grows else 0
    heads = [fitted([Span(one.title, "bold")], widths[one], right=one.right) for one in there]
    lines = [heads]
    lines += [
        [fitted(cells[one][place], widths[one], right=one.right) for one in there]
        for place in range(len(rows))
    ]
    return [_joined(line) for line in lines]


def _natural(column: Column, cells: Iterable[Sequence[Span]]) -> int:
    """As wide as the widest cell, but no wider than the column may be unless its head is."""
    widest = max((width_of(cell) for cell in cells), default=0)
    return max(len(column.title), min(column.width, widest))


def _needed(columns: Sequence[Column], widths: Mapping[Column, int]) -> int:
    return sum(widths[one] for one in columns) + GAP * (len(columns) - 1)


def _joined(cells: Sequence[list[Span]]) -> list[Span]:
    gap = Span(" " * GAP)
    return [span for place, cell in enumerate(cells) for span in ((gap, *cell) if place else cell)]
