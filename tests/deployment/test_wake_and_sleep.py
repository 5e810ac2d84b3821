"""Waking and putting to sleep by hand, and what `app.verify --wake` makes of it. A cloud in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import verify, wake
from ecs_deployment.journal import read
from ecs_deployment.model import Event
from ecs_deployment.outcome import Outcome, Report
from ecs_deployment.report_final import screen
from ecs_deployment.report_text import next_steps
from ecs_deployment.survey import Setting, Wishes

from tests.deployment import builders as b
from tests.deployment.memory_cloud import World, completes, stands
from tests.deployment.memory_runs import (
    ENVIRONMENT,
    act,
    honestly,
    nothing_is_left,
    place,
)


@pytest.mark.parametrize("works", [True, False])
def test_a_wake_proves_or_puts_back_to_zero(works: bool) -> None:
    world = place(asleep=True)
    world.cloud.progress = honestly(completes if works else fails)
    result = act(world, "wake")
    assert result.outcome is (Outcome.DEPLOYED if works else Outcome.FAILED)
    assert world.live().desired == (1 if works else 0)
    assert world.live().task_definition == b.OLD
    assert world.cloud.sent("register") == 0
    nothing_is_left(world)


def fails(cloud: Any, name: str) -> None:
    """Every task of the service fails to start; what is set to 0 is complete at once."""
    seen = cloud.known[name]
    primary = seen.primary
    if not seen.desired:
        cloud.put(name, replace(seen, running=0, deployments=(replace(primary, rollout_state="COMPLETED"),)))
        return
    if primary.rollout_state == "IN_PROGRESS":
        number = int(primary.id.rsplit("/", 1)[-1])
        cloud.stopped[name].append(b.failed(number, task_definition=primary.task_definition))
        failing = replace(primary, failed_tasks=len(cloud.stopped[name]))
        cloud.put(name, replace(seen, deployments=(failing, *seen.deployments[1:])))


def drains(cloud: Any, name: str) -> None:
    """A service that was set to 0 is empty at the second look."""
    seen = cloud.known[name]
    if not seen.desired and len(cloud.log) % 2:
        cloud.running[name] = []
        cloud.put(name, replace(seen, running=0))


def test_sleep_waits_until_nothing_runs() -> None:
    world = place()
    world.cloud.progress = drains
    started = Event("1", 5.0, f"(service app) has started 1 tasks: (task {'a' * 32}).")
    world.cloud.put("app", replace(world.live(), events=(started,)))
    result = act(world, "sleep")
    assert "has started" not in world.said()  # an earlier run did
    assert (result.outcome, world.live().running, world.live().desired) == (Outcome.ASLEEP, 0, 0)
    assert "Nothing wakes it by itself" in result.summary
    assert [u["desired"] for u in world.cloud.updates] == [0]
    assert world.entry().outcome == "asleep"


@pytest.mark.parametrize("pressed", [1, 2])
def test_an_interrupted_sleep_sends_nobody_to_a_resume(pressed: int) -> None:
    world = place()

    def press(operation: str) -> None:
        if operation == "services" and world.cloud.updates:
            world.interrupts.pressed = pressed

    world.cloud.before, world.cloud.progress = press, stands
    result = act(world, "sleep")
    assert (result.outcome, result.unsettled) == (Outcome.INTERRUPTED, False)
    assert result.summary == "The service is on app:1, at 0; 1 of its tasks may still be stopping."
    assert "the rollout is left" not in world.said()
    report = Report("staging", "", 1.0, 1, (result,), "sleep")
    assert next_steps(report) == [
        "inv app.sleep --env staging: goes on from here",
        "inv app.wake --env staging: undoes it",
    ]
    shown = " ".join(line.text for line in screen(report, 80))
    assert not [word for word in ("Traffic", "no-probe", "resume", "abort") if word in shown], shown
    world.interrupts.pressed, world.cloud.before = 0, lambda _: None
    assert act(world, "resume").summary.startswith("Nothing to resume")


def test_sleep_that_something_undoes_is_superseded() -> None:
    world = place()

    def raises(cloud: Any, name: str) -> None:
        cloud.put(name, replace(cloud.known[name], desired=1))

    world.cloud.progress = raises
    result = act(world, "sleep")
    assert (result.outcome, "set the desired count to 1 again" in result.cause) == (Outcome.SUPERSEDED, True)


def test_verify_wakes_only_what_sleeps_and_tells_how_it_went() -> None:
    world = place(asleep=True)
    setting = Setting(world.cloud, ENVIRONMENT, world.clock, world.told.append, world.interrupts)
    woken = wake.sleepers(setting, Wishes(probe=False))
    assert [(r.service, r.outcome) for r in woken.services] == [("app", Outcome.DEPLOYED)]
    looked = verify.look(world.cloud, b.SETTINGS, "deploys", "", send=False)
    assert looked.findings == ()
    assert "it was asleep: woken and proven in" in wake.told(looked, woken.services).story[-1]
    again = wake.sleepers(setting, Wishes(probe=False))
    assert (again.services, again.exit_code) == ((), 0)
    assert wake.told(looked, again.services) == looked
    (refused,) = (replace(r, outcome=Outcome.REFUSED, cause="Ann has the lock.") for r in woken.services)
    (finding,) = wake.told(looked, [refused]).findings
    assert (finding.code, finding.text) == ("wake", "waking it ended refused: Ann has the lock.")


def test_what_was_put_to_sleep_by_hand_and_has_no_scaler_is_told_with_its_way_out() -> None:
    world = place()
    del world.cloud.scalable["app"]
    world.cloud.progress = drains
    assert act(world, "sleep").outcome is Outcome.ASLEEP
    (finding,) = verify.look(world.cloud, b.SETTINGS, "deploys", "", send=False).findings
    assert "`inv app.wake` brings it back, `scale_to_zero` in environments.toml lets it sleep" in finding.text
    world.cloud.progress = honestly(completes)
    woken = act(world, "wake")
    looked = verify.look(world.cloud, b.SETTINGS, "deploys", "", send=False)
    assert wake.told(looked, (woken,)).story[-1].endswith(" s, and it stays awake")


def test_a_sleeper_that_somebody_wakes_first_is_no_finding() -> None:
    world = place()
    looked = verify.look(world.cloud, b.SETTINGS, "deploys", "", send=False)
    woken = act(world, "wake")
    assert woken.outcome is Outcome.UNCHANGED
    told = wake.told(looked, [woken])
    assert told.findings == ()
    assert told.story[-1] == "it was asleep, and somebody else woke it meanwhile"


def test_sleep_and_wake_keep_the_tag() -> None:
    world = place()
    assert act(world, tag="demo").outcome is Outcome.DEPLOYED
    assert [act(world, "sleep").tag, act(world, "wake").tag] == ["demo", "demo"]
    assert {entry.tag for entry in read(world.cloud, world.path("app"))[:3]} == {"demo"}
    undone = act(world, "rollback")
    assert (undone.outcome, undone.tag) == (Outcome.DEPLOYED, "old")


def never_deployed() -> World:
    world = place(asleep=True, proven=False)
    world.cloud.definitions[b.OLD] = b.definition(image=f"{b.URI}:none-yet")
    world.cloud.definitions["app:1"] = world.cloud.definitions[b.OLD]
    return world


def test_what_was_never_deployed_cannot_be_woken_and_says_what_to_do() -> None:
    world = never_deployed()
    woken, back = act(world, "wake"), act(world, "rollback", to="app:1")
    for result in (woken, back):
        assert result.outcome is Outcome.REFUSED
        assert result.cause.startswith("Nothing was ever deployed: app:1 has only the placeholder image")
        assert "`inv app.deploy --tag TAG`" in result.advice
    assert not world.cloud.updates
    slept = act(world, "sleep")
    assert slept.summary == "It is at 0 already, on app:1."
    assert slept.notes == ("Nothing was ever deployed: `inv app.deploy --tag TAG` does that.",)
    (finding,) = verify.look(world.cloud, b.SETTINGS, "deploys", "", send=False).findings
    assert finding.text == "nothing was ever deployed; `inv app.deploy --tag TAG`"


def test_what_was_never_deployed_is_at_zero_for_that_alone() -> None:
    world = never_deployed()
    del world.cloud.scalable["app"]
    (finding,) = verify.look(world.cloud, b.SETTINGS, "deploys", "", send=False).findings
    assert finding.text == "nothing was ever deployed; `inv app.deploy --tag TAG`"


def test_no_rollback_leads_to_what_was_never_deployed() -> None:
    world = never_deployed()
    assert act(world, tag="demo").outcome is Outcome.DEPLOYED
    result = act(world, "rollback", to="app:1")
    assert (result.outcome, result.cause) == (
        Outcome.REFUSED,
        "app:1 has only the placeholder image that its stack began with: nothing was ever deployed on it.",
    )


def test_a_service_that_others_deployed_wakes_unproven() -> None:
    world = place(asleep=True, proven=False)
    (finding,) = verify.look(world.cloud, b.SETTINGS, "deploys", "", send=False).findings
    assert "on app:1, which no deploy has proven; `inv app.wake` proves it" in finding.text
    assert act(world, "sleep").notes == ("No run has proven app:1: `inv app.wake` proves it.",)
    assert act(world, "wake").outcome is Outcome.DEPLOYED
