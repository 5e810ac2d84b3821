"""Several processes on one virtual clock: each runs until it waits, then whoever is due next goes on.

A process is an ordinary blocking function, so the deployer runs as it is. While only one is alive it runs on the
caller's own thread; each further one has a thread of its own, and a baton sees to it that exactly one moves.
So the order of everything follows from the seed alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from heapq import heappop, heappush

from ecs_local.simulate import Simulation


class Killed(BaseException):
    """The process is gone: `kill -9`, or the end of the play. Nothing that it would still do happens."""


class Actor:
    """A process. `ended` once its body has returned."""

    def __init__(self, name: str, body: Callable[[], None]) -> None:
        self.name, self.body = name, body
        self.ended = False
        self._baton = threading.Semaphore(0)

    def resume(self) -> None:
        """Let it go on; its turn was waited for."""
        self._baton.release()

    def pause(self) -> None:
        """Wait for its turn."""
        self._baton.acquire()


class Theatre:
    """The clock that all share. `seen` is called after whatever happened in the world by itself."""

    def __init__(self, simulation: Simulation, seen: Callable[[], None]) -> None:
        self.simulation, self._seen = simulation, seen
        self.over = False  # no process moves any more, and none is started
        self.running: Actor | None = None
        self.error: BaseException | None = None
        self._agenda: list[tuple[float, int, Actor | Callable[[], None]]] = []
        self._order = 0
        self._alive = 0
        self._curtain = threading.Semaphore(0)

    @property
    def now(self) -> float:
        return self.simulation.now

    @property
    def empty_until(self) -> float:
        """While no process is at work: the earliest moment at which one can begin; else now."""
        return self.now if self._alive or not self._agenda else self._agenda[0][0]

    def at(self, moment: float, thing: Actor | Callable[[], None]) -> None:
        """Do it at that moment; things of one moment in the order in which they were asked for."""
        self._order += 1
        heappush(self._agenda, (moment, self._order, thing))

    def start(self, moment: float, actor: Actor) -> None:
        """Begin a process at that moment."""
        self.at(moment, lambda: self._begin(actor))

    def wait(self, actor: Actor, until: float) -> None:
        """Called by a process: let time pass. Raises `Killed` once the play is over."""
        if self.over:
            raise Killed
        if self._agenda and self._agenda[0][0] <= until:
            self.at(until, actor)
            self._go_on(actor)
        else:
            self._pass(until)
        self.running = actor
        if self.over:
            raise Killed

    def play(self) -> None:
        """Until nothing is left on the agenda."""
        if self._go_on(None):
            self._curtain.acquire()
        if self.error is not None:
            raise self.error

    def _go_on(self, me: Actor | None) -> bool:
        """Carry on until it is my turn. Without a `me`: until nothing is left, or, True, somebody else does."""
        while self._agenda:
            moment, _, thing = self._agenda[0]
            self._pass(moment)
            heappop(self._agenda)
            if thing is me:
                return False
            if isinstance(thing, Actor):
                thing.resume()
                if me is not None:
                    me.pause()
                    return False
                return True
            if not self.over:
                thing()
        return False

    def _begin(self, actor: Actor) -> None:
        self._alive += 1
        if self._alive == 1:
            self._run(actor)
        else:
            threading.Thread(target=self._run_beside, args=[actor], daemon=True).start()
            self.at(self.now, actor)

    def _run_beside(self, actor: Actor) -> None:
        actor.pause()
        self._run(actor)
        if not self._go_on(None):
            self._curtain.release()

    def _run(self, actor: Actor) -> None:
        self.running = actor
        try:
            actor.body()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - it belongs to the one who called `play`
            self.error, self.over = error, True
        actor.ended = True
        self._alive -= 1

    def _pass(self, moment: float) -> None:
        """Let the world live until then; a world that fails ends the play."""
        if self.over:
            return
        try:
            while self.simulation.advance(moment):
                self._seen()
                if self.over:
                    return
        except Exception as error:  # noqa: BLE001 - a bug of the world is a finding, whoever was on stage
            self.error, self.over = error, True
