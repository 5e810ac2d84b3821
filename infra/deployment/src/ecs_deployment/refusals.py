"""Why a deploy is not even begun: each reason with its cure. Pure; the first one that holds decides."""

from __future__ import annotations

from dataclasses import dataclass

from ecs_deployment import model, suggest
from ecs_deployment.envelope import Envelope
from ecs_deployment.known import Known, Request
from ecs_deployment.reference import is_placeholder
from ecs_deployment.settings import ServiceSettings

_DOCKER_NAMES = {"X86_64": "amd64", "ARM64": "arm64"}


@dataclass(frozen=True)
class Refusal:
    """Nothing was changed, because of `what`; `cure` says what to do."""

    what: str
    cure: str


def first(
    known: Known, settings: ServiceSettings, containers: tuple[str, ...], request: Request
) -> Refusal | None:
    """The first reason against this run, None where there is none."""
    if known.goal.adopts:  # it rolls already, whatever there was to say against it
        return _kind(known.snapshot.service)
    if known.goal.at_zero:
        return (
            _kind(known.snapshot.service)
            or _under_way(known, supersede=request.supersede)
            or (_wakes_at_once(known.snapshot) if request.action == "sleep" else None)
        )
    return (
        _kind(known.snapshot.service)
        or _containers(known.base, containers)
        or _placeholder(known, containers, request)
        or _image(known, settings)
        or _architecture(known)
        or _older(known, request)
        or _under_way(known, supersede=request.supersede)
        or _capacity(known.snapshot)
        or _envelope(known.snapshot.service, settings)
    )


def _kind(service: model.Service) -> Refusal | None:
    name = f"Service {service.name!r} in cluster {service.cluster!r}"
    if service.status != "ACTIVE":
        return Refusal(f"{name} is {service.status}.", "Create it with `inv infra.apply`.")
    strategy = service.configuration.get("strategy", "ROLLING")
    if service.controller != "ECS" or strategy != "ROLLING":
        kind = service.controller if service.controller != "ECS" else strategy
        return Refusal(
            f"{name} deploys by {kind}; this task rolls services of the ECS controller only.",
            'Set deploymentController "ECS" and strategy "ROLLING", or deploy it with the tool it was made for.',
        )
    if service.scheduling != "REPLICA":
        return Refusal(f"{name} is a {service.scheduling} service.", "Only REPLICA services are rolled.")
    return None


def _containers(current: model.TaskDefinition, containers: tuple[str, ...]) -> Refusal | None:
    known = [d["name"] for d in current.content["containerDefinitions"]]
    if not containers:
        return Refusal(
            f"{current.short} has several containers ({', '.join(known)}) and none is named.",
            "Name those that get the image as `container` in environments.toml.",
        )
    missing = [name for name in containers if name not in known]
    if missing:
        return Refusal(
            f"{current.short} has no container {', '.join(map(repr, missing))}; it has {', '.join(known)}.",
            "Correct `container` in environments.toml.",
        )
    return None


def never_deployed(definition: model.TaskDefinition, containers: tuple[str, ...]) -> bool:
    """Whether a revision is the one that a stack began with, and no image was put in since."""
    return any(
        is_placeholder(d["image"])
        for d in definition.content["containerDefinitions"]
        if d["name"] in containers
    )


def _placeholder(known: Known, containers: tuple[str, ...], request: Request) -> Refusal | None:
    """A revision that shall run as it is, but names no image. Undoing a first deploy leads back to it all the same."""
    if known.goal.image or request.action == "abort" or not never_deployed(known.base, containers):
        return None
    which = f"{known.base.short} has only the placeholder image that its stack began with"
    if known.wanted and known.wanted.arn != known.current.arn:
        cure = f"Go to another revision{_proven(known)}, or deploy a tag."
        return Refusal(f"{which}: nothing was ever deployed on it.", cure)
    return Refusal(f"Nothing was ever deployed: {which}.", "Run `inv app.deploy --tag TAG`.")


