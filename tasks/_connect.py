"""Environment name -> a ready connection. The only place that knows every member.

For `provider = "local"` it starts the embedded ECS where none runs, makes the stacks of its services from the same
template that AWS gets, and publishes the sample; for `aws` it only connects. Names that the settings leave out are
those of the stack.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tasks._options import engine_home, environments_file

if TYPE_CHECKING:
    from ecs_deployment.cloud import Cloud
    from ecs_deployment.settings import Environment, ServiceSettings
    from ecs_local.client import Engine
    from ecs_provisioning.calls import Aws

_PATIENCE_LOCAL = 5.0  # seconds: an engine on this machine that does not answer is gone
_PATIENCE_AWS = 120.0

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Connection:
    """An environment with every name filled in, and the port to it.

    `clients` makes boto3 clients that may repeat a request, `changes` such that send each once.
    """

    environment: Environment
    cloud: Cloud
    clients: Callable[[str], Any]
    changes: Callable[[str], Any]
    blind_patience: float
    engine: Engine | None = None

    @property
    def aws(self) -> Aws:
        """The account as `ecs_provisioning` wants it."""
        from ecs_provisioning.calls import Aws

        return Aws(self.clients, self.changes)


def connect(name: str, *, tell: Tell | None = None) -> Connection:
    """Connect to the environment of that name. `tell` hears what is being started; stderr by default."""
    say = tell or _stderr
    found = attach(name, tell=say)
    named = _furnished(found, found.engine, say) if found.engine is not None else _named_by_stacks(found)
    _spare(named.environment)
    return named


def look_at(name: str) -> Connection:
    """The same for whoever only looks: another account may have services of the very same names."""
    from ecs_deployment.survey import check_account

    found = connect(name)
    if found.environment.account:
        check_account(found.cloud, found.environment)
    return found


def attach(name: str, *, tell: Tell | None = None) -> Connection:
    """The same, but nothing is made and no name is looked up: for whoever makes the stacks."""
    from ecs_deployment import settings

    found = settings.environment(settings.load(environments_file()), name)
    return _local(found, tell or _stderr) if found.provider == "local" else _aws(found)


def _spare(environment: Environment) -> None:
    """The names that are printed anyhow are not masked where a container's environment repeats one of them."""
    from ecs_deployment import masking

    masking.spare((environment.name, environment.account, environment.region))
    for one in environment.services:
        masking.spare((one.name, one.cluster, one.service, *one.containers, one.repository, one.url))


def _stderr(text: str) -> None:
    print(text, file=sys.stderr)


def _aws(environment: Environment) -> Connection:
    from ecs_deployment import aws
    from ecs_deployment.errors import SettingsError

    if environment.region is None:
        raise SettingsError(
            f"{environments_file()}: environments.{environment.name} has no region.",
            'Add for example region = "eu-west-3".',
        )
    session = aws.Session(environment.region)
    return Connection(environment, aws.AwsCloud(session), session.read, session.change, _PATIENCE_AWS)


def _local(environment: Environment, tell: Tell) -> Connection:
    from ecs_deployment import aws
    from ecs_local import client

    engine = client.up(engine_home())
    if engine.started:
        tell(f"Started the embedded ECS: {engine.url}, pid {engine.pid}. Stop it with: inv local.down")
    session = aws.local_session(client.environment(engine))
    return Connection(
        environment, aws.AwsCloud(session), session.read, session.change, _PATIENCE_LOCAL, engine
    )


def _named_by_stacks(found: Connection) -> Connection:
    """The names that the settings leave out, from the stacks' outputs; where none is left out nobody is asked."""
    from ecs_provisioning.names import filled, lacks_names

    def look(service: ServiceSettings) -> ServiceSettings:
        if not lacks_names(service):
            return service
        from ecs_provisioning.apply import existing

        stack = existing(found.aws, found.environment.name, service.name)
        return filled(service, stack.outputs) if stack is not None else service

    services = tuple(look(service) for service in found.environment.services)
    return replace(found, environment=replace(found.environment, services=services))


def _furnished(found: Connection, engine: Engine, tell: Tell) -> Connection:
    """The embedded ECS with every service of the environment on it."""
    from ecs_local import client
    from ecs_provisioning.names import completed

    environment = found.environment
    services = tuple(completed(environment.name, service) for service in environment.services)
    facts = client.status(engine)
    if any(_lacks(facts, service) for service in services):
        with _alone(engine):
            facts = client.status(engine)
            for service in services:
                _furnish(found, engine, service, facts, tell)
        facts = client.status(engine)
        found = _local(environment, tell)  # what was made beforehand is no call of the deploy
    urls = {(one["cluster"], one["service"]): one["url"] for one in facts["services"]}
    reachable = tuple(replace(s, url=s.url or urls.get((s.cluster, s.service))) for s in services)
    return replace(found, environment=replace(environment, services=reachable))


def _lacks(facts: dict[str, Any], service: ServiceSettings) -> bool:
    return _lacks_stack(facts, service) or not facts["tags"].get(service.repository)


def _lacks_stack(facts: dict[str, Any], service: ServiceSettings) -> bool:
    there = {(one["cluster"], one["service"]) for one in facts["services"]}
    return (service.cluster, service.service) not in there


def _furnish(
    found: Connection, engine: Engine, service: ServiceSettings, facts: dict[str, Any], tell: Tell
) -> None:
    """The stack of a service, and the sample in its repository."""
    from contextlib import nullcontext

    from ecs_deployment.clock import RealClock
    from ecs_provisioning.apply import apply
    from ecs_provisioning.prepare import Wish

    if _lacks_stack(facts, service):
        wish = Wish(found.environment.name, service, journal=found.environment.journal)
        made = apply(found.aws, wish, RealClock(), lambda _: None, lambda *_: nullcontext(lambda: None))
        tell(
            f"Created stack {made.name}: service {service.service} in cluster {service.cluster}, at desired 0 until "
            "its first deploy."
        )
    if not facts["tags"].get(service.repository):
        assert service.repository is not None
        _publish_sample(service.repository, engine, found.changes("ecr"))


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Of two commands that find the engine bare one furnishes it, and the other waits."""
    import fcntl

    with (engine.home / "furnish.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _publish_sample(repository: str, engine: Engine, ecr: Any) -> None:
    from ecs_local import images_publish, sample

    for tag, image in sample.variants().items():
        images_publish.publish(image.build(), repository=repository, tag=tag, endpoint=engine.url, ecr=ecr)
