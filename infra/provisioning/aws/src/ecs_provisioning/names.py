"""What things are called where the settings do not say: derived from environment and service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ecs_deployment.settings import Environment, ServiceSettings

if TYPE_CHECKING:
    from ecs_provisioning.calls import Aws


def stack_name(environment: str, service: str) -> str:
    """The stack of a service, such as `ecs-staging-app`: letters, digits and hyphens, at most 128."""
    return re.sub(r"[^A-Za-z0-9]+", "-", f"ecs-{environment}-{service}")[:128].rstrip("-")


def completed(environment: str, service: ServiceSettings) -> ServiceSettings:
    """The settings with the names that a new stack gives: the cluster is called like the environment."""
    return replace(
        service,
        cluster=service.cluster or environment,
        service=service.service or service.name,
        repository=service.repository or _repository(environment, service.name),
        containers=service.containers or (service.name,),
    )


def _repository(environment: str, service: str) -> str:
    """A name that ECR takes: lower case and at least two characters (ECR API reference, CreateRepository)."""
    name = service if len(service) > 1 else f"{environment}-{service}"
    return name.lower()


def filled(service: ServiceSettings, outputs: Mapping[str, str]) -> ServiceSettings:
    """The settings with what they leave out taken from a stack's outputs."""
    container = outputs.get("ContainerName")
    return replace(
        service,
        cluster=service.cluster or outputs.get("ClusterName"),
        service=service.service or outputs.get("ServiceName"),
        repository=service.repository or outputs.get("RepositoryName"),
        containers=service.containers or ((container,) if container else ()),
        url=service.url or outputs.get("Url"),
    )


def lacks_names(service: ServiceSettings) -> bool:
    """Whether something is left out that a deploy has to know."""
    return not (service.cluster and service.service and service.repository and service.containers)


def named_by_stacks(aws: Aws, environment: Environment) -> Environment:
    """The environment with the names that its settings leave out, from the stacks; where none is, nobody is asked."""

    def named(service: ServiceSettings) -> ServiceSettings:
        if not lacks_names(service):
            return service
        from ecs_provisioning.apply import existing  # takes a while to import, and is rarely needed

        stack = existing(aws, environment.name, service.name)
        return service if stack is None else filled(service, stack.outputs)

    return replace(environment, services=tuple(named(one) for one in environment.services))
