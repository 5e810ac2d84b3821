"""environments.toml -> frozen Settings, or one clear error that names file, line, key and cure.

Standard library only: it stands on every task's start-up path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

from ecs_deployment.errors import Refused, SettingsError
from ecs_deployment.reference import parse
from ecs_deployment.suggest import did_you_mean
from ecs_deployment.toml_table import Table, read

DEFAULT_JOURNAL = "ecs-deployments"
NO_JOURNAL = "off"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")  # ours, and ECS's for clusters, services, containers
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]+(?:-[a-z]+)+-[0-9]+")
_JOURNAL = re.compile(r"(?!(?i:aws|ssm))[A-Za-z0-9_.-]{1,100}")  # SSM reserves the two prefixes
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9]+)?")
_IDLE_MINUTES = 5
# The idle alarm looks at idle + 2 periods of a minute, and CloudWatch allows a day for all of them.
_MOST_IDLE_MINUTES = 1438


@dataclass(frozen=True)
class Build:
    """How the image is built. `command` is what the embedded ECS starts, None elsewhere."""

    context: str = "."
    dockerfile: str = "Dockerfile"
    platform: str = "linux/amd64"
    command: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ServiceSettings:
    """One service. None: not set, and read from the stack's outputs. `containers` empty: likewise."""

    name: str
    cluster: str | None = None
    service: str | None = None
    containers: tuple[str, ...] = ()
    repository: str | None = None
    url: str | None = None
    health_path: str = "/health"
    idle_minutes: int | None = None
    sleeps_otherwise: bool = (
        False  # something of the user's own puts it to sleep, such as a function or a schedule
    )
    overlap: bool = False
    interruption: str | None = None  # "accepted"
    build: Build | None = None


@dataclass(frozen=True)
class Environment:
    """One environment and its services, in the file's order. `journal`: an SSM prefix without slashes, or "off"."""

    name: str
    provider: Literal["aws", "local"]
    account: str | None = None
    region: str | None = None
    journal: str = DEFAULT_JOURNAL
    services: tuple[ServiceSettings, ...] = ()

    @property
    def public_names(self) -> tuple[str | None, ...]:
        """What is printed anyhow: no secret where a container's environment repeats one of them."""
        own = (self.name, self.account, self.region)
        return own + tuple(
            name
            for one in self.services
            for name in (one.name, one.cluster, one.service, *one.containers, one.repository, one.url)
        )


@dataclass(frozen=True)
class Settings:
    """The whole file, checked."""

    path: Path
    environments: Mapping[str, Environment]


def load(path: Path) -> Settings:
    """Read and check the whole file. Raises `SettingsError`, and nothing else whatever the file holds."""
    root = read(path)
    root.only("environments")
    example = '[environments.local]\nprovider = "local"'
    tables = root.table_at("environments", example)
    if tables is None or not tables.values:
        raise SettingsError(f"{path} has no environment in it.", f"Begin with:\n{example}")
    found = {name: _environment(_child(tables, name, '{ provider = "local" }')) for name in tables.values}
    return Settings(path, MappingProxyType(found))


def environment(settings: Settings, name: str) -> Environment:
    """The environment of that name. Raises `SettingsError` that lists the known ones and the nearest."""
    try:
        return settings.environments[name]
    except KeyError:
        shown = "".join(c if c.isprintable() else "?" for c in name[:60])
        what = f'{settings.path} has no environment "{shown}".'
        raise SettingsError(what, did_you_mean(name, settings.environments)) from None


def _child(tables: Table, name: str, example: str) -> Table:
    """The table of an environment or a service, under a name that can stand in options."""
    if not _NAME.fullmatch(name):
        raise tables.error(name, "is no usable name", 'Names are letters, digits, "-" and "_".')
    child = tables.table_at(name, f"{name} = {example}")
    assert child is not None  # `name` is one of the table's own keys
    return child


def _environment(table: Table) -> Environment:
    table.only("provider", "account", "region", "journal", "services")
    provider = table.text_at("provider")
    if provider is None:
        raise table.error(None, "has no provider", 'Add provider = "aws", or "local" for the embedded ECS.')
    if provider not in ("aws", "local"):
        raise table.error("provider", "is neither of the two", did_you_mean(provider, ("aws", "local")))
    listed = table.table_at("services", "[environments.staging.services.app]")
    local = provider == "local"
    services = [_service(_child(listed, name, "{}"), local=local) for name in listed.values] if listed else []
    if local and not services:
        services = [ServiceSettings("app", idle_minutes=_IDLE_MINUTES)]
    return Environment(
        name=table.key[-1],
        provider="local" if local else "aws",
        account=_account(table),
        region=_matching(table, "region", _REGION, 'Write the code, for example "eu-west-3".'),
        journal=_matching(table, "journal", _JOURNAL, _JOURNAL_CURE) or DEFAULT_JOURNAL,
        services=tuple(services),
    )


_JOURNAL_CURE = (
    'Give one name without slashes, of letters, digits and "_.-", which does not begin with "aws" or "ssm"; '
    'or "off" to go without a journal.'
)


