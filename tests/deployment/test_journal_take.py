"""Who gets the lock, who is told what, and what a taker does about the run before it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment.errors import CloudError, Conflict, Denied, LockHeld, Refused, Throttled
from ecs_deployment.journal import (
    Held,
    Overtaken,
    Taking,
    is_held,
    off,
    read,
)
from ecs_deployment.journal_entry import Entry, encode

from tests.deployment.memory_parameters import FLOOR, PATH, Room, VirtualClock


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_first_run_then_the_next(room: Room) -> None:
    first = room.take()
    assert (first.entry.number, first.entry.owner, first.inherited) == (1, "ann@laptop:1", None)
    first.close("deployed", proven=True)
    second = room.take()
    assert second.entry.number == 2
    assert [entry.outcome for entry in read(room.parameters, PATH)] == ["", "deployed"]


def test_a_living_holder_keeps_everybody_out_and_the_message_helps(room: Room) -> None:
    room.take()
    room.clock.sleep(20)
    with pytest.raises(LockHeld) as caught:
        room.take(2)
    assert caught.value.exit_code == 2
    for words in [
        "ann@laptop:1",
        "of v1",
        "https://ci/1",
        "2023-11-14 22:30:00 UTC",
        "20 s ago",
        "--supersede",
    ]:
        assert words in str(caught.value)
    assert "inv app.abort --env staging --service app --force" in caught.value.cure
    assert len(room.parameters.names()) == 1


def test_waiting_for_a_holder_that_ends(room: Room) -> None:
    first = room.take()
    naps = iter(range(100))
    room.clock.on_sleep = lambda: first.close("deployed") if next(naps) == 3 else None
    assert room.take(2, wait_until=room.clock.now + 60).entry.number == 2
    assert len(room.waits) == 4
    assert "ann@laptop:1" in str(room.waits[0])


def test_waiting_has_an_end(room: Room) -> None:
    first = room.take()
    room.clock.on_sleep = first.renew_if_due
    began = room.clock.now
    with pytest.raises(LockHeld):
        room.take(2, wait_until=began + 600)
    assert room.clock.now == began + 600


def test_a_dead_lease_is_taken_over_with_its_debts(room: Room) -> None:
    dead = room.take()
    dead.owe(FLOOR)
    dead.add_deployment("ecs-svc/1")
    room.clock.sleep(179)
    with pytest.raises(LockHeld):
        room.take(2)
    room.clock.sleep(1)
    began = room.clock.now
    heir = room.take(2)
    assert room.clock.now == began + 5, "it looked twice"
    assert (heir.entry.debts, heir.entry.deployments, heir.entry.overtook) == ((FLOOR,), ("ecs-svc/1",), 0)
    assert heir.inherited
    assert heir.inherited.tag == "v1"
    assert room.entry(2) == heir.entry
    with pytest.raises(Overtaken, match="ann@laptop:2") as caught:
        dead.fence()
    assert caught.value.exit_code == 6


def test_debts_stand_in_the_very_create(room: Room) -> None:
    room.take().owe(FLOOR)
    room.clock.sleep(200)
    created = []

    def look(operation: str, _: str) -> None:
        if operation == "read" and f"{PATH}/00000002" in room.parameters.names():
            assert room.entry(2).debts == (FLOOR,)
            created.append("seen")

    room.parameters.before = look
    room.take(2)
    assert created


def test_a_late_renewal_saves_the_holder(room: Room) -> None:
    first = room.take()
    room.clock.sleep(200)
    room.clock.on_sleep = first.renew_if_due
    with pytest.raises(LockHeld):
        room.take(2)
    first.fence()


def test_a_wall_clock_that_jumps_decides_nothing(room: Room) -> None:
    first = room.take()
    room.clock.wall_offset += 10**8
    with pytest.raises(LockHeld):
        room.take(2)
    first.fence()


def test_an_owner_whose_process_ended_here_is_taken_over_at_once(room: Room) -> None:
    room.take().owe(FLOOR)
    room.ended.add(1)
    began = room.clock.now
    assert room.take(2).entry.debts == (FLOOR,)
    assert room.clock.now == began


def test_superseding_waits_until_the_holder_has_closed(room: Room) -> None:
    first = room.take()
    first.owe(FLOOR)

    def notice() -> None:
        if not first.entry.outcome:
            with pytest.raises(Overtaken):
                first.fence()
            first.close("superseded")

    room.clock.on_sleep = notice
    began = room.clock.now
    second = room.take(2, supersede=True)
    assert room.clock.now == began + 5
    assert second.entry.debts == (FLOOR,)
    assert [e.outcome for e in read(room.parameters, PATH)] == ["", "superseded"]


def test_superseding_a_silent_holder_takes_a_minute(room: Room) -> None:
    room.take()
    began = room.clock.now
    second = room.take(2, supersede=True)
    assert room.clock.now == began + 60
    with pytest.raises(LockHeld, match=r"ann@laptop:2"):
        room.take(3)
    second.fence()


@pytest.mark.parametrize("moment", ["create", "overwrite"])
def test_a_debt_written_while_the_lock_changes_hands_is_not_lost(room: Room, moment: str) -> None:
    """The holder wakes up after the taker has read its entry; where its fence lets it through, the debt counts."""
    first = room.take()
    room.clock.sleep(200)
    taken = []

    def wake(operation: str, name: str) -> None:
        if operation == moment and name.endswith("2"):
            room.parameters.before = None
            first.owe(FLOOR)
            try:
                first.fence()
            except Overtaken:
                return
            taken.append(FLOOR)

    room.parameters.before = wake
    second = room.take(2)
    assert taken == ([FLOOR] if moment == "create" else [])
    assert set(taken) <= set(second.entry.debts)


def test_debts_of_a_closed_entry_are_inherited_too(room: Room) -> None:
    first = room.take()
    first.owe(FLOOR)
    first.close("undecided")
    assert room.take(2).entry.debts == (FLOOR,)


def test_an_unreadable_newest_entry_blocks_only_its_number(room: Room) -> None:
    first = room.take()
    first.owe(FLOOR)
    first.close("undecided")
    room.parameters.plant(f"{PATH}/00000002", "garbage")
    held = room.take(2)
    assert (held.entry.number, held.entry.debts) == (3, (FLOOR,))


@pytest.mark.parametrize("fault", ["answer_lost", "never_arrived"])
@pytest.mark.parametrize("lag", [0, 3])
def test_a_lost_answer_to_the_create(room: Room, fault: Any, lag: int) -> None:
    room.parameters.list_lag = lag
    room.parameters.faults.extend([fault, fault])
    held = room.take()
    assert (held.entry.number, len(room.parameters.names())) == (1, 1)
    held.fence()
    with pytest.raises(LockHeld):
        room.take(2)


def test_a_lost_answer_while_a_stranger_gets_the_number(room: Room) -> None:
    room.parameters.faults.append("never_arrived")

    def stranger(operation: str, name: str) -> None:
        if operation == "list" and len(room.parameters.calls) > 2 and not room.parameters.names():
            room.parameters.plant(f"{PATH}/00000001", encode(Entry(1, nonce="theirs", owner="bob@ci:9")))

    room.parameters.before = stranger
    with pytest.raises(LockHeld, match="bob@ci:9"):
        room.take()


def test_a_list_that_lags_behind_costs_nobody_the_lock(room: Room) -> None:
    room.take().close("deployed")
    room.parameters.list_lag = 30
    second = room.take(2)
    assert second.entry.number == 2
    for pid in (3, 4):
        with pytest.raises(LockHeld, match="ann@laptop:2"):
            room.take(pid)
    second.fence()


def test_a_list_that_was_empty_by_mistake_leaves_no_trace(room: Room) -> None:
    """Entries 1 to 9 are pruned, the first listing shows nothing: ours would be number 1, below all others."""
    for number in range(10, 31):
        room.parameters.plant(f"{PATH}/{number:08d}", encode(Entry(number, nonce="n", outcome="deployed")))
    room.parameters._past.extend([{}, {}])
    room.parameters.list_lag = 1
    held = room.take()
    assert held.entry.number == 31
    assert f"{PATH}/00000001" not in room.parameters.names()


def test_an_entry_that_another_was_built_upon_is_not_deleted(room: Room) -> None:
    """Deleting number 2 would let holder 1 pass its fence beside holder 3."""
    first = room.take()

    def rob(operation: str, _: str) -> None:
        if operation == "list" and f"{PATH}/00000002" in room.parameters.names():
            room.parameters.before = None
            robber = replace(room.entry(2), nonce="theirs", owner="bob", overtook=2)
            room.parameters.plant(f"{PATH}/00000003", encode(robber))

    room.parameters.before = rob
    assert room.take(2, supersede=True).entry.number == 4
    assert room.entry(2).outcome == "superseded"
    with pytest.raises(Overtaken):
        first.fence()


def test_permissions_and_throttling(room: Room) -> None:
    room.parameters.faults.append(Denied("no", operation="ssm:PutParameter"))
    with pytest.raises(Refused, match=r"lack ssm:PutParameter.*journal = \"off\""):
        room.take()
    room.parameters.faults.extend([Throttled("slow down"), Throttled("slow down")])
    assert room.take().entry.number == 1
    room.parameters.faults.append(CloudError("broken"))
    with pytest.raises(LockHeld):
        room.take(2)


def test_attempts_are_bounded(room: Room) -> None:
    room.parameters.faults.extend(["never_arrived"] * 50)
    with pytest.raises(Conflict, match="12 attempts"):
        room.take()


def test_a_free_lock_costs_three_calls(room: Room) -> None:
    room.take().close("deployed")
    room.parameters.calls.clear()
    room.take()
    assert [operation for operation, _ in room.parameters.calls] == ["list", "create", "list"]


def test_many_at_once_and_one_wins(room: Room) -> None:
    for number in range(1, 9):
        gate = threading.Barrier(8)
        won: list[Held] = []
        lost: list[Exception] = []

        def run(pid: int, gate: threading.Barrier = gate, won: Any = won, lost: Any = lost) -> None:
            gate.wait(10)
            try:
                won.append(room.take(pid))
            except (LockHeld, Conflict) as error:
                lost.append(error)

        threads = [threading.Thread(target=run, args=(pid,)) for pid in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert (len(won), len(lost)) == (1, 7)
        assert won[0].entry.number == number
        won[0].fence()
        won[0].close("deployed")


def test_is_held(room: Room) -> None:
    def asked() -> bool:
        return is_held(room.parameters, PATH, read(room.parameters, PATH), gone=room.gone)

    assert not asked()
    first = room.take()
    assert asked()
    room.ended.add(1)
    assert not asked()
    room.ended.clear()
    room.clock.sleep(180)
    assert not asked()
    first.renew_if_due()
    assert asked()
    entries = read(room.parameters, PATH)
    first.close("deployed")
    assert not is_held(room.parameters, PATH, entries)


def test_off_does_all_of_it_and_keeps_nothing() -> None:
    clock = VirtualClock()
    request = Taking("deploy", "staging", "app")
    held = off(request, clock=clock)
    other = off(request, clock=clock)
    for one in (held, other):
        one.owe(FLOOR)
        clock.sleep(500)
        one.renew_if_due()
        one.fence()
        one.add_deployment("ecs-svc/1")
        one.settled("floor")
        one.close("deployed", proven=True)
        assert one.prune() == 0
        assert not one.kept
