"""A look at a service that is from before the last run gave back what it had borrowed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ecs_deployment import debts, model
from ecs_deployment.debts import Debt
from ecs_deployment.journal import Entry
from ecs_deployment.outcome import Outcome
from ecs_deployment.outdated import shows_what_was_given_back

from tests.deployment import builders as b
from tests.deployment.memory_cloud import World
from tests.deployment.memory_runs import act, newest_proof, nothing_is_left, place

FLOOR = Debt("floor", before=0, taken=100)
OFF = {"in": False, "out": False, "scheduled": False}
SUSPENSION = Debt("suspension", before=OFF, taken={**OFF, "in": True})
ROLLED = Entry(3, outcome="deployed", deployments=("ecs-svc/3",))


def look(floor: int, *, suspended: bool = False, scaled: bool = True) -> model.Snapshot:
    service = replace(b.service(), configuration={"minimumHealthyPercent": floor, "maximumPercent": 200})
    flags = model.Suspended(scale_in=suspended, scale_out=False, scheduled=False)
    return replace(b.snapshot(service), scaling=replace(b.scaling(), suspended=flags) if scaled else None)


@pytest.mark.parametrize(
    ("seen", "entries", "owed", "expected"),
    [
        pytest.param(look(100), [replace(ROLLED, settled=(FLOOR,))], (), True, id="floor as it was taken"),
        pytest.param(look(0), [replace(ROLLED, settled=(FLOOR,))], (), False, id="floor as it was before"),
        pytest.param(look(50), [replace(ROLLED, settled=(FLOOR,))], (), False, id="a third value"),
        pytest.param(look(100), [ROLLED], (), False, id="nothing was borrowed"),
        pytest.param(look(100), [], (), False, id="no run before"),
        pytest.param(look(100), [replace(ROLLED, settled=(FLOOR,))], (FLOOR,), False, id="owed again"),
        pytest.param(
            look(0, suspended=True), [replace(ROLLED, settled=(FLOOR, SUSPENSION))], (), True, id="suspension"
        ),
        pytest.param(
            look(0, scaled=False), [replace(ROLLED, settled=(SUSPENSION,))], (), False, id="scaled no more"
        ),
        pytest.param(
            look(100),
            [Entry(4, outcome="refused"), replace(ROLLED, settled=(FLOOR,))],
            (),
            True,
            id="a run that touched nothing came between",
        ),
        pytest.param(
            look(100),
            [replace(ROLLED, number=4), replace(ROLLED, settled=(FLOOR,))],
            (),
            False,
            id="another rollout came between",
        ),
    ],
)
def test_what_tells_a_look_from_before(
    seen: model.Snapshot, entries: list[Entry], owed: tuple[Debt, ...], expected: bool
) -> None:
    assert shows_what_was_given_back(seen, entries, owed=owed) is expected


def lagging(world: World, looks: int) -> None:
    """The first `looks` at the service under the next lock show it as it is in the middle of a deploy."""
    well, left = world.live().configuration, [looks]

    def lag(operation: str) -> None:
        if operation == "services" and not world.entry().outcome:
            left[0] -= 1
            floor = 100 if left[0] >= 0 else 0
            if left[0] >= -1:
                shown = {**well, "minimumHealthyPercent": floor}
                world.cloud.put("app", replace(world.live(), configuration=shown))

    world.cloud.before = lag


def test_the_next_run_looks_again_until_it_sees_what_was_given_back() -> None:
    """Seconds after a deploy the next run still reads the raised floor, and would keep it for good."""
    world = place()
    assert act(world, tag="demo").outcome is Outcome.DEPLOYED
    proof = newest_proof(world)
    assert proof
    assert {debt.what for debt in proof.settled} >= {debts.FLOOR, debts.SUSPENSION}
    lagging(world, looks=3)
    assert act(world, "rollback").outcome is Outcome.DEPLOYED
    assert world.said().count("minimumHealthyPercent is raised from 0 to 100") == 2
    nothing_is_left(world)


def test_a_value_that_somebody_keeps_is_waited_for_once_and_not_for_ever() -> None:
    """Whoever sets the floor to 100 for good is believed after some seconds."""
    world = place()
    act(world, tag="demo")
    kept = {**world.live().configuration, "minimumHealthyPercent": 100}
    world.cloud.put("app", replace(world.live(), configuration=kept))
    looks = []
    for _ in range(2):
        begun = len(world.cloud.log)
        assert act(world, "rollback").outcome is Outcome.DEPLOYED
        prepared = world.cloud.log[begun:]
        looks.append(prepared[: prepared.index("update_service")].count("services"))
    assert looks == [2 + 6, 2]
    assert world.floor() == 100
