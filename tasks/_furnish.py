"""The embedded ECS with every service of an environment on it: its stack, and the sample in its repository.

The stacks come from the same template that AWS gets. Only the tasks know both members.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tasks._place import environments_file

if TYPE_CHECKING:
    from ecs_deployment.settings import Environment, ServiceSettings
    from ecs_local.client import Engine

    from tasks._connect import Tell
    from tasks._connection import Connection


def furnished(
    found: Connection, engine: Engine, tell: Tell, *, anew: bool = False
) -> tuple[Environment, bool]:
    """The environment with the names and urls of what is there, and whether something had to be made.

    What `infra.destroy` has taken away stays away unless `anew`: a look undoes nothing.
    """
    from ecs_local import client
    from ecs_provisioning.names import completed

    environment = found.environment
    services = tuple(completed(environment.name, service) for service in environment.services)
    facts = client.status(engine)
    lacking = [one for one in services if _lacks_stack(facts, one) or _lacks_image(facts, one)]
    if lacking and not anew:
        lacking = [one for one in lacking if not _taken_away(found, one)]
    if lacking:
        with client.alone(engine):  # of two commands that find it bare one furnishes it, and the other waits
            facts = client.status(engine)
            for service in lacking:
                _furnish(found, engine, service, facts, tell)
        facts = client.status(engine)
    urls = {(one["cluster"], one["service"]): one["url"] for one in facts["services"]}
    reachable = tuple(replace(s, url=s.url or urls.get((s.cluster, s.service))) for s in services)
    return replace(environment, services=reachable), bool(lacking)


def furnish_all(tell: Tell) -> None:
    """The same for every local environment of the settings."""
    from ecs_deployment import settings

    from tasks._connect import connect

    for one in settings.load(environments_file()).environments.values():
        if one.provider == "local":
            connect(one.name, anew=True, tell=tell)


def _lacks_stack(facts: dict[str, Any], service: ServiceSettings) -> bool:
    there = {(one["cluster"], one["service"]) for one in facts["services"]}
    return (service.cluster, service.service) not in there


def _lacks_image(facts: dict[str, Any], service: ServiceSettings) -> bool:
    """One that the settings named after the stack was made is not there yet: `infra.apply` makes it."""
    found: list[str] | None = facts["tags"].get(service.repository)
    return found is not None and not found


def _taken_away(found: Connection, service: ServiceSettings) -> bool:
    from ecs_provisioning import stack
    from ecs_provisioning.names import stack_name

    return stack.taken_away(found.aws, stack_name(found.environment.name, service.name))


def _furnish(
    found: Connection, engine: Engine, service: ServiceSettings, facts: dict[str, Any], tell: Tell
) -> None:
    if _lacks_stack(facts, service):
        from ecs_deployment.clock import RealClock
        from ecs_provisioning.apply import apply
        from ecs_provisioning.lock import Unlocked
        from ecs_provisioning.prepare import Wish

        wish = Wish(found.environment.name, service, journal=found.environment.journal)
        made = apply(found.aws, wish, RealClock(), lambda _: None, lambda *_: nullcontext(Unlocked()))
        tell(
            f"Created stack {made.name}: service {service.service} in cluster {service.cluster}, at desired 0 until "
            "its first deploy."
        )
    if not facts["tags"].get(service.repository):
        from ecs_local import images_publish

        images_publish.publish_sample(service.repository or "", endpoint=engine.url, ecr=found.changes("ecr"))
