"""Works out what an apply would do to the stack of one service. Changes nothing but change sets.

A deploy registers revisions and moves the desired count behind CloudFormation's back. Three rules keep a stack
update from undoing that:

* the service keeps the revision that it runs (`RunningRevision`), and its desired count is never given again;
* only where the template's own task definition changes does the service get a new revision, with the image that
  runs now; what somebody else has changed in the running revision would be lost then, and is named;
* before the service is touched at all, what it runs is written into the stack by an update that changes nothing
  else. So CloudFormation's own rollback, which goes back to what the stack knew, goes back to what runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ecs_deployment.clock import Clock
from ecs_deployment.errors import Refused
from ecs_deployment.settings import DEFAULT_JOURNAL, Environment, ServiceSettings

from ecs_provisioning import changeset, condition, gone, live, stack, surroundings, template
from ecs_provisioning.calls import Aws, call
from ecs_provisioning.changeset import KEEP, Change, ChangeSet
from ecs_provisioning.live import Live
from ecs_provisioning.names import completed, filled, stack_name
from ecs_provisioning.parameters import checked, for_new, for_update, values
from ecs_provisioning.stack import Stack


@dataclass(frozen=True)
class Wish:
    """One service of an environment, and parameters of the template that were asked for by name.

    `journal` is the environment's: the prefix of its SSM parameters, or "off". `siblings`: its other services.
    """

    environment: str
    service: ServiceSettings
    parameters: Mapping[str, str] = field(default_factory=dict)
    journal: str = DEFAULT_JOURNAL
    siblings: tuple[str, ...] = ()


def wishes(
    environment: Environment, services: Sequence[ServiceSettings], parameters: Mapping[str, str]
) -> list[Wish]:
    """A wish for each of those services of the environment."""
    names = [one.name for one in environment.services]
    return [
        Wish(
            environment.name,
            one,
            parameters,
            environment.journal,
            tuple(name for name in names if name != one.name),
        )
        for one in services
    ]


@dataclass(frozen=True)
class Prepared:
    """What would be done. `stack` None: it is to be made. Nothing in `changes`: nothing is to be done.

    `adopt`: parameters that the stack has to learn first. `lost`: what the running revision has and the new one
    would not. `gone`: what somebody has deleted by other means, and is to be made anew. `values`: what every parameter
    of the template would come to; `body`: the template itself. `first` is a change set that has been worked out and
    still stands, if any.
    """

    name: str
    service: ServiceSettings
    stack: Stack | None
    parameters: Mapping[str, Any]
    changes: tuple[Change, ...]
    live: Live | None = None
    rolls: bool = False
    adopt: Mapping[str, str] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    gone: tuple[Change, ...] = ()
    first: ChangeSet | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


def prepare(aws: Aws, wish: Wish, clock: Clock) -> Prepared:
    """Work it out. Raises `Refused` where it cannot be done as things stand."""
    name = stack_name(wish.environment, wish.service.name)
    found = stack.read(aws, name)
    defaults = _defaults(aws)
    wishes = checked(wish.parameters, defaults, template.allowed())
    if found is None:
        return _new(aws, name, wish, wishes, defaults, clock)
    condition.check(aws, found, wish.environment)
    before = found.parameters
    parameters = for_update(
        wish.service, _named_on_github(wish, wishes, before), defaults, before, wish.journal
    )
    parameters |= surroundings.origins(aws, before, values(parameters, before, defaults))
    parameters |= _shared_role(aws, wish, before, values(parameters, before, defaults))
    all_values = values(parameters, before, defaults)
    body = template.body(all_values, wish.environment)
    first = changeset.create(aws, name, parameters, clock, body=body)
    service = _named(wish.service, found)
    missing = gone.of(aws, found)
    if missing:  # wanted again, after the stack has given it up
        parameters |= {one: all_values[one] for one in gone.given_up(missing)}
    plain = Prepared(
        name,
        service,
        found,
        parameters,
        (*first.changes, *missing),
        values=all_values,
        body=body,
        gone=missing,
    )
    if missing or not first.changes:
        changeset.discard(aws, first)
    if not plain.changes:
        return plain
    now = live.read(aws, service.cluster or "", service.service or "", service.containers[0])
    rolls = first.touches("TaskDefinition")
    touched = rolls or first.touches("Service") or any(one.logical == "ErrorAlarm" for one in missing)
    kept = None if missing else first
    if now is None or not touched:
        return replace(plain, live=now, first=kept)
    own = stack.physical(aws, found, "TaskDefinition")
    settled = {"FirstTime": "no", "RunningRevision": "" if now.revision == own else now.revision}
    adopt = {key: value for key, value in settled.items() if before.get(key) != value}
    lost: tuple[str, ...] = ()
    if rolls:
        if now.revision != own:
            lost = tuple(live.differences(now.content, live.definition(aws, own)))
        settled |= {"RunningRevision": "", "Image": now.image}
    whole = replace(plain, live=now, rolls=rolls, adopt=adopt, lost=lost)
    if all(parameters.get(key) == value for key, value in settled.items()) and not adopt:
        return replace(whole, first=kept)
    if kept is not None:
        changeset.discard(aws, kept)
    return replace(whole, parameters={**parameters, **settled})


def worked_out(aws: Aws, prepared: Prepared, clock: Clock) -> ChangeSet:
    """The change set that does it."""
    if prepared.first is not None:
        return prepared.first
    return changeset.create(aws, prepared.name, prepared.parameters, clock, body=prepared.body)


def adoption(aws: Aws, prepared: Prepared, clock: Clock) -> ChangeSet:
    """The change set by which the stack learns what the service runs."""
    assert prepared.stack is not None
    kept: dict[str, Any] = dict.fromkeys(prepared.stack.parameters, KEEP)
    return changeset.create(aws, prepared.name, {**kept, **prepared.adopt}, clock)


def surrender(aws: Aws, prepared: Prepared, clock: Clock) -> ChangeSet:
    """The change set by which the stack gives up what is gone: the next one makes it anew."""
    assert prepared.stack is not None
    names: dict[str, Any] = dict.fromkeys(prepared.stack.parameters, KEEP)
    return changeset.create(aws, prepared.name, {**names, **gone.given_up(prepared.gone)}, clock)


def forget(aws: Aws, prepared: Prepared) -> None:
    """Throw away what was only worked out to be shown."""
    if prepared.first is not None:
        changeset.discard(aws, prepared.first, new=prepared.stack is None)


def _new(
    aws: Aws,
    name: str,
    wish: Wish,
    wishes: Mapping[str, str],
    defaults: Mapping[str, str],
    clock: Clock,
) -> Prepared:
    service = completed(wish.environment, wish.service)
    assert service.cluster is not None
    assert service.repository is not None
    assert service.service is not None
    cluster_exists = surroundings.cluster_exists(aws, service.cluster)
    if cluster_exists and surroundings.service_exists(aws, service.cluster, service.service):
        raise Refused(
            f"Service {service.service} is there already in cluster {service.cluster}, and no stack {name} made it.",
            "To deploy it nothing is to be applied: its names in environments.toml are enough. To have one made, name "
            "another.",
        )
    parameters = for_new(
        service,
        _named_on_github(wish, wishes, {}),
        network=surroundings.network(aws, wishes),
        cluster_exists=cluster_exists,
        repository_exists=surroundings.repository_exists(aws, service.repository),
        journal=wish.journal,
    )
    parameters |= surroundings.origins(aws, {}, values(parameters, {}, defaults))
    parameters |= _shared_role(aws, wish, {}, values(parameters, {}, defaults))
    all_values = values(parameters, {}, defaults)
    body = template.body(all_values, wish.environment)
    first = changeset.create(aws, name, parameters, clock, body=body, new=True)
    return Prepared(name, service, None, parameters, first.changes, first=first, values=all_values, body=body)


def _named_on_github(wish: Wish, wishes: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """The wishes with GitHub's environment, which is called like ours unless something else was asked for."""
    named = before.get("GitHubEnvironment") or wish.environment
    return {"GitHubEnvironment": named, **wishes}


def _shared_role(aws: Aws, wish: Wish, before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """The role by which the same workflows deploy another service of the environment: they can take on only one."""
    if not after.get("GitHubRepository") or before.get("GitHubRepository"):
        return {}
    same = ("GitHubRepository", "GitHubEnvironment")
    for name in wish.siblings:
        found = stack.read(aws, stack_name(wish.environment, name))
        if found and all(found.parameters.get(one) == after.get(one) for one in same):
            shared = found.parameters.get("DeployRoleName") or found.outputs.get("DeployRoleName", "")
            return {"DeployRoleName": shared}
    return {}


def _named(service: ServiceSettings, found: Stack) -> ServiceSettings:
    """The names under which the service stands now: those of the stack."""
    bare = ServiceSettings(service.name, health_path=service.health_path, idle_minutes=service.idle_minutes)
    return filled(bare, found.outputs)


def _defaults(aws: Aws) -> dict[str, str]:
    """The template's parameters, as AWS reads it, and their defaults; "" where there is none."""
    answer = call(aws.read("cloudformation"), "validate_template", TemplateBody=template.body())
    return {one["ParameterKey"]: one.get("DefaultValue", "") for one in answer["Parameters"]}
