"""Several deployers, crashes, lost answers, stale lists and jumping clocks, in any order that hypothesis thinks of.

The service is a dictionary of borrowed things. Whoever wants to change it owes first and passes the fence; what
is in it and not as it was at first must always be owed by the newest entry of the journal.
"""

from __future__ import annotations

import copy
from typing import Any

from ecs_deployment.debts import Debt, settle
from ecs_deployment.errors import CloudError, DeployError
from ecs_deployment.journal import Held, Overtaken, read
from ecs_deployment.journal_handover import with_last_words
from ecs_deployment.journal_history import newest_readable
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.deployment.memory_parameters import PATH, Room

WHATS = st.sampled_from(["floor", "breaker", "suspension"])
ORIGINAL = {"floor": 0, "breaker": 0, "suspension": 0}
WHO = st.just(-1) | st.integers(0, 5)  # the newest, or any


class Deployers(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.room = Room()
        self.live = dict(ORIGINAL)
        self.holders: list[Held] = []  # the newest six, dead and overtaken ones too
        self.next_pid = 0

    # --- what may happen in the middle of a taker's calls ---

    def interfere(self, at: int, who: int, what: str, *, rival: bool) -> None:
        """At a taker's call number `at`, a holder wakes up, or a rival takes the lock."""
        parameters, begun = self.room.parameters, len(self.room.parameters.calls)

        def act(_: str, __: str) -> None:
            if len(parameters.calls) - begun <= at:
                return
            parameters.before = None
            if rival:
                self._take(supersede=True)
            else:
                self._borrow(who, what)

        parameters.before = act

    def _take(self, *, supersede: bool) -> None:
        self.next_pid += 1
        try:
            self.holders.append(self.room.take(self.next_pid, supersede=supersede))
        except DeployError:
            return
        finally:
            self.room.parameters.before = None
        del self.holders[:-6]

    def _holder(self, who: int) -> Held | None:
        at_work = [held for held in self.holders if not held.entry.outcome]
        return at_work[who % len(at_work)] if at_work else None

    def _borrow(self, who: int, what: str) -> None:
        held = self._holder(who)
        if held is None:
            return
        taken = self.live[what] + 1
        try:
            held.owe(Debt(what, self.live[what], taken))
            held.fence()
        except DeployError:
            return
        self.live[what] = taken

    # --- rules ---

    @rule(supersede=st.booleans())
    def take(self, supersede: bool) -> None:
        self._take(supersede=supersede)

    @rule(at=st.integers(0, 8), who=WHO, what=WHATS, rival=st.booleans(), supersede=st.booleans())
    def take_while_others_act(self, at: int, who: int, what: str, rival: bool, supersede: bool) -> None:
        self.interfere(at, who, what, rival=rival)
        self._take(supersede=supersede)

    @rule(who=WHO, what=WHATS)
    def borrow(self, who: int, what: str) -> None:
        self._borrow(who, what)

    @rule(who=WHO, close=st.booleans())
    def give_back(self, who: int, close: bool) -> None:
        held = self._holder(who)
        if held is None:
            return
        try:
            for debt in held.entry.debts:
                held.fence()
                if settle(debt, self.live[debt.what]) == "write_before":
                    self.live[debt.what] = debt.before
                held.settled(debt.what)
            if close:
                held.close("deployed", proven=True)
                held.prune()
        except DeployError:
            return

    @rule(who=WHO)
    def close_owing(self, who: int) -> None:
        held = self._holder(who)
        if held:
            try:
                held.close("undecided")
            except CloudError:
                held.close("undecided")

    @rule(who=WHO)
    def renew(self, who: int) -> None:
        held = self._holder(who)
        if held:
            try:
                held.renew_if_due()
            except Overtaken:
                return

    @rule(who=WHO)
    def crash(self, who: int) -> None:
        held = self._holder(who)
        if held:
            self.holders.remove(held)
            self.room.ended.add(held.entry.pid)

    @rule(seconds=st.sampled_from([1, 30, 46, 61, 120, 181, 100_000]))
    def pass_time(self, seconds: int) -> None:
        self.room.clock.sleep(seconds)

    @rule(seconds=st.integers(-(10**6), 10**6))
    def jump(self, seconds: int) -> None:
        self.room.clock.wall_offset += seconds

    @rule(lag=st.integers(0, 3))
    def lists_lag(self, lag: int) -> None:
        self.room.parameters.list_lag = lag

    @rule(after=st.integers(0, 2), fault=st.sampled_from(["answer_lost", "never_arrived"]))
    def next_answer_is_lost(self, after: int, fault: Any) -> None:
        self.room.parameters.faults.extend([*[None] * after, fault])

    @precondition(lambda self: self.room.parameters.names())
    @rule()
    def a_stranger_writes_garbage(self) -> None:
        newest = int(self.room.parameters.names()[-1][-8:])
        self.room.parameters.plant(f"{PATH}/{newest + 1:08d}", '{"what":"ever"}')

    # --- what must always hold ---

    @invariant()
    def at_most_one_fence_lets_through(self) -> None:
        room, holders = copy.deepcopy((self.room, self.holders))
        room.parameters.list_lag = self.room.parameters.list_lag
        passing = []
        for held in holders:
            if held.entry.outcome:
                continue
            try:
                held.fence()
            except DeployError:
                continue
            passing.append(held.entry.number)
        assert len(passing) <= 1, passing

    @invariant()
    def history_is_readable_and_no_debt_is_lost(self) -> None:
        parameters = copy.deepcopy(self.room.parameters)
        entries = read(parameters, PATH)
        assert [e.number for e in entries] == sorted({e.number for e in entries}, reverse=True)
        newest = newest_readable(entries)
        owed = {d.what: d for d in with_last_words(newest, parameters, PATH).debts} if newest else {}
        for what, value in self.live.items():
            if value != ORIGINAL[what]:
                assert what in owed, (what, entries)
                assert owed[what].before == ORIGINAL[what]


Deployers.TestCase.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestDeployers = Deployers.TestCase
