"""Taking the lock: entry number n+1, created where there is none.

Three reasons let a taker past an unfinished entry: its owner ran on this very host and its process is gone;
its lease has run out by AWS's clock and five seconds later the same version still stands; or the user asked to
supersede. A holder that lives is then given the time to see that it was overtaken (`journal_handover`).
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from ecs_deployment import journal_owner
from ecs_deployment.clock import Clock
from ecs_deployment.cloud import Parameters, Stored
from ecs_deployment.errors import CloudError, Conflict, DeployError
from ecs_deployment.interrupts import Untorn, untorn
from ecs_deployment.journal_entry import Entry, decode, encode
from ecs_deployment.journal_handover import LOOK_AGAIN, Past, hand_over, inherit, with_last_words
from ecs_deployment.journal_history import history, last_words, name_of, newest_readable, refusing
from ecs_deployment.journal_lease import FENCE, LEASE, Held, Overtaken, passing
from ecs_deployment.journal_say import Waiting, held_by

_ATTEMPTS = 12  # collisions, lost answers and stale reads together
_LONGEST_PAUSE = 2.0


@dataclass(frozen=True)
class Taking:
    """What the new entry says from the start. `before` is the ARN of the task definition that runs now."""

    action: str  # deploy, rollback, resume, abort, wake, sleep, apply
    environment: str
    service: str
    commit: str = ""
    tag: str = ""
    digest: str = ""
    revision: str = ""
    before: str = ""
    asleep: bool = False
    run_url: str = ""
    owner: journal_owner.Owner = field(default_factory=journal_owner.this_process)


@dataclass(frozen=True)
class _Seen:
    """One look at the journal: all entries, newest first, and the newest readable one as it stands now."""

    entries: tuple[Entry, ...]
    holder: Entry | None = None
    stored: Stored | None = None  # the holder's parameter, where it is unfinished

    @property
    def newest(self) -> int:
        return self.entries[0].number if self.entries else 0


def take(
    parameters: Parameters,
    path: str,
    request: Taking,
    *,
    clock: Clock,
    wait_until: float | None = None,
    supersede: bool = False,
    on_wait: Callable[[Waiting], None] = lambda _: None,
    gone: Callable[[str, int, str], bool] = journal_owner.is_gone,
    known: tuple[Entry, ...] = (),
) -> Held:
    """Take the lock of a service and open an entry for this run.

    `wait_until` is a moment of `clock.boottime()` up to which to wait for a living holder; without it such a
    holder raises `LockHeld`. `supersede` takes the lock from a living holder. `on_wait` hears every few
    seconds why it takes longer. `gone(machine, pid, born)` says whether an owner's process has ended.

    `known` are the entries as they were read a moment ago, newest first: creating the next one tells whether they
    still are all.

    API calls where nobody is in the way: two listings (one with `known`) and one write. Raises `Refused` where
    the credentials lack a permission, another `CloudError` where AWS does not answer.
    """
    with refusing(path):
        return _Taker(parameters, path, request, clock, on_wait, gone, known).run(wait_until, supersede)


class _Taker:
    """The attempts of one `take`, and what they remember of each other."""

    def __init__(
        self,
        parameters: Parameters,
        path: str,
        request: Taking,
        clock: Clock,
        on_wait: Callable[[Waiting], None],
        gone: Callable[[str, int, str], bool],
        read_before: tuple[Entry, ...],
    ) -> None:
        self._parameters = parameters
        self._path = path
        self._request = request
        self._clock = clock
        self._on_wait = on_wait
        self._gone = gone
        self._read_before = read_before
        self._began = clock.boottime()
        self._nonce = secrets.token_hex(8)
        self._known = 0  # a number that exists, whatever a listing that lags behind says
        self._tried: tuple[_Seen, Past] | None = None  # what our last attempt to create went by

    def run(self, wait_until: float | None, supersede: bool) -> Held:
        attempts = 0
        while attempts < _ATTEMPTS:
            held = None
            seen = self._look()
            mine = seen and next((e for e in seen.entries if e.nonce == self._nonce and not e.outcome), None)
            if mine and self._tried:  # created, and only the answer was lost
                # When it was written only AWS knows, so the first fence shall renew it.
                held = self._confirm(mine, *self._tried, self._clock.boottime() - FENCE)
            elif seen:
                past = self._past(seen, supersede)
                if past:
                    held = self._create(seen, past)
                elif seen.holder and seen.stored:
                    self._wait_or_refuse(seen.holder, seen.stored, wait_until)
                    continue
            if held:
                return held
            attempts += 1
            # Losers of one race spread out, so that they do not meet again; no secret hangs on it.
            self._clock.sleep(random.uniform(0.2, 1) * min(_LONGEST_PAUSE, 0.2 * 2**attempts))  # noqa: S311
        raise Conflict(
            f"The lock of {self._request.service} was not to be had in {_ATTEMPTS} attempts.",
            f"See who has it with `inv app.status --env {self._request.environment}`, then try again.",
            operation="ssm:PutParameter",
        )

    def _look(self) -> _Seen | None:
        """The journal as it is now; None where a read lags behind what we know to exist."""
        entries, self._read_before = self._read_before, ()
        if not entries:
            entries = history(self._path, self._parameters.list_parameters(self._path))
        if self._known > (entries[0].number if entries else 0):
            late = self._parameters.read_parameter(name_of(self._path, self._known))
            if late is None:  # not visible yet, or deleted again: trying to create it will tell
                self._known = 0
                return None
            entries = (decode(self._known, late.value), *entries)
        holder = newest_readable(entries)
        if holder is None or holder.outcome:
            return _Seen(entries, holder and with_last_words(holder, self._parameters, self._path))
        # A listing lags behind: the parameter itself says how it stands, and how old it is.
        stored = self._parameters.read_parameter(name_of(self._path, holder.number))
        if stored is None:
            return None
        holder = decode(holder.number, stored.value)
        return _Seen(entries, with_last_words(holder, self._parameters, self._path), stored)

    def _past(self, seen: _Seen, supersede: bool) -> Past | None:
        """What lets us past the newest entry; None while a living holder has the lock."""
        holder, stored = seen.holder, seen.stored
        if holder is None or stored is None or holder.outcome:
            return Past.FINISHED
        if self._gone(holder.machine, holder.pid, holder.born):
            return Past.GONE
        if stored.age >= LEASE:
            self._tell(holder, "its lease has run out; looking twice")
            self._clock.sleep(LOOK_AGAIN)
            again = self._parameters.read_parameter(stored.name)
            if again and again.version == stored.version and again.age >= LEASE:
                return Past.EXPIRED
        return Past.SUPERSEDED if supersede else None

    def _wait_or_refuse(self, holder: Entry, stored: Stored, wait_until: float | None) -> None:
        """Return when the lock may be free. One call per look, since this may take long."""
        while True:
            left = (wait_until or 0.0) - self._clock.boottime()
            if wait_until is None or left <= 0:
                raise held_by(holder, stored)
            self._tell(holder, "it is at work and has the lock")
            self._clock.sleep(min(LOOK_AGAIN, left))
            now = self._parameters.read_parameter(stored.name)
            if now is None or now.age >= LEASE:
                return
            holder, stored = decode(holder.number, now.value), now
            if holder.outcome or self._gone(holder.machine, holder.pid, holder.born):
                return

    def _create(self, seen: _Seen, past: Past) -> Held | None:
        """Open our entry above all others; None where somebody was faster or the answer was lost."""
        request, owner = self._request, self._request.owner
        entry = Entry(
            number=seen.newest + 1,
            nonce=self._nonce,
            owner=str(owner),
            host=owner.host,
            pid=owner.pid,
            machine=owner.machine,
            born=owner.born,
            run_url=request.run_url,
            environment=request.environment,
            service=request.service,
            action=request.action,
            commit=request.commit,
            tag=request.tag,
            digest=request.digest,
            revision=request.revision,
            before=request.before,
            asleep=request.asleep,
            started=self._clock.time(),
        )
        if seen.holder:
            entry = inherit(entry, seen.holder)
            entry = replace(entry, overtook=0 if past is Past.FINISHED else seen.holder.number)
        self._known, self._tried = entry.number, (seen, past)
        sent = self._clock.boottime()
        with (
            untorn() as signals
        ):  # an entry that nobody knows of would lock the service for as long as a lease
            try:
                created = self._parameters.create_parameter(name_of(self._path, entry.number), encode(entry))
            except CloudError as error:
                if not passing(error):
                    raise
                return None  # the next look finds our nonce, if it is there
            return self._confirm(entry, seen, past, sent, signals) if created else None

    def _confirm(
        self, entry: Entry, seen: _Seen, past: Past, confirmed: float, signals: Untorn | None = None
    ) -> Held | None:
        """Look once more, now that our entry stands: a higher number means that we looked at an old list."""
        parameters, clock = self._parameters, self._clock
        held = Held(
            parameters,
            self._path,
            entry,
            clock=clock,
            confirmed=confirmed,
            others=last_words(seen.entries, [seen.holder] if seen.holder else []),
            inherited=seen.holder,
        )
        try:
            if signals:
                signals.release()
            now = history(self._path, parameters.list_parameters(self._path))
            if now and now[0].number > entry.number:
                self._withdraw(entry, now)
                return None
            held.saw(now)
            if entry.overtook and seen.holder and seen.stored:
                hand_over(held, parameters, seen.holder, seen.stored, past, clock=clock, tell=self._tell)
        except BaseException as error:
            self._give_up(held, error)
            raise
        return held

    def _give_up(self, held: Held, error: BaseException) -> None:
        """Nobody shall wait for the lease of a run that never began: it ends as if it had never come.

        So a holder that has not seen our entry yet goes on undisturbed. Where that cannot be, the entry is closed.
        """
        overtaken = isinstance(error, Overtaken)
        with suppress(DeployError):
            if held.entry.overtook and not overtaken:
                now = history(self._path, self._parameters.list_parameters(self._path))
                self._withdraw(held.entry, now or (held.entry,))
                return
        with suppress(DeployError):
            cause = (
                "cut off while it waited for the lock" if isinstance(error, KeyboardInterrupt) else str(error)
            )
            held.close("superseded" if overtaken else "interrupted", cause=cause or type(error).__name__)

    def _withdraw(self, entry: Entry, now: tuple[Entry, ...]) -> None:
        """Take our entry back. One that another was built upon stays, closed: without it the holder before
        us would find no entry after its own, and go on."""
        self._known = now[0].number
        name, after = name_of(self._path, entry.number), entry.number + 1
        built_upon = any(e.number == after for e in now)
        if built_upon or self._parameters.read_parameter(name_of(self._path, after)):
            closed = replace(entry, outcome="superseded", finished=self._clock.time())
            self._parameters.overwrite_parameter(name, encode(closed))
        else:
            self._parameters.delete_parameter(name)

    def _tell(self, entry: Entry, why: str) -> None:
        self._on_wait(Waiting(entry, why, self._clock.boottime() - self._began))
