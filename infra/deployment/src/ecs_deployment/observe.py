"""Cloud -> Snapshot: every look at the world. Reads only, and says nothing about what it sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ecs_deployment import diagnose, model
from ecs_deployment.attention import EVERYTHING, FOR_THE_PROOF
from ecs_deployment.cloud import Cloud
from ecs_deployment.errors import CloudError, Denied, NotFound, NotOffered, Refused
from ecs_deployment.goal import Goal
from ecs_deployment.journal_entry import Entry
from ecs_deployment.known import Known
from ecs_deployment.reference import parse
from ecs_deployment.rollout_state import Part
from ecs_deployment.settings import ServiceSettings

_LOOKS = 3  # at a service whose answer lags behind


def service(cloud: Cloud, cluster: str, name: str, *, than: model.Service | None = None) -> model.Service:
    """The service itself. Refuses where there is none.

    `than` is an earlier look: an answer that is older is asked for again, since AWS's reads may lag behind.
    """
    for _ in range(_LOOKS):
        try:
            found = cloud.services(cluster, [name]).get(name)
        except NotFound as error:
            raise Refused(
                f"There is no cluster {cluster!r}.",
                "Create it with `inv infra.apply`, or correct `cluster`.",
            ) from error
        if found is None:
            break
        if not is_older(found, than):
            return found
    if found is not None:  # a rollback leads to an older deployment, too
        return found
    raise Refused(
        f"Cluster {cluster!r} has no service {name!r}.",
        "Create it with `inv infra.apply`, or correct `service` in environments.toml.",
    )


def is_older(seen: model.Service, than: model.Service | None) -> bool:
    """Whether a look is from before another one: the newest deployment that it knows is."""
    if than is None or than.primary is None or seen.primary is None:
        return False
    return seen.primary.created_at < than.primary.created_at


def complete(
    cloud: Cloud, seen: model.Service, parts: Iterable[Part], *, deployment: str = "", since: float = 0.0
) -> model.Snapshot:
    """A snapshot of a service that was just described, with the named parts.

    `deployment` is the id ("ecs-svc/...") whose service deployment is wanted, the newest one's where it is
    left out; `since` is when it began, by AWS's clock.
    """
    wanted = frozenset(parts)
    primary = seen.primary
    number = (deployment or (primary.id if primary else "")).rsplit("/", 1)[-1]
    began = since or (primary.created_at if primary else 0.0)
    groups = tuple(dict.fromkeys(lb.target_group for lb in seen.load_balancers))
    running = tuple(cloud.tasks(seen.cluster, seen.name, stopped=False)) if Part.TASKS in wanted else ()
    stopped = tuple(cloud.tasks(seen.cluster, seen.name, stopped=True)) if Part.STOPPED in wanted else ()
    return model.Snapshot(
        service=seen,
        running=running,
        stopped=stopped,
        targets=tuple(t for g in groups for t in cloud.targets(g)) if Part.TARGETS in wanted else (),
        checks=_checks(cloud, groups) if diagnose.failed_a_target_check(stopped) else (),
        deployment=_deployment(cloud, seen, number, began) if Part.DEPLOYMENT in wanted and number else None,
    )


def whole(cloud: Cloud, cluster: str, name: str) -> model.Snapshot:
    """Everything about one service, scaling too: for `app.status` and `app.verify`."""
    found = service(cloud, cluster, name)
    return replace(complete(cloud, found, EVERYTHING), scaling=cloud.scaling(cluster, name))


def _deployment(
    cloud: Cloud, seen: model.Service, number: str, since: float
) -> model.ServiceDeployment | None:
    """The newer view of the rollout; without permission for it the older one has to do."""
    try:
        return cloud.service_deployment(seen.cluster, seen.name, number, since)
    except (Denied, NotFound):
        return None


def _checks(cloud: Cloud, groups: tuple[str, ...]) -> tuple[model.HealthCheck, ...]:
    """What the target groups ask for; it only makes the cause of a failure easier to read."""
    try:
        return tuple(cloud.health_checks(groups)) if groups else ()
    except (Denied, NotFound):
        return ()


def known(
    cloud: Cloud,
    settings: ServiceSettings,
    seen: model.Service,
    goal: Goal,
    entries: tuple[Entry, ...],
    proven_at: Mapping[str, str],
    *,
    before: Known | None = None,
) -> Known:
    """All that planning needs for a service that was just described. `entries` are the journal's, newest first.

    Tasks and targets decide something only where what is wanted runs already; the first time they are read all
    the same, since the proof will read them and a missing permission should be known before anything is changed.
    `before` is an earlier answer: its image stands for the same goal, and its task definitions for the same revisions.
    """
    cluster, name = named(settings)
    had = {d.arn: d for d in ((before.current, before.wanted) if before else ()) if d}
    current = had.get(seen.task_definition) or cloud.task_definition(seen.task_definition)
    wanted = _wanted(cloud, goal, {**had, current.arn: current})
    if before and (before.goal.image, before.goal.revision) == (goal.image, goal.revision):
        found, unchecked = before.image, before.unchecked
    elif wanted:
        found, unchecked = _pinned_image(cloud, settings, wanted)
    else:
        found, unchecked = image(cloud, settings, goal.image) if goal.image else (None, "")
    others = tags(cloud, settings) if goal.image and found is None and not unchecked else ()
    definitions = current.content["containerDefinitions"]
    pinned = found is not None and any(found.digest in d["image"] for d in definitions)
    runs = wanted.arn == current.arn if wanted else pinned
    parts = FOR_THE_PROOF if runs and seen.desired else frozenset[Part]()
    if before is None and not parts:
        parts = frozenset({Part.TASKS, Part.TARGETS})
    scaling = cloud.scaling(cluster, name)
    sleeps = scaling is not None and scaling.min_capacity == 0
    return Known(
        snapshot=replace(complete(cloud, seen, parts), scaling=scaling),
        current=current,
        image=found,
        unchecked=unchecked,
        tags=others,
        proven=tuple(dict.fromkeys(e.revision for e in entries if e.proven and e.revision)),
        proven_at=proven_at,
        idle=before.idle if before else _idle_alarm(cloud, cluster, name) if sleeps else None,
        unfinished=frozenset(
            e.revision for e in entries if e.revision and not e.outcome and e.revision != e.before
        ),
        inherited=frozenset(number for entry in entries for number in entry.deployments),
        goal=goal,
        wanted=wanted,
    )


def _wanted(cloud: Cloud, goal: Goal, had: Mapping[str, model.TaskDefinition]) -> model.TaskDefinition | None:
    """The revision that the goal names."""
    if not goal.revision or goal.nothing:
        return None
    try:
        return had.get(goal.revision) or cloud.task_definition(goal.revision)
    except CloudError as error:
        # AWS calls a revision that is not there, or was deleted, a ClientException.
        if not isinstance(error, NotFound) and error.code != "ClientException":
            raise
        raise Refused(
            f"There is no revision {goal.revision.rsplit('/', 1)[-1]}.",
            "Name another one; `inv app.history` lists what was proven.",
        ) from error


def _pinned_image(
    cloud: Cloud, settings: ServiceSettings, wanted: model.TaskDefinition
) -> tuple[model.Image | None, str]:
    """The image that the revision pins, if it is one of the service's own repository."""
    definitions = wanted.content["containerDefinitions"]
    names = settings.containers or tuple(d["name"] for d in definitions[:1] if len(definitions) == 1)
    images = [parse(d["image"]) for d in definitions if d["name"] in names]
    pinned = next((image for image in images if image.digest), None)
    if pinned is None:
        return None, f"{wanted.short} names its image by tag, so its digest is not known."
    if not settings.repository or pinned.name.rpartition("/")[2] != settings.repository.rpartition("/")[2]:
        return None, f"{pinned.name} is not the repository of {settings.name}."
    return image(cloud, settings, pinned.digest)


