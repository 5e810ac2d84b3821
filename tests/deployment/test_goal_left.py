"""What resume and abort make of an earlier run and of what the world did meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import goal_left, model
from ecs_deployment.debts import Debt
from ecs_deployment.goal import Adopted, Goal
from ecs_deployment.goal_left import WayBack, Where, abort, resume, way_back, where
from ecs_deployment.journal_entry import Entry

from tests.deployment import builders as b

A, B, C = (f"{b.OLD.rpartition(':')[0]}:{number}" for number in (1, 2, 3))
PROVEN = Entry(
    1, action="deploy", tag="v1", revision=A, outcome="deployed", proven=True, deployments=("ecs-svc/1",)
)
OPEN = Entry(
    2,
    nonce="n",
    action="deploy",
    owner="ann@ci:7",
    environment="staging",
    service="app",
    tag="v2",
    digest=b.DIGEST,
    revision=B,
    before=A,
    started=1_700_000_000.0,
    deployments=("ecs-svc/2",),
)
UNBEGUN = replace(OPEN, revision="", deployments=())


def on(number: int, revision: str, state: str = "COMPLETED", **changes: Any) -> model.Service:
    return b.service(b.deployment(number, revision, rollout_state=state, **changes))


@pytest.mark.parametrize(
    ("entry", "seen", "expected"),
    [
        (UNBEGUN, on(1, A), Where.NOT_BEGUN),
        (replace(OPEN, deployments=()), on(1, A), Where.NOT_BEGUN),  # registered, and died
        (OPEN, on(2, B, "IN_PROGRESS"), Where.FORWARD),
        (OPEN, on(2, B), Where.FORWARD),
        (OPEN, on(2, B, "FAILED"), Where.FORWARD),
        (
            replace(OPEN, deployments=()),
            on(2, B, "IN_PROGRESS"),
            Where.FORWARD,
        ),  # its id was not written down yet
        (OPEN, on(1, A), Where.BACK),  # ECS has rolled it back
        (OPEN, on(1, A, "IN_PROGRESS"), Where.BACK),
        (replace(OPEN, deployments=("ecs-svc/2", "ecs-svc/3")), on(3, A, "IN_PROGRESS"), Where.BACK),
        (OPEN, on(9, C), Where.OTHERS),
        (OPEN, on(9, C, "IN_PROGRESS"), Where.OTHERS),
        (UNBEGUN, on(9, A, "IN_PROGRESS"), Where.OTHERS),
        (UNBEGUN, on(9, C), Where.OTHERS),
        (UNBEGUN, b.service(), Where.NOT_BEGUN),
        # A forced rollout of the same revision: only one that rolls can be its own.
        (replace(OPEN, revision=A, deployments=()), on(5, A, "IN_PROGRESS"), Where.FORWARD),
        (replace(OPEN, revision=A, deployments=()), on(1, A), Where.NOT_BEGUN),
    ],
)
def test_where_an_earlier_rollout_stands(entry: Entry, seen: model.Service, expected: Where) -> None:
    assert where(entry, (PROVEN,), seen) is expected


def test_what_was_only_inherited_is_not_its_own() -> None:
    dead = replace(OPEN, number=2)
    taker = replace(OPEN, number=3, tag="v3", revision="", before=B, deployments=("ecs-svc/2",))
    assert goal_left.own(taker, (dead, PROVEN)) == ()
    assert where(taker, (dead, PROVEN), on(2, B, "IN_PROGRESS")) is Where.NOT_BEGUN
    resumed = replace(taker, action="resume")
    assert goal_left.own(resumed, (dead, PROVEN)) == ("ecs-svc/2",)


@pytest.mark.parametrize(
    ("entry", "older", "expected"),
    [
        (OPEN, (PROVEN,), WayBack(A, proven=True, at_zero=False)),
        (OPEN, (), WayBack(A, proven=True, at_zero=False)),  # it served before anybody kept a journal
        (replace(OPEN, asleep=True), (PROVEN,), WayBack(A, proven=True, at_zero=False)),
        (
            replace(OPEN, asleep=True),
            (),
            WayBack(A, proven=False, at_zero=True),
        ),  # the first deploy of a sleeper
        # What the run before it had rolled out was never proven, so it is no way back.
        (
            replace(OPEN, number=3, before=B, revision=C),
            (OPEN, PROVEN),
            WayBack(A, proven=True, at_zero=False),
        ),
    ],
)
def test_the_way_back(entry: Entry, older: tuple[Entry, ...], expected: WayBack) -> None:
    assert way_back(entry, older) == expected


def resumed(entry: Entry, seen: model.Service) -> Goal:
    return resume(seen, (entry, PROVEN))


def test_resume_begins_what_had_not_begun() -> None:
    goal = resumed(UNBEGUN, on(1, A))
    assert (goal.tag, goal.image, goal.revision, goal.adopts) == ("v2", b.DIGEST, "", None)
    assert resumed(replace(UNBEGUN, digest=""), on(1, A)).image == "v2"
    registered = resumed(replace(OPEN, deployments=()), on(1, A))
    assert (registered.image, registered.revision) == ("", B)
    woken = resumed(replace(OPEN, action="wake", revision=A, deployments=()), on(1, A))
    assert (woken.wakes, woken.revision) == (True, A)


@pytest.mark.parametrize("state", ["IN_PROGRESS", "COMPLETED", "FAILED"])
def test_resume_follows_what_rolls_or_has_rolled(state: str) -> None:
    goal = resumed(OPEN, on(2, B, state))
    assert (goal.revision, goal.before, goal.adopts) == (B, A, Adopted(("ecs-svc/2",)))


def test_resume_follows_the_deployment_in_place_even_where_another_of_its_own_is_newer_in_the_journal() -> (
    None
):
    goal = resumed(replace(OPEN, deployments=("ecs-svc/2", "ecs-svc/1")), on(2, B))
    assert goal.adopts
    assert goal.adopts.ours[-1] == "ecs-svc/2"


def test_resume_sees_back_what_leads_back() -> None:
    goal = resumed(replace(OPEN, deployments=("ecs-svc/2", "ecs-svc/3")), on(3, A, "IN_PROGRESS"))
    assert goal.adopts == Adopted(("ecs-svc/2", "ecs-svc/3"), leads_back=True)


def test_resume_and_abort_leave_to_others_what_is_theirs() -> None:
    for act in (resume, abort):
        goal = act(on(9, C, "IN_PROGRESS"), (OPEN, PROVEN))
        assert goal.adopts == Adopted(("ecs-svc/2",), taken_over_by="ecs-svc/9")


DONE = replace(OPEN, outcome="deployed", proven=True)


@pytest.mark.parametrize(
    ("entry", "seen", "left"),
    [
        (DONE, on(2, B), False),
        (replace(DONE, debts=(b.FLOOR,)), on(2, B), True),
        (replace(DONE, outcome=""), on(2, B), True),  # proven, and killed before it was closed
        (replace(OPEN, outcome="rolled_back"), on(1, A), False),
        (replace(OPEN, outcome="interrupted"), on(1, A), False),  # it went back before it left
        (replace(OPEN, outcome="interrupted"), on(2, B), True),
        (replace(OPEN, outcome="interrupted"), on(1, A, "IN_PROGRESS"), True),
        (replace(OPEN, outcome="undecided"), on(2, B, "IN_PROGRESS"), True),
        (replace(OPEN, outcome="undecided"), on(9, C), False),
        (replace(OPEN, outcome="failed"), on(2, B), False),
        (replace(OPEN, outcome="superseded"), on(9, C), False),
    ],
)
def test_whether_anything_is_left(entry: Entry, seen: model.Service, left: bool) -> None:
    for act in (resume, abort):
        goal = act(seen, (entry, PROVEN))
        assert goal.nothing.startswith("Nothing to ") is not left


@pytest.mark.parametrize("entry", [DONE, replace(OPEN, outcome="failed")])
def test_of_what_is_settled_only_the_debts_are_left(entry: Entry) -> None:
    for act in (resume, abort):
        goal = act(on(2, B), (replace(entry, debts=(b.FLOOR,)), PROVEN))
        assert "nly what it still owed is handed back" in goal.nothing
        assert goal.adopts is None
        rolling = act(on(9, C, "IN_PROGRESS"), (replace(entry, debts=(b.FLOOR,)), PROVEN))
        assert rolling.adopts  # a floor is not handed back while somebody else's rollout leans on it


def test_a_taker_that_was_refused_hides_nothing() -> None:
    refused = replace(OPEN, number=3, outcome="refused", revision="")
    assert resume(on(2, B, "IN_PROGRESS"), (refused, OPEN, PROVEN)).adopts == Adopted(("ecs-svc/2",))
    gone = replace(refused, outcome="interrupted")
    assert resume(on(2, B, "IN_PROGRESS"), (gone, OPEN, PROVEN)).adopts == Adopted(("ecs-svc/2",))


@pytest.mark.parametrize("state", ["IN_PROGRESS", "COMPLETED", "FAILED"])
@pytest.mark.parametrize("debts", [(), (b.FLOOR,)])
def test_a_run_torn_out_of_its_update_is_gone_on_with(state: str, debts: tuple[Debt, ...]) -> None:
    """It could not note its deployment, but nobody else knew that revision."""
    torn = replace(OPEN, outcome="interrupted", deployments=(), debts=debts)
    assert resume(on(2, B, state), (torn, PROVEN)).adopts == Adopted(("ecs-svc/2",))
    assert abort(on(2, B, state), (torn, PROVEN)).revision == A
    assert resume(on(1, A), (replace(torn, debts=()), PROVEN)).nothing


@pytest.mark.parametrize(("action", "again"), [("sleep", "inv app.sleep"), ("apply", "inv infra.apply")])
def test_runs_that_roll_nothing_are_named(action: str, again: str) -> None:
    goal = resumed(replace(OPEN, action=action), on(1, A))
    assert f"`{again} --env staging --service app`" in goal.nothing


@pytest.mark.parametrize("outcome", ["", "superseded"])
@pytest.mark.parametrize("action", ["sleep", "apply"])
def test_a_rollout_that_such_a_run_took_over_is_gone_on_with(action: str, outcome: str) -> None:
    took = replace(OPEN, number=3, action=action, owner="bob@ci:8", debts=(b.FLOOR,))
    goal = resume(on(2, B, "IN_PROGRESS"), (took, replace(OPEN, outcome=outcome), PROVEN))
    assert (goal.revision, goal.adopts, goal.nothing) == (B, Adopted(("ecs-svc/2",)), "")
    assert "does it again" in goal.story[0]
    assert "ann@ci:7" in goal.story[1]
    assert abort(on(2, B, "IN_PROGRESS"), (took, replace(OPEN, outcome=outcome), PROVEN)).revision == A
    over = resume(on(2, B), (took, replace(OPEN, outcome=outcome), PROVEN))
    assert "rolled nothing out" in over.nothing, "it is over: nothing but the debts is left"


@pytest.mark.parametrize("action", ["deploy", "wake"])
def test_an_interrupted_run_that_took_its_sleeper_back_to_zero_has_left_nothing(action: str) -> None:
    back = replace(OPEN, action=action, outcome="interrupted", asleep=True)
    asleep = b.service(b.deployment(2, B, running=0, desired=0), desired=0)
    assert "Nothing to resume" in resume(asleep, (back, PROVEN)).nothing
    assert "Nothing to abort" in abort(asleep, (back, PROVEN)).nothing


@pytest.mark.parametrize("state", ["FAILED", "IN_PROGRESS"])
@pytest.mark.parametrize("debts", [(), (b.FLOOR,)])
def test_what_failed_and_stands_is_gone_on_with(state: str, debts: tuple[Debt, ...]) -> None:
    left = replace(OPEN, outcome="failed", debts=debts)
    assert resume(on(2, B, state), (left, PROVEN)).adopts == Adopted(("ecs-svc/2",))
    assert abort(on(2, B, state), (left, PROVEN)).revision == A
    assert resume(on(9, C, state), (replace(left, debts=()), PROVEN)).nothing, "somebody else's by now"


def aborted(entry: Entry, seen: model.Service, *older: Entry) -> Goal:
    return abort(seen, (entry, *older))


@pytest.mark.parametrize("state", ["IN_PROGRESS", "COMPLETED", "FAILED"])
def test_abort_rolls_to_the_revision_before(state: str) -> None:
    goal = aborted(OPEN, on(2, B, state), PROVEN)
    assert (goal.revision, goal.tag, goal.adopts, goal.at_zero) == (A, "v1", None, False)


def test_abort_follows_what_leads_back_already() -> None:
    goal = aborted(OPEN, on(1, A, "IN_PROGRESS"), PROVEN)
    assert (goal.revision, goal.adopts) == (A, Adopted(("ecs-svc/1",)))


def test_abort_of_a_sleepers_first_deploy_ends_at_zero() -> None:
    goal = aborted(replace(OPEN, asleep=True), on(2, B, "IN_PROGRESS"))
    assert (goal.revision, goal.at_zero, goal.was_asleep) == (A, True, True)
    killed = replace(OPEN, number=3, action="abort", revision=A, before=B, asleep=True)
    seen = on(2, B, "IN_PROGRESS")
    again = resume(seen, (killed, replace(OPEN, asleep=True)))
    assert (again.revision, again.at_zero) == (A, True)
    assert not resume(seen, (killed, replace(OPEN, asleep=True), PROVEN)).at_zero


def test_abort_has_nothing_to_do_where_nothing_had_begun() -> None:
    assert "nothing to undo" in aborted(UNBEGUN, on(1, A), PROVEN).nothing


def test_abort_finishes_a_rollout_of_the_revision_that_was_in_place() -> None:
    goal = aborted(replace(OPEN, revision=A), on(2, A, "IN_PROGRESS"), PROVEN)
    assert goal.adopts == Adopted(("ecs-svc/2",))
    assert "finished instead of undone" in goal.notes[0]


def test_an_empty_or_unreadable_journal_has_nothing() -> None:
    for act in (resume, abort):
        assert "the journal has no run of this service" in act(on(1, A), ()).nothing
        assert "the journal has no run" in act(on(1, A), (Entry(4, readable=False),)).nothing


@pytest.mark.parametrize(("in_place", "tag"), [(A, "v1"), (B, "v2"), (C, "")])
def test_what_is_only_handed_back_is_told_of_what_is_in_place(in_place: str, tag: str) -> None:
    """Its own tag would be remembered for a revision of somebody else."""
    over = replace(OPEN, outcome="failed", debts=(b.FLOOR,))
    goal = resume(on(7, in_place), (over, PROVEN))
    assert (goal.tag, bool(goal.nothing)) == (tag, True)


@pytest.mark.parametrize(
    ("entry", "seen", "tag"),
    [
        (UNBEGUN, on(1, A), "v1"),  # nothing to undo: what is in place
        (OPEN, on(9, C), "v2"),  # taken over: what was to be undone
        (OPEN, on(2, B), "v1"),  # undone: what it goes back to
        (replace(OPEN, action="sleep"), on(1, A), "v1"),
    ],
)
def test_whoever_undoes_a_run_knows_the_tag_of_what_it_ends_on(
    entry: Entry, seen: model.Service, tag: str
) -> None:
    nameless = replace(PROVEN, tag="", action="wake")  # of an old journal
    assert abort(seen, (entry, nameless, replace(PROVEN, number=0))).tag == tag
