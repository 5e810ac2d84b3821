"""Environment name -> a ready connection. The only place that knows every member.

For `provider = "local"` it starts the embedded ECS where none runs, creates what the services run on and
publishes the sample; for `aws` it only connects.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tasks._options import environments_file

if TYPE_CHECKING:
    from ecs_deployment.cloud import Cloud
    from ecs_deployment.settings import Environment, ServiceSettings
    from ecs_local.client import Engine

_PATIENCE_LOCAL = 5.0  # seconds: an engine on this machine that does not answer is gone
_PATIENCE_AWS = 120.0


@dataclass(frozen=True)
class Connection:
    """An environment with every name filled in, and the port to it. `clients` makes boto3 clients."""

    environment: Environment
    cloud: Cloud
    clients: Callable[[str], Any]
    blind_patience: float
    engine: Engine | None = None


def connect(name: str, *, tell: Callable[[str], None] | None = None) -> Connection:
    """Connect to the environment of that name. `tell` hears what is being started; stderr by default."""
    from ecs_deployment import settings

    found = settings.environment(settings.load(environments_file()), name)
    if found.provider == "local":
        return _local(found, tell or _stderr)
    return _aws(found)


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
    return Connection(environment, aws.AwsCloud(session), session.read, _PATIENCE_AWS)


def _local(environment: Environment, tell: Callable[[str], None]) -> Connection:
    from ecs_deployment import aws
    from ecs_local import client
    from ecs_provisioning import by_api

    from tasks.local import home

    engine = client.up(home())
    if engine.started:
        tell(f"Started the embedded ECS: {engine.url}, pid {engine.pid}. Stop it with: inv local.down")
    # A session of its own: what is created beforehand is no call of the deploy.
    session = aws.local_session(client.environment(engine))
    named = replace(environment, services=tuple(_named(environment, s) for s in environment.services))
    for service in named.services:
        names = _stack_names(service, session.region)
        if by_api.ensure(session.change, names):
            tell(
                f"Created service {names.service} in cluster {names.cluster}, at desired 0 until its first deploy."
            )
            _publish_sample(names.repository, engine, session.change("ecr"))
    urls = {(one["cluster"], one["service"]): one["url"] for one in client.status(engine)["services"]}
    reachable = tuple(replace(s, url=s.url or urls.get((s.cluster, s.service))) for s in named.services)
    return Connection(
        replace(named, services=reachable), aws.AwsCloud(session), session.read, _PATIENCE_LOCAL, engine
    )


def _named(environment: Environment, service: ServiceSettings) -> ServiceSettings:
    """The names that nobody has to write down for the embedded ECS."""
    return replace(
        service,
        cluster=service.cluster or environment.name,
        service=service.service or service.name,
        repository=service.repository or service.name,
        containers=service.containers or (service.name,),
    )


def _stack_names(service: ServiceSettings, region: str) -> Any:
    from ecs_provisioning.names import StackNames

    assert service.cluster is not None
    assert service.service is not None
    assert service.repository is not None
    return StackNames(
        cluster=service.cluster,
        service=service.service,
        container=service.containers[0],
        repository=service.repository,
        region=region,
        health_path=service.health_path,
        idle_minutes=service.idle_minutes,
    )


def _publish_sample(repository: str, engine: Engine, ecr: Any) -> None:
    from ecs_local import images_publish, sample

    for tag, image in sample.variants().items():
        images_publish.publish(image.build(), repository=repository, tag=tag, endpoint=engine.url, ecr=ecr)
