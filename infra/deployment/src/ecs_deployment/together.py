"""Several reads at once: of many services each is asked the same, and none has to wait for the others' answers."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ecs_deployment.interrupts import deaf_threads

T = TypeVar("T")

_THREADS = 8  # botocore keeps ten connections; AWS's read buckets hold 50 calls and more


class Together(Protocol):
    """Does what it is given and answers in the same order; the first error that comes is raised."""

    def __call__(self, acts: Sequence[Callable[[], T]], /) -> list[T]:
        """The answers."""


@dataclass(frozen=True)
class _Done(Generic[T]):
    place: int
    answer: list[T]  # none where there is an error
    error: BaseException | None = None


def one_by_one(acts: Sequence[Callable[[], T]]) -> list[T]:
    """One after the other, on this very thread."""
    return [act() for act in acts]


def at_once(acts: Sequence[Callable[[], T]]) -> list[T]:
    """On up to eight threads. Ctrl-C leaves at once: they are daemons, and nothing waits for their last answer."""
    if len(acts) < 2:
        return one_by_one(acts)
    todo: queue.SimpleQueue[tuple[int, Callable[[], T]]] = queue.SimpleQueue()
    done: queue.SimpleQueue[_Done[T]] = queue.SimpleQueue()
    over = threading.Event()
    for numbered in enumerate(acts):
        todo.put(numbered)

    def work() -> None:
        while not over.is_set():
            try:
                place, act = todo.get_nowait()
            except queue.Empty:
                return
            try:
                done.put(_Done(place, [act()]))
            except BaseException as error:  # noqa: BLE001 - raised where the answers are waited for
                done.put(_Done(place, [], error))

    with deaf_threads():
        for _ in range(min(_THREADS, len(acts))):
            threading.Thread(target=work, name="together", daemon=True).start()
    found: dict[int, T] = {}
    try:
        while len(found) < len(acts):
            one = done.get()
            if one.error is not None:
                raise one.error
            found[one.place] = one.answer[0]
    finally:
        over.set()
    return [found[place] for place in range(len(acts))]
