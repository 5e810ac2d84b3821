"""What must hold in every history: random orders of deploys, scaling, crashes and stop requests."""

from __future__ import annotations

from ecs_local import transitions
from ecs_local.facts import ProcessExited
from ecs_local.scheduler_actions import StartTasks, StopTasks
from ecs_local.scheduler_rollout import envelope
from ecs_local.scheduler_view import ALIVE, census
from ecs_local.simulate import Behaviour
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.local.worlds import BREAKER, CRASHING, NEVER_READY, UNPULLABLE, Stage

BEHAVIOURS = {
    "app:crash": CRASHING,
    "app:unpullable": UNPULLABLE,
    "app:never": NEVER_READY,
    "app:flaps": Behaviour(sick_after=2.0),
    "app:dies": Behaviour(crashes_after=3.0),
    "app:slow": Behaviour(starts_in=2.0, stops_in=3.0),
}
GOOD = ["good", "slow"]
BAD = ["crash", "unpullable", "never"]

operations = st.one_of(
    st.tuples(st.just("deploy"), st.sampled_from([*GOOD, *BAD, "flaps", "dies"])),
    st.tuples(st.just("scale"), st.integers(0, 5)),
    st.tuples(st.just("wait"), st.sampled_from([0.05, 0.3, 1.0, 4.0, 20.0])),
    st.tuples(st.just("kill"), st.integers(0, 9)),
    st.tuples(st.just("stop_task"), st.integers(0, 9)),
    st.tuples(st.just("stop_deployment"), st.just(0)),
)
envelopes = st.sampled_from([(100, 200), (0, 200), (50, 200), (50, 100), (0, 100), (100, 150), (100, 100)])


class Watch:
    """Checks the stage after every moment in which anything happened."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.seen = len(stage.simulation.history)

    def __call__(self) -> bool:
        stage, service = self.stage, self.stage.service
        assert [each.status for each in service.deployments].count("PRIMARY") == 1
        ids = [each.id for each in (*service.deployments, *service.past_deployments)]
        assert len(set(ids)) == len(ids) == len(service.service_deployments)
        addresses = [task.address for task in stage.tasks]
        assert len(set(addresses)) == len(addresses)
        assert "127.0.0.1" not in addresses
        total = transitions.counts(service)
        parts = [transitions.counts(service, each) for each in service.deployments]
        assert total == (sum(each.running for each in parts), sum(each.pending for each in parts))
        assert all(each.desired_count >= 0 for each in service.deployments)
        assert stage.primary.desired_count <= service.desired_count
        times = [each.created_at for each in service.events]
        assert times == sorted(times, reverse=True)
        assert len(times) <= 100
        self._limits()
        return False

    def _limits(self) -> None:
        stage, service = self.stage, self.stage.service
        news = [action for _, action in stage.simulation.history[self.seen :]]
        self.seen = len(stage.simulation.history)
        limits = envelope(service.desired_count, service.configuration)
        if any(isinstance(action, StartTasks) for action in news):
            assert sum(task.last_status in ALIVE for task in stage.tasks) <= limits.ceiling
        for action in news:
            if isinstance(action, StopTasks) and any(
                stage.world.tasks[each].was_healthy for each in action.tasks
            ):
                assert len(census(stage.world, service, stage.now).healthy) >= limits.floor


def play(stage: Stage, script: list[tuple[str, object]]) -> None:
    """Carry out the script on a service that is up, checking all the way."""
    watch = Watch(stage)
    for kind, argument in script:
        tasks = [task for task in stage.tasks if task.last_status == "RUNNING"]
        wish = stage.service.service_deployments[0]
        match kind, argument:
            case "deploy", str(version):
                stage.deploy(version)
            case "scale", int(desired):
                stage.scale(desired)
            case "wait", float(seconds):
                stage.simulation.run(until=watch, limit=seconds)
            case "kill", int(index) if tasks:
                fact = ProcessExited(tasks[index % len(tasks)].arn, "app", 137)
                transitions.observe(stage.world, fact, stage.now)
            case "stop_task", int(index) if tasks:
                transitions.stop_task(stage.world, tasks[index % len(tasks)], "", "UserInitiated", stage.now)
            case "stop_deployment", _ if wish.status in ("PENDING", "IN_PROGRESS"):
                transitions.stop_service_deployment(stage.world, stage.service, wish, stage.now)
    stage.simulation.run(until=watch, limit=0.0)


@settings(max_examples=80, deadline=None)
@given(st.lists(operations, max_size=12), envelopes, st.integers(0, 3), st.booleans(), st.booleans())
def test_every_history_keeps_the_rules(
    script: list[tuple[str, object]], limits: tuple[int, int], desired: int, balanced: bool, breaker: bool
) -> None:
    more = {"deploymentCircuitBreaker": BREAKER} if breaker else {}
    stage = Stage(
        desired=desired, low=limits[0], high=limits[1], balanced=balanced, behaviours=BEHAVIOURS, **more
    )
    stage.up("good")
    play(stage, script)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(operations, max_size=8),
    st.sampled_from([(100, 200), (0, 200), (50, 200), (0, 100)]),
    st.integers(0, 4),
    st.booleans(),
    st.sampled_from(GOOD),
)
def test_a_good_revision_always_gets_there(
    script: list[tuple[str, object]], limits: tuple[int, int], desired: int, balanced: bool, version: str
) -> None:
    stage = Stage(
        low=limits[0],
        high=limits[1],
        balanced=balanced,
        behaviours=BEHAVIOURS,
        deploymentCircuitBreaker=BREAKER,
    )
    stage.up("good")
    play(stage, script)
    stage.scale(desired)
    last = stage.deploy(version)
    assert stage.until_over() == "SUCCESSFUL"
    assert [(each.id, each.rollout_state) for each in stage.service.deployments] == [(last.id, "COMPLETED")]
    assert transitions.counts(stage.service).running == desired
    assert {task.started_by for task in stage.tasks if task.desired_status == "RUNNING"} <= {last.id}


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(BAD),
    st.sampled_from([(100, 200), (0, 200), (50, 200), (0, 100)]),
    st.integers(1, 5),
    st.booleans(),
)
def test_a_bad_revision_always_fails(kind: str, limits: tuple[int, int], desired: int, first: bool) -> None:
    stage = Stage(
        desired=desired,
        low=limits[0],
        high=limits[1],
        behaviours=BEHAVIOURS,
        deploymentCircuitBreaker=BREAKER,
    )
    before = None if first else stage.up("good")
    bad = stage.deploy(kind)
    assert stage.until_over() == ("STOPPED" if first else "ROLLBACK_SUCCESSFUL")
    assert bad.rollout_state == "FAILED"
    assert stage.primary is (before or bad)


@settings(max_examples=25, deadline=None)
@given(st.lists(operations, max_size=10), st.integers(0, 2**32))
def test_the_same_seed_and_script_give_the_same_world(script: list[tuple[str, object]], seed: int) -> None:
    stages = [Stage(desired=2, seed=seed, behaviours=BEHAVIOURS) for _ in range(2)]
    for stage in stages:
        stage.up("good")
        play(stage, script)
    assert stages[0].world == stages[1].world
