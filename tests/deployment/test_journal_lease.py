"""Holding the lock: renewing, the fence, debts, the end, and what is swept away after it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import journal_owner
from ecs_deployment.clock import RealClock
from ecs_deployment.debts import Debt
from ecs_deployment.errors import CloudError, Denied, Throttled, Unreachable
from ecs_deployment.journal import Overtaken, read, run_url
from ecs_deployment.journal_entry import Entry, encode

from tests.deployment.memory_parameters import FLOOR, PATH, Room


@pytest.fixture
def room() -> Room:
    return Room()


def writes(room: Room) -> int:
    return sum(operation == "overwrite" for operation, _ in room.parameters.calls)


def test_renewals_come_every_45_seconds_and_any_write_is_one(room: Room) -> None:
    held = room.take()
    for _ in range(180):
        room.clock.sleep(1)
        held.renew_if_due()
    assert writes(room) == 4
    room.clock.sleep(44)
    held.record(revision="app:2")
    room.clock.sleep(44)
    held.renew_if_due()
    assert writes(room) == 5
    assert room.entry(1).revision == "app:2"


def test_a_renewal_that_fails_is_no_news_but_a_missing_permission_is(room: Room) -> None:
    held = room.take()
    room.clock.sleep(50)
    room.parameters.faults.extend([Throttled("slow"), Unreachable("gone"), Denied("no")])
    held.renew_if_due()
    held.renew_if_due()
    assert writes(room) == 1, "it waits a little before the next attempt"
    room.clock.sleep(5)
    held.renew_if_due()
    room.clock.sleep(5)
    with pytest.raises(Denied):
        held.renew_if_due()


def test_the_fence_renews_what_is_old_and_reads_once_otherwise(room: Room) -> None:
    held = room.take()
    room.clock.sleep(59)
    room.parameters.calls.clear()
    held.fence()
    assert [operation for operation, _ in room.parameters.calls] == ["read"]
    room.clock.sleep(1)
    held.fence()
    assert writes(room) == 1


def test_the_fence_stands_where_a_renewal_cannot_be_confirmed(room: Room) -> None:
    held = room.take()
    room.clock.sleep(61)
    room.parameters.faults.extend(["never_arrived"] * 3)
    with pytest.raises(CloudError):
        held.fence()
    room.parameters.faults.extend(["answer_lost"] * 2)
    held.fence()


def test_a_renewal_counts_from_when_it_was_sent(room: Room) -> None:
    held = room.take()
    room.clock.sleep(50)
    room.parameters.before = lambda operation, _: room.clock.sleep(40) if operation == "overwrite" else None
    held.renew_if_due()
    room.clock.sleep(21)
    before = writes(room)
    held.fence()
    assert writes(room) == before + 1


def test_the_fence_stands_where_every_answer_takes_a_minute(room: Room) -> None:
    held = room.take()
    room.parameters.before = lambda *_: room.clock.sleep(61)
    with pytest.raises(Unreachable, match="too slowly"):
        held.fence()


def test_a_holder_that_slept_for_weeks_does_not_wake_into_a_pruned_history(room: Room) -> None:
    zombie = room.take()
    zombie.owe(FLOOR)
    room.clock.sleep(1000)
    for pid in range(2, 40):
        held = room.take(pid)
        held.settled("floor")
        held.close("deployed", proven=True)
        held.prune()
    assert f"{PATH}/00000002" not in room.parameters.names()
    with pytest.raises(Overtaken):
        zombie.fence()
    with pytest.raises(Overtaken):
        zombie.record(tag="v2")


def test_a_deleted_entry_is_a_lost_lock(room: Room) -> None:
    held = room.take()
    held.record(tag="v2")
    room.parameters.delete_parameter(f"{PATH}/00000001")
    with pytest.raises(Overtaken, match="deleted"):
        held.record(tag="v3")


def test_debts_are_written_first_and_struck_out_at_last(room: Room) -> None:
    held = room.take()
    held.owe(FLOOR, Debt("breaker", False, True))
    assert room.entry(1).debts == (FLOOR, Debt("breaker", False, True))
    held.owe(Debt("floor", before=100, taken=150))
    assert held.entry.debts[0] == Debt("floor", 0, 150, (100,))
    held.settled("floor")
    held.settled("floor", "unheard of")
    assert [debt.what for debt in room.entry(1).debts] == ["breaker"]
    assert room.entry(1).settled == (Debt("floor", 0, 150, (100,)),)
    before = writes(room)
    held.owe()
    held.settled()
    assert writes(room) == before


def test_a_write_that_failed_is_made_good_by_the_next(room: Room) -> None:
    held = room.take()
    room.parameters.faults.extend(["never_arrived"] * 3)
    with pytest.raises(Unreachable):
        held.add_deployment("ecs-svc/1")
    held.record(tag="v2")
    assert room.entry(1).deployments == ("ecs-svc/1",)
    for number in range(20):
        held.add_deployment(f"ecs-svc/{number}")
    assert room.entry(1).deployments == tuple(f"ecs-svc/{number}" for number in range(10, 20))


@pytest.mark.parametrize("field", ["number", "nonce", "debts", "outcome", "overtook"])
def test_what_record_does_not_do(room: Room, field: str) -> None:
    with pytest.raises(TypeError, match=field):
        room.take().record(**{field: "x"})


def test_closing(room: Room) -> None:
    held = room.take()
    held.owe(FLOOR)
    with pytest.raises(ValueError, match="outcome"):
        held.close("")
    room.parameters.faults.extend(["never_arrived"] * 3)
    with pytest.raises(Unreachable):
        held.close("undecided")
    held.close("undecided", cause="the time was up")
    entry = room.entry(1)
    assert (entry.outcome, entry.cause, entry.debts) == ("undecided", "the time was up", (FLOOR,))
    assert entry.finished == room.clock.time()
    for use in (held.fence, lambda: held.record(tag="x"), lambda: held.owe(FLOOR)):
        with pytest.raises(RuntimeError):
            use()
    held.renew_if_due()


def test_an_overtaken_holder_says_so_in_its_own_entry(room: Room) -> None:
    held = room.take()
    room.parameters.plant(
        f"{PATH}/00000002", encode(Entry(2, nonce="n", owner="bob@ci:1", run_url="https://ci/2"))
    )
    with pytest.raises(Overtaken, match=r"bob@ci:1 took over .*https://ci/2") as caught:
        held.fence()
    with pytest.raises(Overtaken):
        held.owe(FLOOR)
    room.parameters.faults.append(CloudError("no"))
    held.close("superseded", cause=str(caught.value))
    assert held.prune() == 0


def test_pruning(room: Room) -> None:
    for number in range(1, 40):
        entry = Entry(number, nonce="n", outcome="failed")
        if number == 5:
            entry = replace(entry, debts=(FLOOR,))
        if number in (7, 9):
            entry = replace(entry, proven=True)
        room.parameters.plant(f"{PATH}/{number:08d}", encode(entry))
    held = room.take()
    with pytest.raises(RuntimeError):
        held.prune()
    held.close("failed")
    room.parameters.faults.extend([None, None, Throttled("slow")])
    assert held.prune() == 2
    assert [held.prune(), held.prune()] == [10, 6], "ten at most, the oldest first"
    assert [e.number for e in read(room.parameters, PATH)] == [*range(40, 20, -1), 9, 5]


def test_owner_and_its_end() -> None:
    me = journal_owner.this_process()
    assert str(me) == f"{me.user}@{me.host}:{os.getpid()}"
    assert me.machine
    assert not journal_owner.is_gone(me.machine, me.pid, me.born)
    assert journal_owner.is_gone(me.machine, me.pid, "another start"), "the pid was reused"
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    born = journal_owner.process_born(child.pid)
    assert not journal_owner.is_gone(me.machine, child.pid, born)
    child.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert journal_owner.is_gone(me.machine, child.pid, born), "dead and not reaped"
    child.communicate()
    assert journal_owner.is_gone(me.machine, child.pid, born)
    for machine, pid, start in [
        ("", child.pid, born),
        ("elsewhere", child.pid, born),
        (me.machine, child.pid, ""),
    ]:
        assert not journal_owner.is_gone(machine, pid, start)
    for pid in (0, -1, 2**40):
        assert not journal_owner.is_gone(me.machine, pid, born)


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, ""),
        ({"GITHUB_RUN_ID": "7", "GITHUB_REPOSITORY": "a/b"}, "https://github.com/a/b/actions/runs/7"),
        ({"CI_JOB_URL": "https://gitlab/1"}, "https://gitlab/1"),
        ({"BUILD_URL": "https://jenkins/1"}, "https://jenkins/1"),
    ],
)
def test_run_url(environ: dict[str, str], url: str) -> None:
    assert run_url(environ) == url


def test_the_real_clock() -> None:
    clock: Any = RealClock()
    before = clock.boottime()
    clock.sleep(-1)
    assert clock.boottime() >= before
    assert clock.time() > 1_700_000_000
