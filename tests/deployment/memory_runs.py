"""Whole runs on the cloud in memory, each from a machine of its own, and deploys that die at a call of our choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from ecs_deployment import deploy as job
from ecs_deployment.journal import Entry, last_proven, read
from ecs_deployment.known import Action, Request
from ecs_deployment.outcome import Result
from ecs_deployment.rollout_state import Limits
from ecs_deployment.settings import Environment
from ecs_deployment.survey import Setting, Wishes

from tests.deployment import builders as b
from tests.deployment.memory_cloud import MemoryCloud, World, completes, crashes

ENVIRONMENT = Environment("staging", "aws", account="000000000000", journal="deploys", services=(b.SETTINGS,))
LIVE_OWNER = 170.0  # seconds after which nobody has heard of an owner, but its lease still runs


class Killed(BaseException):
    """The process ends here."""


def place(*, asleep: bool = False, proven: bool = True, broken: bool = False) -> World:
    """A service on revision 1 at 0/200, scaled between 0 and 4, and `demo` to be deployed."""
    made = World(desired=0 if asleep else 1, floor=0)
    made.cloud.scalable["app"] = b.scaling()
    # Whatever is made of the image must be what the definition pins, as in the world outside.
    made.cloud.images[b.DIGEST] = b.image(tag="")
    made.cloud.images[b.OTHER_DIGEST] = b.image(
        tag="", digest=b.OTHER_DIGEST, accepted=frozenset({b.OTHER_DIGEST})
    )
    made.cloud.definitions[b.OLD] = b.definition(image=f"{b.URI}@{b.OTHER_DIGEST}")
    made.cloud.progress = honestly(crashes if broken else completes)
    if proven:
        held = made.hold()
        held.record(revision=b.OLD, tag="old", digest=b.OTHER_DIGEST, before=b.OLD)
        held.close("deployed", proven=True)
    return made


def honestly(progress: Callable[[MemoryCloud, str], None]) -> Callable[[MemoryCloud, str], None]:
    """The same, with tasks of revision 1 that run revision 1's image, and none at desired 0."""
    old = replace(b.task().containers[0], image_digest=b.OTHER_DIGEST)

    def act(cloud: MemoryCloud, name: str) -> None:
        seen = cloud.known[name]
        if not seen.desired and seen.running:
            cloud.running[name] = []
            done = tuple(replace(d, rollout_state="COMPLETED", running=0) for d in seen.deployments[:1])
            cloud.put(name, replace(seen, running=0, deployments=done))
            return
        progress(cloud, name)
        cloud.running[name] = [
            replace(task, containers=(old,)) if task.task_definition == b.OLD else task
            for task in cloud.running[name]
        ]

    return act


def act(
    world: World, action: Action = "deploy", tag: str = "", *, wait: float = 0.0, **request: Any
) -> Result:
    """One run from a machine of its own, to its result."""
    setting = Setting(world.cloud, ENVIRONMENT, world.clock, world.told.append, world.interrupts)
    wishes = Wishes(limits=Limits(no_progress=60.0), probe=False, wait_for_lock=wait)
    report = job.deploy(setting, Request("staging", tag, action=action, **request), wishes)
    (result,) = report.services
    assert report.exit_code == result.outcome.exit_code
    return result


def killed_at(call: int, **kind: bool) -> World | None:
    """The world after a deploy that died right before its call of that number; None where it ended before."""
    world = place(**kind)
    begun = len(world.cloud.log)

    def die(_: str) -> None:
        if len(world.cloud.log) - begun > call:
            raise Killed

    world.cloud.before = die
    try:
        act(world, tag="demo")
    except Killed:
        world.cloud.before = lambda _: None
        world.clock.now += 200.0  # its lease runs out
        return world
    return None


def deaths(**kind: bool) -> Iterator[World]:
    call = 0
    while world := killed_at(call, **kind):
        yield world
        call += 1
    assert call > 20, call


def nothing_is_left(world: World) -> None:
    entries = read(world.cloud, world.path("app"))
    assert all(entry.outcome and not entry.debts for entry in entries[:1])
    assert not world.cloud.scalable["app"].suspended.scale_in
    assert world.floor() == 0


def runs(world: World) -> tuple[str, ...]:
    """What runs, and what the service is set to."""
    return (world.live().task_definition, *{task.task_definition for task in world.cloud.running["app"]})


def newest_proof(world: World) -> Entry | None:
    return last_proven(read(world.cloud, world.path("app")))


def rolling() -> Any:
    """Makes worlds in which a deploy died right after its UpdateService was noted."""

    @cache
    def point() -> int:
        call = 0
        while world := killed_at(call):
            if world.entry().deployments:
                return call
            call += 1
        raise AssertionError

    def make() -> World:
        world = killed_at(point())
        assert world
        return world

    return make