def _account(table: Table) -> str | None:
    value = table.values.get("account")
    if isinstance(value, int) and not isinstance(value, bool):
        twelve = f'account = "{value}"' if 10**11 <= value < 10**12 else 'account = "123456789012"'
        cure = f"Give its 12 digits in quotes: {twelve}"
        raise table.error("account", "must be text in quotes, and is a bare number", cure)
    return _matching(table, "account", _ACCOUNT, 'Give its 12 digits, for example "123456789012".')


def _service(table: Table, *, local: bool) -> ServiceSettings:
    table.only(
        "cluster", "service", "container", "repository", "url", "health_path", "scale_to_zero", "overlap",
        "interruption", "build",
    )  # fmt: skip
    overlap, interruption = table.flag_at("overlap"), table.text_at("interruption")
    if interruption not in (None, "accepted"):
        raise table.error("interruption", "has one possible value", 'Write "accepted", or leave it out.')
    if overlap and interruption:
        cure = "Keep one: overlap runs two tasks at once, interruption accepts a gap instead."
        raise table.error("interruption", "contradicts overlap = true", cure)
    names = 'Give the name alone, not the ARN: letters, digits, "-" and "_".'
    containers = table.texts_at("container", one_is_enough=True) or ()
    if not all(_NAME.fullmatch(name) for name in containers) or len(set(containers)) != len(containers):
        raise table.error("container", "has a name that is malformed or stands twice", names)
    return ServiceSettings(
        name=table.key[-1],
        cluster=_matching(table, "cluster", _NAME, names),
        service=_matching(table, "service", _NAME, names),
        containers=containers,
        repository=_repository(table, local=local),
        url=_url(table),
        health_path=_health_path(table),
        idle_minutes=_idle_minutes(table),
        sleeps_otherwise=_sleeps_otherwise(table),
        overlap=overlap,
        interruption=interruption,
        build=_build(table),
    )


def _matching(table: Table, name: str, pattern: re.Pattern[str], cure: str) -> str | None:
    value = table.text_at(name)
    if value is not None and not pattern.fullmatch(value):
        raise table.error(name, "is malformed", cure)
    return value


def _repository(table: Table, *, local: bool) -> str | None:
    value = table.text_at("repository")
    if value is None:
        return None
    try:
        reference = parse(value)
    except Refused:
        reference = None
    if reference is None or reference.tag or reference.digest:
        cure = (
            'Give the repository without a tag: "app", or a full URI such as "registry.example.com/team/app".'
        )
        raise table.error("repository", "is no repository name", cure)
    if local and reference.registry:
        cure = f'Give the name alone: repository = "{reference.repository}".'
        raise table.error("repository", "names a registry, and the embedded ECS has only its own", cure)
    return value


def _url(table: Table) -> str | None:
    value = table.text_at("url")
    if value is None:
        return None
    cure = 'Give scheme and host, for example "https://staging.example.com".'
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        usable = usable and not any(c.isspace() or c in '"<>\\^`{|}' for c in value)
    except ValueError:
        usable = False
    if not usable:
        raise table.error("url", "is no http or https address", cure)
    if parts.username is not None or parts.password is not None:
        raise table.error("url", "holds credentials", f"Leave them out. {cure}")
    if parts.query or parts.fragment:
        raise table.error("url", 'has a "?" or "#" part', f"Leave it out. {cure}")
    return value.rstrip("/")


def _health_path(table: Table) -> str:
    value = table.text_at("health_path")
    if value is None:
        return ServiceSettings.health_path
    if not value.startswith("/") or not value.isascii() or " " in value or "#" in value:
        raise table.error("health_path", "is no path", 'Begin it with a slash, for example "/health".')
    return value


def _idle_minutes(table: Table) -> int | None:
    inner = table.table_at("scale_to_zero", f"scale_to_zero = {{ idle_minutes = {_IDLE_MINUTES} }}")
    if inner is None:
        return None
    inner.only("idle_minutes", "by")
    return inner.number_at("idle_minutes", least=1, most=_MOST_IDLE_MINUTES, default=_IDLE_MINUTES)


def _sleeps_otherwise(table: Table) -> bool:
    inner = table.table_at("scale_to_zero", 'scale_to_zero = { by = "other" }')
    by = inner.text_at("by") if inner is not None else None
    if inner is not None and by not in (None, "alarms", "other"):
        raise inner.error("by", "is neither of the two", did_you_mean(str(by), ("alarms", "other")))
    return by == "other"


def _build(table: Table) -> Build | None:
    inner = table.table_at("build", 'build = { context = "." }')
    if inner is None:
        return None
    inner.only("context", "dockerfile", "platform", "command")
    cure = 'For example "linux/amd64" or "linux/arm64".'
    return Build(
        context=inner.text_at("context") or Build.context,
        dockerfile=inner.text_at("dockerfile") or Build.dockerfile,
        platform=_matching(inner, "platform", _PLATFORM, cure) or Build.platform,
        command=inner.texts_at("command", one_is_enough=False),
    )
