"""AWS's calls with our errors: what happened, what to do next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ecs_deployment.aws.failures import translated
from ecs_deployment.errors import CloudError, Refused

Clients = Callable[[str], Any]
"""boto3 clients by service name."""

Tell = Callable[[str], None]
"""Hears one line about what goes on."""

_REFUSED = ("ValidationError", "InsufficientCapabilitiesException")


@dataclass(frozen=True)
class Aws:
    """The ways to an account: clients that may repeat a request, and clients that send each once."""

    read: Clients
    change: Clients


def call(client: Any, operation: str, *, changes: bool = False, **params: Any) -> Any:
    """Call an operation, such as `describe_stacks`. Raises the deployer's errors; what AWS finds wrong with the
    request itself is `Refused` (exit 2).
    """
    service = client.meta.service_model.service_name
    name = client.meta.method_to_api_mapping[operation]
    try:
        with translated(service, name, changes=changes):
            return getattr(client, operation)(**params)
    except CloudError as error:
        if error.code in _REFUSED:
            raise Refused(error.what, "Correct it and repeat; nothing was changed.") from error
        raise


def missing(error: Refused) -> bool:
    """Whether CloudFormation says that there is no such stack; it has no error code for that."""
    return "does not exist" in error.what