def _image(known: Known, settings: ServiceSettings) -> Refusal | None:
    if known.image or known.unchecked:
        return None
    if known.wanted:
        return Refusal(
            f"The image of {known.wanted.short} is no longer in repository {settings.repository!r}, so no task "
            "of it could start.",
            f"Go to another revision{_proven(known)}, or deploy a tag.",
        )
    named = known.goal.image or known.goal.tag
    which = named if named.startswith("sha256:") else f"with tag {named}"
    like = suggest.tags(named, known.tags) or "Check --tag."
    if near := suggest.nearest(named, known.tags):
        like += f" Then `inv app.deploy --tag {near}`."
    publish = f"`inv app.build --tag {named}` publishes it." if settings.build else "Or publish it first."
    return Refusal(
        f"The registry has no image {which} in repository {settings.repository!r}.", f"{like} {publish}"
    )


def _proven(known: Known) -> str:
    """The command that goes to the newest revision that was proven and is another than the one whose image is gone."""
    gone = known.wanted.arn if known.wanted else ""
    other = next((arn for arn in known.proven if arn not in (gone, known.current.arn)), "")
    return f" with `inv app.rollback --to {other.rsplit('/', 1)[-1]}`" if other else ""


def _architecture(known: Known) -> Refusal | None:
    if not known.image or not known.image.architectures:
        return None
    wanted = known.base.content.get("runtimePlatform", {}).get("cpuArchitecture", "X86_64")
    docker = _DOCKER_NAMES.get(wanted, wanted)
    if docker in known.image.architectures:
        return None
    built = ", ".join(sorted(known.image.architectures))
    return Refusal(
        f"The image is built for {built}, but the service runs on {docker} ({wanted}).",
        f"Build it for linux/{docker}, or change runtimePlatform of the task definition.",
    )


def _older(known: Known, request: Request) -> Refusal | None:
    """An older commit that overtakes a newer one is an accident far more often than a wish."""
    order = known.order
    if order is None or order.kind != "older" or request.force:
        return None
    return Refusal(
        f"{request.tag} is commit {order.commit[:12]}, which is older than {order.running[:12]}, which runs.",
        f"Deploy it all the same with --force, or go back with `inv app.rollback --to {request.tag}`.",
    )


def _under_way(known: Known, *, supersede: bool) -> Refusal | None:
    """A rollout of somebody else; one that fails by itself does not block a hotfix."""
    primary = known.snapshot.service.primary
    if (
        primary is None
        or primary.rollout_state != "IN_PROGRESS"
        or primary.id in known.inherited
        or primary.id == known.goal.replaces
        or primary.task_definition in known.unfinished
        or supersede
    ):
        return None
    if primary.failed_tasks and primary.running < primary.desired:
        return None
    return Refusal(
        f"Another deployment is under way: {primary.id} to {primary.task_definition.rsplit('/', 1)[-1]}, "
        f"{primary.running} of {primary.desired} tasks running.",
        "Wait until it is over, or replace it with --supersede.",
    )


def _capacity(snapshot: model.Snapshot) -> Refusal | None:
    if snapshot.scaling and snapshot.scaling.max_capacity == 0:
        return Refusal(
            "The scalable target's MaxCapacity is 0, so autoscaling would take the service down at once.",
            "Raise MaxCapacity to at least 1.",
        )
    return None


def _wakes_at_once(snapshot: model.Snapshot) -> Refusal | None:
    """Any change of a scalable target lifts the count to its least (botocore, RegisterScalableTarget)."""
    least = snapshot.scaling.min_capacity if snapshot.scaling else 0
    if not least:
        return None
    return Refusal(
        f"The scalable target's MinCapacity is {least}, so autoscaling would bring the service back from 0.",
        "Set MinCapacity to 0 for a service that is to sleep.",
    )


def _envelope(service: model.Service, settings: ServiceSettings) -> Refusal | None:
    """A ceiling that forbids starting first is never raised unasked: often it means "never two at once"."""
    live = Envelope.of(service.configuration)
    if not service.desired or live.starts_first(service.desired) or settings.overlap:
        return None
    if settings.interruption == "accepted" and not live.keeps_all(service.desired):
        return None
    return Refusal(
        f"With {live} and {service.desired} task(s) no new task may start before an old one stops.",
        "Set `overlap = true` for this service to raise the ceiling for the rollout, or "
        '`interruption = "accepted"` (with a minimumHealthyPercent that allows it) to accept the gap.',
    )
