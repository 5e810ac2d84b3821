"""A taker that is cut off before the lock is its own: nothing is lost, and a living holder hears nothing of it."""

from __future__ import annotations

import pytest
from ecs_deployment.errors import Denied
from ecs_deployment.journal import LEASE, Overtaken, Waiting, read

from tests.deployment.memory_parameters import FLOOR, PATH, Room


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.mark.parametrize("signals", [1, 2])
def test_a_taker_that_is_cut_off_before_reading_the_last_words_loses_none(room: Room, signals: int) -> None:
    first, left = room.take(), [None] * signals
    first.renew_if_due()

    def die(operation: str, name: str) -> None:
        if operation == "create":
            first.owe(FLOOR)  # before n+1 exists, so its fence would pass
        if operation == "list" and f"{PATH}/00000002" in room.parameters.names() and left:
            left.pop()
            raise KeyboardInterrupt

    room.parameters.before = die
    room.parameters.faults.extend([None, None, None])
    with pytest.raises(KeyboardInterrupt):
        room.take(2, supersede=True)
    room.parameters.before = None
    assert read(room.parameters, PATH)[0].debts == (FLOOR,), "who only looks must see that something is owed"
    if signals == 1:  # the second one leaves at once, and the entry to its lease
        first.fence()
        first.close("deployed")
    else:
        assert (room.entry(2).outcome, room.entry(2).overtook, room.entry(2).debts) == ("", 1, ())
    room.clock.sleep(2 * LEASE)
    assert room.take(3).entry.debts == (FLOOR,)


def test_a_taker_that_is_cut_off_while_it_waits_leaves_the_holder_undisturbed(room: Room) -> None:
    first = room.take()
    first.owe(FLOOR)

    def cut_off(waiting: Waiting) -> None:
        assert "takes over" in str(waiting)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        room.take(2, supersede=True, on_wait=cut_off)
    first.fence()
    first.settled("floor")
    first.close("deployed", proven=True)
    assert [entry.number for entry in read(room.parameters, PATH)] == [1]


def test_where_its_entry_cannot_be_deleted_such_a_taker_closes_it(room: Room) -> None:
    first = room.take()

    def refuse(operation: str, name: str) -> None:
        if operation == "delete":
            raise Denied("The credentials may not call ssm:DeleteParameter.")

    def cut_off(_: Waiting) -> None:
        raise KeyboardInterrupt

    room.parameters.before = refuse
    with pytest.raises(KeyboardInterrupt):
        room.take(2, supersede=True, on_wait=cut_off)
    assert (room.entry(2).outcome, room.entry(2).cause) == (
        "interrupted",
        "cut off while it waited for the lock",
    )
    with pytest.raises(Overtaken):
        first.fence()
