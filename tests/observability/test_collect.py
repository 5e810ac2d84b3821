"""A look at a service: everything that is there, and in so many words what is not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ecs_deployment import masking
from ecs_deployment.errors import CloudError, NotFound, Refused, Throttled, Unreachable
from ecs_stats import stats as s
from ecs_stats.stats import Stats, as_data
from ecs_stats.top_frame import View, frame, plain
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.deployment import builders as b
from tests.observability.memory_source import (
    GROUP,
    PERFORMANCE,
    SECRET,
    TASK,
    Watched,
    definition,
    denied,
    event,
    rule,
)


def test_a_look_brings_everything() -> None:
    world = Watched()
    seen = world.collector().look()
    (container,) = seen.containers
    assert (container.name, container.task, container.state) == ("app", TASK, "RUNNING")
    assert (container.cpu, container.cpu_limit, container.cpu_percent) == (64.0, 256.0, 25.0)
    assert (container.memory, container.memory_limit, container.memory_percent) == (64.0, 512.0, 12.5)
    assert (container.received, container.sent) == (1200.0, 3400.0)
    assert container.cpu_history == (25.0, 25.0, 25.0)
    assert container.last_line == "second line"
    assert seen.service.image == "app"
    assert seen.service.digest == b.DIGEST
    assert [target.task for target in seen.targets] == [TASK]
    assert (seen.traffic.requests, seen.traffic.answers_5xx, seen.traffic.p99_ms) == (20.0, 10, 250.0)
    assert seen.traffic.requests_history[-3:] == (0.0, 10.0, 20.0)
    assert seen.cpu_percent == 25.0
    assert seen.sleep.state == "awake"
    assert seen.sleep.text.startswith("sleeps in ")
    assert seen.notes == ()


def test_each_figure_says_how_old_it_is_and_where_it_comes_from() -> None:
    seen = Watched().collector().look()
    assert 59 < (seen.age(s.USAGE) or 0) < 65
    assert 0 <= (seen.age(s.TRAFFIC) or 0) < 65
    assert (seen.age(s.TASKS) or 0) < 1
    assert set(seen.readings) == {s.SERVICE, s.TASKS, s.TARGETS, s.USAGE, s.TRAFFIC, s.SLEEP, s.LOGS}
    assert all(reading.source for reading in seen.readings.values())


def test_it_is_json_with_ages_and_per_cents() -> None:
    data = json.loads(json.dumps(as_data(Watched().collector().look()), allow_nan=False))
    assert data["tasks"][0]["containers"][0]["cpu_percent"] == 25.0
    assert data["readings"]["usage"]["age"] == pytest.approx(60, abs=5)


def test_what_is_charged_is_asked_for_once_a_minute_and_the_rest_at_each_look() -> None:
    world = Watched()
    collector = world.collector()
    for _ in range(6):
        collector.look()
        world.clock.now += 5
    assert world.source.asked.count("metrics") == 1
    assert world.source.asked.count("logged") == 12  # figures and lines
    assert world.cloud.sent("services") == 6
    world.clock.now += 40
    collector.look()
    assert world.source.asked.count("metrics") == 2


def test_lines_and_figures_come_once_however_often_they_are_read() -> None:
    world = Watched()
    collector = world.collector()
    for _ in range(3):
        seen = collector.look()
        world.clock.now += 2
    assert [line.text for line in seen.lines] == ["first line", "second line"]
    world.source.print(GROUP, world.clock.time(), f"app/app/{TASK}", "third line")
    world.source.print(
        PERFORMANCE, world.clock.time(), "FargateTelemetry-1", event(world.clock.time(), CpuUtilized=128)
    )
    seen = collector.look()
    assert seen.containers[0].last_line == "third line"
    assert seen.containers[0].cpu_history == (25.0, 25.0, 25.0, 50.0)


def test_what_the_environment_holds_is_masked_in_the_very_first_line() -> None:
    world = Watched()
    world.cloud.before = learns  # as the port does with each definition that it reads
    world.source.print(GROUP, world.clock.time() - 1, f"app/app/{TASK}", f"connected with {SECRET}")
    seen = world.collector().look()
    assert seen.containers[0].last_line == "connected with ***"
    assert SECRET not in json.dumps(as_data(seen))


def learns(operation: str) -> None:
    if operation == "task_definition":
        masking.learn(definition().content)


def _usage_note(seen: Stats) -> str:
    assert seen.containers[0].cpu is None
    return seen.readings[s.USAGE].note


def test_without_insights_the_screen_says_so_and_asks_for_nothing() -> None:
    world = Watched()
    world.source.mode = "off"
    seen = world.collector().look()
    assert _usage_note(seen) == "Container Insights is off"
    assert seen.containers[0].memory_limit == 512.0  # of the task definition
    assert seen.cpu_percent == 25.0  # the free figure
    assert world.source.asked.count("logged") == 1


def test_no_figures_yet_is_not_none_used() -> None:
    world = Watched()
    del world.source.logs[PERFORMANCE]
    assert "no figures yet" in _usage_note(world.collector().look())


def test_events_of_tasks_stand_for_their_first_container_where_there_are_no_others() -> None:
    world = Watched()
    now = world.clock.time()
    world.source.logs[PERFORMANCE] = []
    world.source.print(PERFORMANCE, now - 60, "x", event(now - 60, Type="Task", ContainerName=None))
    assert world.collector().look().containers[0].cpu_percent == 25.0


@pytest.mark.parametrize(
    ("operation", "action", "group"),
    [
        ("logged", "logs:FilterLogEvents", s.USAGE),
        ("logged", "logs:FilterLogEvents", s.LOGS),
        ("metrics", "cloudwatch:GetMetricData", s.TRAFFIC),
        ("idle_rule", "cloudwatch:DescribeAlarms", s.SLEEP),
    ],
)
def test_a_missing_permission_is_named_and_costs_only_its_figures(
    operation: str, action: str, group: str
) -> None:
    world = Watched()
    world.source.refuse(denied(action), operation)
    collector = world.collector()
    for _ in range(2):  # and it stays on the screen
        seen = collector.look()
        assert any(action in note for note in seen.notes)
        world.clock.now += 3
    assert group not in seen.readings or seen.age(group) is None
    assert seen.service.running == 1
    assert [task.id for task in seen.tasks] == [TASK]
    if operation == "idle_rule":
        assert seen.sleep.state == "unknown"


@pytest.mark.parametrize(
    "operation", ["tasks", "targets", "scaling", "task_definition", "service_deployment"]
)
def test_the_same_for_what_the_deployer_reads(operation: str) -> None:
    world = Watched()
    world.cloud.refuse(denied(f"ecs:{operation}"), operation)
    seen = world.collector().look()
    assert seen.service.name == "app"
    assert any(operation in note for note in seen.notes) or operation == "service_deployment"
    assert seen.sleep.state == ("unknown" if operation == "scaling" else "awake")


def test_a_service_that_sleeps() -> None:
    world = Watched()
    world.cloud.put("app", b.service(b.deployment(running=0, desired=0), desired=0, running=0))
    world.cloud.running["app"].clear()
    seen = world.collector().look()
    assert (seen.sleep.state, seen.tasks, seen.service.digest) == ("asleep", (), b.DIGEST)


def test_while_aws_does_not_answer_the_figures_grow_older_and_it_says_so() -> None:
    world = Watched()
    collector = world.collector()
    before = collector.look()
    world.cloud.refuse(Unreachable("AWS could not be reached."), "services")
    world.clock.now += 30
    seen = collector.look()
    assert seen.notes == ("No answer: AWS could not be reached.",)
    assert replace(seen, notes=()) == before  # its time too: the screen says how long ago that was
    world.cloud.refuse(None, "services")
    assert collector.look().notes == ()


def test_throttled_traffic_keeps_its_age() -> None:
    world = Watched()
    collector = world.collector()
    before = collector.look()
    world.source.refuse(Throttled("AWS throttles it."), "metrics")
    world.clock.now += 70
    seen = collector.look()
    assert seen.traffic == before.traffic
    assert seen.readings[s.TRAFFIC] == replace(before.readings[s.TRAFFIC], note="AWS throttles it.")


@pytest.mark.parametrize(
    ("error", "raised"), [(NotFound("no cluster"), Refused), (Unreachable("nothing"), Unreachable)]
)
def test_the_first_look_ends_with_what_keeps_it_from_seeing(
    error: CloudError, raised: type[Exception]
) -> None:
    world = Watched()
    world.cloud.refuse(error, "services")
    with pytest.raises(raised):
        world.collector().look()


def test_a_service_that_is_gone_ends_the_looks() -> None:
    world = Watched()
    collector = world.collector()
    collector.look()
    del world.cloud.known["app"]
    with pytest.raises(Refused, match="no service"):
        collector.look()


def test_without_a_load_balancer_nothing_is_asked_about_traffic() -> None:
    world = Watched()
    world.cloud.put("app", b.service(load_balancers=()))
    world.source.rule = rule(enabled=False)
    seen = world.collector().look()
    assert seen.traffic.requests is None
    assert seen.readings[s.TRAFFIC].note == "the service has no load balancer"
    assert seen.sleep.state == "suspended"


_READS = (
    "tasks", "stopped_tasks", "targets", "service_deployment", "task_definition", "scaling", "list_parameters",
)  # fmt: skip
_OURS = ("insights", "balancer_of", "idle_rule", "logged", "tail", "metrics")
_ERRORS = st.sampled_from(
    [denied("any:Action"), Throttled("AWS throttles it."), Unreachable("No answer."), NotFound("Not there.")]
)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from([*_READS, *_OURS]), _ERRORS), st.booleans())
def test_whatever_fails_there_is_a_picture(failing: dict[str, CloudError], later: bool) -> None:
    world = Watched()
    collector = world.collector()
    if later:
        collector.look()
        world.clock.now += 70
    for operation, error in failing.items():
        if operation in _OURS:
            world.source.refuse(error, operation)
        else:
            world.cloud.refuse(error, operation)
    for _ in range(2):
        seen = collector.look()
        json.dumps(as_data(seen), allow_nan=False)
        text = plain(frame([seen], world.clock.time(), View(100, None)))
        assert "app in staging · 1/1 running" in text
        assert "never sleeps" not in text
        world.clock.now += 40
