"""What the template is told: from the settings, from what was asked for, from what there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ecs_deployment.errors import Refused
from ecs_deployment.reference import NEVER_DEPLOYED
from ecs_deployment.settings import DEFAULT_JOURNAL, NO_JOURNAL, ServiceSettings
from ecs_deployment.suggest import did_you_mean

from ecs_provisioning.changeset import KEEP

LAG = 2
"""Minutes that a metric may be late: the idle alarm looks at so many periods more."""

OURS = (
    "Image", "RunningRevision", "FirstTime", "ClusterOrigin", "RepositoryOrigin", "InsightsLogOrigin",
    "OidcProviderOrigin", "DeployRoleName", "JournalPrefix",
)  # fmt: skip
"""Parameters that say what there is; nobody may wish them otherwise."""

_ARM = "linux/arm64"


def from_settings(service: ServiceSettings, journal: str = DEFAULT_JOURNAL) -> dict[str, str]:
    """What environments.toml decides, so far as it says anything."""
    found = {
        "ClusterName": service.cluster,
        "ServiceName": service.service,
        "ContainerName": service.containers[0] if service.containers else None,
        "RepositoryName": _name(service.repository),
        "HealthCheckPath": service.health_path,
        "HostName": _host(service.url),
        "IdlePeriods": _idle_periods(service),
    }
    if service.build is not None:
        found["CpuArchitecture"] = "ARM64" if service.build.platform.startswith(_ARM) else "X86_64"
    if journal != NO_JOURNAL:
        found["JournalPrefix"] = journal
    return {name: value for name, value in found.items() if value is not None}


def checked(
    wishes: Mapping[str, str], known: Iterable[str], allowed: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """The parameters that were asked for by name. Raises `Refused` for one that there is not, or that is ours, and
    for a value that is none of those `allowed`.
    """
    for name, value in wishes.items():
        if name in OURS:
            raise Refused(f"{name} is not yours to set: it says what there is.", "Leave it out.")
        if name not in known:
            free = [one for one in known if one not in OURS]
            raise Refused(f"The template has no parameter {name}.", did_you_mean(name, free))
        if name in allowed and value not in allowed[name]:
            raise Refused(f"{name} cannot be {value or 'empty'}.", f"Choose from {', '.join(allowed[name])}.")
    return dict(wishes)


def for_new(
    service: ServiceSettings,
    wishes: Mapping[str, str],
    *,
    network: Mapping[str, str],
    cluster_exists: bool,
    repository_exists: bool,
    journal: str = DEFAULT_JOURNAL,
) -> dict[str, Any]:
    """The parameters of a stack that is yet to be made; the service has all its names."""
    return {
        **network,
        **from_settings(service, journal),
        **wishes,
        "ClusterOrigin": "existing" if cluster_exists else "create",
        "RepositoryOrigin": "existing" if repository_exists else "create",
        "Image": NEVER_DEPLOYED,
        "RunningRevision": "",
        "FirstTime": "yes",
    }


def for_update(
    service: ServiceSettings,
    wishes: Mapping[str, str],
    known: Iterable[str],
    before: Mapping[str, str],
    journal: str = DEFAULT_JOURNAL,
) -> dict[str, Any]:
    """The parameters of a stack that there is: whatever nobody decides stays as it is."""
    kept: dict[str, Any] = {name: KEEP for name in known if name in before}
    return {**kept, **from_settings(service, journal), **wishes}


def values(
    parameters: Mapping[str, Any], before: Mapping[str, str], defaults: Mapping[str, str]
) -> dict[str, str]:
    """What every parameter of the template comes to: as given, as the stack has it, else its default."""
    given = {name: before.get(name, "") if value is KEEP else value for name, value in parameters.items()}
    return {**defaults, **given}


def _host(url: str | None) -> str | None:
    """The name that visitors ask for; None for an address, or one that only this machine has."""
    host = urlsplit(url).hostname if url else None
    named = host is not None and "." in host and not host.replace(".", "").isdigit()
    return host if named else None


def _idle_periods(service: ServiceSettings) -> str:
    if service.idle_minutes is None or service.sleeps_otherwise:
        return "0"
    return str(service.idle_minutes + LAG)


def _name(repository: str | None) -> str | None:
    """The repository's name without a registry's host."""
    if repository is None:
        return None
    host, slash, rest = repository.partition("/")
    return rest if slash and "." in host else repository
