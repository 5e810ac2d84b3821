"""What a debt asks for when it is given back, and how two runs' debts become one list."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_deployment.debts import Debt, adopt, settle
from hypothesis import HealthCheck, given
from hypothesis import settings as checking
from hypothesis import strategies as st

FLAGS = {"in": False, "out": False, "scheduled": True}


@pytest.mark.parametrize(
    ("before", "taken", "live", "step"),
    [
        (0, 100, 100, "write_before"),
        (0, 100, 0, "done"),
        (0, 100, 50, "changed_by_other"),
        (None, 80, 80, "write_before"),
        (None, 80, None, "done"),
        (FLAGS, FLAGS | {"in": True}, FLAGS | {"in": True}, "write_before"),
        (FLAGS, FLAGS | {"in": True}, dict(reversed(FLAGS.items())), "done"),
        (FLAGS, FLAGS | {"in": True}, {"in": True, "out": True, "scheduled": True}, "changed_by_other"),
        (FLAGS, FLAGS | {"in": True}, None, "changed_by_other"),
        (False, True, 1, "changed_by_other"),
        (0, 100, False, "changed_by_other"),
        (100, 100, 100, "done"),
    ],
)
def test_settle(before: Any, taken: Any, live: Any, step: str) -> None:
    assert settle(Debt("what", before, taken), live) == step


def test_a_leftover_is_never_what_was_found() -> None:
    left = Debt("suspension", before=FLAGS, taken=FLAGS | {"in": True})
    found = Debt(
        "suspension", before=FLAGS | {"in": True}, taken={"in": True, "out": True, "scheduled": True}
    )
    assert adopt((found,), (left,)) == (Debt("suspension", FLAGS, found.taken, (left.taken,)),)


def test_a_debt_written_and_not_taken_any_more_still_knows_what_is_live() -> None:
    """The heir of a run at 100 writes that it will take 150, and dies: 100 is live and is ours."""
    joined = adopt((Debt("floor", 100, 150),), (Debt("floor", 0, 100),))
    assert joined == (Debt("floor", 0, 150, (100,)),)
    assert [settle(joined[0], live) for live in (100, 150, 0, 7)] == [
        "write_before",
        "write_before",
        "done",
        "changed_by_other",
    ]
    assert adopt((Debt("floor", 150, 100),), joined) == (Debt("floor", 0, 100, (150,)),)


def test_debts_of_both_runs_stay_each_once() -> None:
    old, new = Debt("floor", 0, 100), Debt("breaker", False, True)
    assert adopt((new,), (old,)) == (old, new)
    assert adopt((), (old,)) == (old,)
    assert adopt((new,), ()) == (new,)


quick = checking(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_DEBTS = st.lists(
    st.builds(Debt, st.sampled_from(["floor", "ceiling", "breaker"]), st.integers(), st.integers()),
    unique_by=lambda debt: debt.what,
).map(tuple)


@quick
@given(_DEBTS, _DEBTS)
def test_adopting_loses_no_before_and_no_taken(own: tuple[Debt, ...], inherited: tuple[Debt, ...]) -> None:
    joined = {debt.what: debt for debt in adopt(own, inherited)}
    assert set(joined) == {debt.what for debt in (*own, *inherited)}
    for debt in own:
        assert joined[debt.what].taken == debt.taken
    for debt in inherited:
        assert joined[debt.what].before == debt.before
