"""Looking: what is read, what is left out, and what a missing thing is called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import model, observe
from ecs_deployment.attention import EVERYTHING, FOR_THE_PROOF
from ecs_deployment.errors import CloudError, Denied, NotFound, Refused
from ecs_deployment.goal import Goal, of_tag
from ecs_deployment.journal_entry import Entry
from ecs_deployment.known import Known
from ecs_deployment.rollout_state import Part
from ecs_deployment.settings import ServiceSettings

from tests.deployment import builders as b
from tests.deployment.memory_cloud import World, stands

PINNED = b.definition(image=f"{b.URI}@{b.DIGEST}")


def world(**changes: Any) -> World:
    place = World(**changes)
    place.cloud.progress = stands
    return place


def known(
    place: World,
    entries: tuple[Entry, ...] = (),
    proofs: dict[str, str] | None = None,
    *,
    settings: ServiceSettings = b.SETTINGS,
    **more: Any,
) -> Known:
    """All that planning a deploy of `demo` needs."""
    seen = observe.service(place.cloud, *observe.named(settings))
    return observe.known(place.cloud, settings, seen, of_tag("demo"), entries, proofs or {}, **more)


@pytest.mark.parametrize(
    ("cluster", "name", "words"),
    [("nowhere", "app", "There is no cluster 'nowhere'."), ("local", "ap", "has no service 'ap'.")],
)
def test_a_missing_name_is_refused_with_the_cure(cluster: str, name: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        observe.service(world().cloud, cluster, name)
    assert words in caught.value.what
    assert "inv infra.apply" in caught.value.cure


@pytest.mark.parametrize(
    ("parts", "calls"),
    [
        (set(), []),
        ({Part.TASKS}, ["tasks"]),
        ({Part.STOPPED}, ["stopped_tasks"]),
        ({Part.TARGETS}, ["targets"]),
        ({Part.DEPLOYMENT}, ["service_deployment"]),
        (EVERYTHING, ["tasks", "stopped_tasks", "targets", "service_deployment"]),
    ],
)
def test_a_look_costs_what_was_asked_for(parts: set[Part], calls: list[str]) -> None:
    place = world()
    observe.complete(place.cloud, place.live(), parts)
    assert place.cloud.log == calls


def test_a_target_group_is_asked_once_and_every_group_is_asked() -> None:
    place = world()
    second = b.GROUP.replace("app", "other")
    listeners = tuple(
        model.LoadBalancer(group, "app", port) for group, port in [(b.GROUP, 80), (b.GROUP, 81), (second, 80)]
    )
    seen = observe.complete(place.cloud, b.service(load_balancers=listeners), {Part.TARGETS})
    assert place.cloud.log == ["targets", "targets"]
    assert [target.group for target in seen.targets] == [b.GROUP, second]


def test_the_deployment_that_is_asked_for_is_ours_or_the_newest() -> None:
    place = world()
    place.cloud.rollouts = {"1": b.rollout_of(1, "SUCCESSFUL"), "7": b.rollout_of(7, "IN_PROGRESS")}
    newest = observe.complete(place.cloud, place.live(), FOR_THE_PROOF)
    ours = observe.complete(place.cloud, place.live(), FOR_THE_PROOF, deployment="ecs-svc/7")
    assert newest.deployment == place.cloud.rollouts["1"]
    assert ours.deployment == place.cloud.rollouts["7"]


@pytest.mark.parametrize("error", [Denied("no"), NotFound("none")])
def test_without_the_newer_view_of_a_rollout_the_older_has_to_do(error: Denied | NotFound) -> None:
    place = world()
    place.cloud.refuse(error, "service_deployment")
    assert observe.complete(place.cloud, place.live(), FOR_THE_PROOF).deployment is None


def test_everything_about_a_service() -> None:
    place = world()
    place.cloud.scalable["app"] = b.scaling()
    seen = observe.whole(place.cloud, "local", "app")
    assert (len(seen.running), seen.scaling) == (1, b.scaling())


@pytest.mark.parametrize("part", ["tasks", "targets"])
@pytest.mark.parametrize("desired", [0, 1])
def test_what_the_proof_will_read_is_read_before_anything_is_changed(part: str, desired: int) -> None:
    place = world(desired=desired)
    place.cloud.refuse(Denied("The credentials may not call ecs:ListTasks."), part)
    with pytest.raises(Denied):
        known(place)


def test_planning_again_under_the_lock_reads_only_what_may_have_moved() -> None:
    place = world()
    before = known(place)
    place.cloud.log.clear()
    again = known(place, before=before)
    assert replace(again, snapshot=before.snapshot) == before
    assert place.cloud.log == ["services", "scaling"]
    place.cloud.definitions[b.OLD] = PINNED
    repinned = known(place)
    assert len(known(place, before=repinned).snapshot.running) == 1
    place.cloud.definitions[b.NEW] = b.definition(b.NEW)
    place.cloud.put("app", replace(place.live(), task_definition=b.NEW))
    assert known(place, before=before).current.arn == b.NEW


def test_what_the_journal_proves() -> None:
    entries = (
        Entry(3, revision=b.NEW, outcome="rolled_back", deployments=("ecs-svc/3",)),
        Entry(2, revision=b.OLD, outcome="deployed", proven=True, deployments=("ecs-svc/2",)),
        Entry(1, revision=b.OLD, outcome="deployed", proven=True),
    )
    found = known(world(), entries, {b.OLD: "today"})
    assert (found.proven, found.inherited) == ((b.OLD,), frozenset({"ecs-svc/2", "ecs-svc/3"}))
    assert found.proven_at == {b.OLD: "today"}


@pytest.mark.parametrize(("least", "asked"), [(0, 1), (1, 0), (None, 0)])
def test_the_idle_alarm_is_asked_for_where_something_puts_it_to_sleep(least: int | None, asked: int) -> None:
    place = world()
    place.cloud.alarm = model.IdleAlarm("idle", "OK", leased=True)
    if least is not None:
        place.cloud.scalable["app"] = b.scaling(least)
    found = known(place)
    assert place.cloud.sent("idle_alarm") == asked
    assert (found.idle is not None) == bool(asked)


def test_an_idle_alarm_that_may_not_be_seen_is_done_without() -> None:
    place = world()
    place.cloud.scalable["app"] = b.scaling()
    place.cloud.refuse(Denied("no"), "idle_alarm")
    assert known(place).idle is None


FOREIGN = replace(b.SETTINGS, repository="111111111111.dkr.ecr.eu-west-1.amazonaws.com/app")


def test_a_foreign_registry_that_cannot_be_read_is_not_checked() -> None:
    place = world()
    place.cloud.refuse(Denied("The credentials may not call ecr:BatchGetImage."), "image")
    found = known(place, settings=FOREIGN)
    assert found.image is None
    assert "ecr:BatchGetImage" in found.unchecked


@pytest.mark.parametrize("error", [Denied("no"), NotFound("none")])
def test_our_own_registry_has_to_answer(error: Denied | NotFound) -> None:
    place = world()
    place.cloud.refuse(error, "image")
    with pytest.raises(type(error)):
        known(place)


@pytest.mark.parametrize(
    "error", [NotFound("none"), CloudError("Unable to describe task definition.", code="ClientException")]
)
def test_a_revision_that_is_not_there_is_refused_by_its_name(error: CloudError) -> None:
    place = world()
    place.cloud.fail("task_definition", None, error)
    with pytest.raises(Refused, match=r"There is no revision app:9\.") as caught:
        observe.known(place.cloud, b.SETTINGS, place.live(), Goal(revision="app:9"), (), {})
    assert "inv app.history" in caught.value.cure


def test_a_revision_that_may_not_be_read_names_the_permission() -> None:
    place = world()
    place.cloud.fail("task_definition", None, Denied("no"))
    with pytest.raises(Denied):
        observe.known(place.cloud, b.SETTINGS, place.live(), Goal(revision="app:9"), (), {})


@pytest.mark.parametrize(
    ("pinned", "looked_up", "why_not"),
    [
        (f"{b.URI}@{b.DIGEST}", 1, ""),
        (f"{b.URI}:v7", 0, "names its image by tag"),
        (f"public.ecr.aws/other/thing@{b.DIGEST}", 0, "is not the repository of app"),
    ],
)
def test_the_image_that_a_revision_pins(pinned: str, looked_up: int, why_not: str) -> None:
    place = world()
    place.cloud.images[b.DIGEST] = b.image()
    place.cloud.definitions[b.NEW] = b.definition(b.NEW, image=pinned)
    goal = Goal(revision=b.NEW)
    found = observe.known(place.cloud, b.SETTINGS, place.live(), goal, (), {})
    assert (place.cloud.sent("image"), found.image is not None) == (looked_up, bool(looked_up))
    assert why_not in found.unchecked
    again = observe.known(place.cloud, b.SETTINGS, place.live(), goal, (), {}, before=found)
    assert (place.cloud.sent("image"), again.wanted) == (looked_up, found.wanted)


@pytest.mark.parametrize("name", ["cluster", "service", "repository"])
def test_a_name_that_nothing_tells_is_asked_for(name: str) -> None:
    missing: Any = {name: None}
    with pytest.raises(Refused, match="Nothing says") as caught:
        known(world(), settings=replace(b.SETTINGS, **missing))
    assert f"`{name}`" in caught.value.cure
