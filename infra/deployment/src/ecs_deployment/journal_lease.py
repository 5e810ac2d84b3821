"""The holder's side of the lock: an entry of our own, renewed while we work, and a fence before every change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ecs_deployment.clock import Clock
from ecs_deployment.cloud import Parameters
from ecs_deployment.debts import Debt, adopt
from ecs_deployment.errors import CloudError, DeployError, NotFound, Throttled, Unreachable
from ecs_deployment.journal_entry import DEPLOYMENTS_KEPT, Entry, decode, encode
from ecs_deployment.journal_history import history, last_words, name_of
from ecs_deployment.journal_prune import prune
from ecs_deployment.masking import masked_text

LEASE = 180.0
"""Seconds without a renewal after which a holder counts as dead."""

RENEW = 45.0
"""Seconds between renewals."""

_RENEW_AT_MOST = 90.0  # half the lease
_SHARE = 1.65  # renewals a second that a run over many services makes, of SSM's three writes

FENCE = 60.0
"""A change goes out only within this many seconds of a confirmed renewal."""

_TRIES = 3
_PAUSE = 1.0  # between them; SSM allows about three writes a second
_QUIET = 5.0  # after a renewal that failed
_FIXED = frozenset(
    ("number", "nonce", "overtook", "debts", "settled", "deployments", "outcome", "proven", "finished", "readable")
)  # fmt: skip


class Overtaken(DeployError):
    """Somebody else holds the lock now: stop changing things and end as superseded."""

    exit_code = 6


class Held:
    """The lock, and the entry that goes with it. Made by `take` (or `off`), used by one thread.

    Every write renews the lease. API calls: `record`, `owe`, `settled`, `add_deployment`, `close` and a
    renewal are one write each, `fence` is one read, `prune` one call for each entry it deletes.
    """

    def __init__(
        self,
        parameters: Parameters,
        path: str,
        entry: Entry,
        *,
        clock: Clock,
        confirmed: float,
        others: Sequence[Entry] = (),
        inherited: Entry | None = None,
    ) -> None:
        self.inherited = inherited
        """The newest entry before ours, as it was when we took the lock. Its debts are ours now."""
        self.kept = True
        """Whether anybody can go on from our entry: not where the journal is off, and it ends with this process."""
        self._parameters = parameters
        self._path = path
        self._entry = entry
        self._clock = clock
        self._version = 1
        self._confirmed = confirmed  # boot time at which the last confirmed write was sent
        self._next_try = 0.0
        self._others = tuple(others)
        self._lost: Overtaken | None = None
        self._closed = False
        self._every = RENEW
        self._sparing = False

    def share(self, number: int) -> None:
        """Be one of so many locks of a run: SSM's few writes a second have to do for all of them.

        The lease is renewed less often where they would not do, at most every 90 s. What AWS shows as well (a new
        revision's deployment), and a proof that the end follows at once, are carried by the next write.
        """
        self._every = min(max(RENEW, number / _SHARE), _RENEW_AT_MOST)
        self._sparing = True

    @property
    def entry(self) -> Entry:
        """The entry as we want it; a write that failed is made good by the next one."""
        return self._entry

    def start_from(self, entry: Entry) -> None:
        """Write what we inherited, now that it is final; for `hand_over`, before the lock is handed out."""
        self._change(debts=entry.debts, deployments=entry.deployments, overtook=0)

    def record(self, **changes: Any) -> None:
        """Write fields of the entry: tag, digest, revision, before, cause, ... (not debts or the outcome)."""
        if wrong := _FIXED.intersection(changes):
            raise TypeError(f"{', '.join(sorted(wrong))} cannot be recorded this way")
        self._change(**changes)

    def owe(self, *debts: Debt, revision: str = "") -> None:
        """Write debts down, and the revision they are for, in one write.

        Call it before taking them; where it raises, take nothing. What an unfinished run left behind keeps the
        `before` of that run (see `debts.adopt`).
        """
        revision = revision or self._entry.revision
        if debts or revision != self._entry.revision:
            self._change(debts=adopt(own=debts, inherited=self._entry.debts), revision=revision)

    def settled(self, *whats: str, at_once: bool = True) -> None:
        """Strike out debts that are given back, in one write; the entry keeps them as settled.

        With `at_once` False the next write carries it: right before `close`. Who dies in between leaves a debt
        that its heir finds settled.
        """
        struck = tuple(debt for debt in self._entry.debts if debt.what in whats)
        if struck:
            left = tuple(debt for debt in self._entry.debts if debt not in struck)
            self._entry = replace(self._entry, debts=left, settled=(*self._entry.settled, *struck))
            if at_once:
                self._change()

    def add_deployment(self, deployment_id: str) -> None:
        """Note a deployment that is ours ("ecs-svc/<number>"); the newest ten are kept."""
        if deployment_id not in self._entry.deployments:
            kept = (*self._entry.deployments, deployment_id)[-DEPLOYMENTS_KEPT:]
            # A deployment of a revision that is this run's own is known by that, should nobody write its id down.
            told = self._sparing and bool(self._entry.revision) and self._entry.revision != self._entry.before
            self._change(deployments=kept, at_once=not told)

    def prove(self) -> None:
        """Write down that the revision is proven, before anything else can go wrong."""
        self._change(proven=True, at_once=not self._sparing or bool(self._entry.debts))

    @property
    def can_wait(self) -> bool:
        """Whether a renewal that is due may wait for its turn among many: half the lease is left."""
        return self._silence() < _RENEW_AT_MOST

    @property
    def lost(self) -> bool:
        """Whether somebody else was seen to hold the lock now."""
        return self._lost is not None

    @property
    def closed(self) -> bool:
        """Whether the end was written."""
        return self._closed

    @property
    def others(self) -> tuple[Entry, ...]:
        """The entries before ours, newest first, as they were when we took the lock or `saw` them last."""
        return self._others

    def saw(self, entries: Iterable[Entry]) -> None:
        """Take note of another reading of the journal, which may lag behind an earlier one."""
        read = last_words(self._others, entries)
        self._others = tuple(entry for entry in read if entry.number < self._entry.number)

    def renew_if_due(self) -> None:
        """Renew the lease where 45 s have passed; call it at every poll.

        An API that is slow or gone is no news here: the next call tries again, and the fence stands.
        Raises `Overtaken` where the lock is lost.
        """
        now = self._clock.boottime()
        if self._closed or self._silence() < self._every or now < self._next_try:
            return
        try:
            self._renew(tries=1)
        except CloudError as error:
            if not passing(error):
                raise
            self._next_try = now + _QUIET

    def fence(self) -> None:
        """Pass only while the lock is certainly ours. Call it right before every change to the world.

        Certain: a renewal was confirmed less than 60 s ago (it renews if need be) and the entry after ours
        does not exist. Raises `Overtaken`, or a `CloudError` where the API does not answer.
        """
        self._check_open()
        for _ in range(_TRIES):
            if self._silence() >= FENCE:
                self._renew(tries=_TRIES)
            after = self._parameters.read_parameter(name_of(self._path, self._entry.number + 1))
            if after is not None:
                raise self._lose(decode(self._entry.number + 1, after.value))
            if self._silence() < FENCE:
                return
        raise Unreachable(
            "AWS answers too slowly to be sure that this run still holds its lock; nothing was changed.",
            f"See where things stand with `inv app.status --env {self._entry.environment}`.",
            operation="ssm:GetParameter",
        )

    def close(self, outcome: str, *, proven: bool = False, cause: str = "") -> None:
        """Write the end and let go of the lock. Debts that remain stay in the entry for the next run.

        An overtaken holder may close too: its entry is its own, and history then says how it ended. There
        a write that fails is left at that; otherwise it raises, and may be called again.
        """
        if not outcome:
            raise ValueError("an entry closes with an outcome")
        self._entry = replace(
            self._entry, outcome=outcome, proven=proven, cause=masked_text(cause), finished=self._clock.time()
        )
        try:
            self._write(tries=_TRIES)
        except DeployError:
            if not self._lost:
                raise  # the lock stays until it is written, or until the lease has run out
        self._closed = True

    def prune(self) -> int:
        """Delete old entries, after closing; how many went.

        Never the newest 20, the newest proven one, or one with debts; at most ten, the oldest first. It is
        housekeeping: where SSM will not have it, it stops without a word, and the next run does it.
        """
        if not self._closed:
            raise RuntimeError("prune comes after close")
        gone = prune(self._parameters, self._path, () if self._lost else (self._entry, *self._others))
        self._others = tuple(entry for entry in self._others if entry not in gone)
        return len(gone)

    def _change(self, *, at_once: bool = True, **changes: Any) -> None:
        self._check_open()
        # The wish comes first: should the answer be lost, the next write carries it all the same.
        self._entry = replace(self._entry, **changes)
        if at_once:
            self._write(tries=_TRIES)

    def _renew(self, *, tries: int) -> None:
        self._check_open()
        if self._silence() >= FENCE:
            # We slept or were cut off, for weeks perhaps: the entry after ours may have come, and be pruned.
            found = history(self._path, self._parameters.list_parameters(self._path))
            if found and found[0].number > self._entry.number:
                raise self._lose(found[0])
        self._write(tries=tries)

    def _write(self, *, tries: int) -> None:
        name, value = name_of(self._path, self._entry.number), encode(self._entry)
        for left in reversed(range(tries)):
            sent = self._clock.boottime()
            try:
                version = self._parameters.overwrite_parameter(name, value)
            except NotFound:
                raise self._lose(None) from None
            except CloudError as error:
                if not left or not passing(error):
                    raise
                self._clock.sleep(_PAUSE)
                continue
            if version <= self._version:  # it was deleted, and this write has made it anew
                raise self._lose(None)
            self._version, self._confirmed = version, sent
            return

    def _silence(self) -> float:
        return self._clock.boottime() - self._confirmed

    def _check_open(self) -> None:
        if self._lost:
            raise self._lost
        if self._closed:
            raise RuntimeError("the journal entry is closed")

    def _lose(self, by: Entry | None) -> Overtaken:
        if by is None:
            what = f"The lock of {self._entry.service} was deleted while this run held it."
        else:
            run = f", {by.run_url}" if by.run_url else ""
            what = (
                f"{by.owner or 'Another run'} took over {self._entry.service} "
                f"({by.action or 'entry'} {by.tag or by.number}{run}); this run changes nothing any more."
            )
        self._lost = Overtaken(
            what, f"See what it does with `inv app.status --env {self._entry.environment}`."
        )
        return self._lost


def passing(error: CloudError) -> bool:
    """Whether the same call may well succeed in a moment. Writing the same entry twice does no harm."""
    return error.effect_unknown or isinstance(error, (Throttled, Unreachable))