def _idle_alarm(cloud: Cloud, cluster: str, name: str) -> model.IdleAlarm | None:
    """The alarm that puts it to sleep; without permission to see it the deploy does without."""
    try:
        return cloud.idle_alarm(cluster, name)
    except (Denied, NotOffered):
        return None


def tags(cloud: Cloud, settings: ServiceSettings) -> tuple[str, ...]:
    """What there is instead of a tag that is not; none where it may not be listed: it is only for the advice."""
    try:
        return tuple(cloud.tags(settings.repository)) if settings.repository else ()
    except CloudError:
        return ()


def named(settings: ServiceSettings) -> tuple[str, str]:
    """Cluster and service. Refuses where neither the settings nor the stack name them."""
    if not settings.cluster or not settings.service:
        missing = "cluster" if not settings.cluster else "service"
        raise Refused(
            f"Nothing says which {missing} {settings.name!r} is.", f"Set `{missing}` in environments.toml."
        )
    return settings.cluster, settings.service


def image(cloud: Cloud, settings: ServiceSettings, tag: str) -> tuple[model.Image | None, str]:
    """The image, or why a foreign registry could not be asked."""
    if not settings.repository:
        raise Refused(f"Nothing says where the images of {settings.name!r} are.", "Set `repository`.")
    foreign = "." in settings.repository.split("/", 1)[0] and "/" in settings.repository
    try:
        return cloud.image(settings.repository, tag), ""
    except (Denied, NotFound) as error:
        if not foreign:
            raise
        return None, error.what
