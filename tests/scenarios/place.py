"""A place to deploy to: an engine of its own, connected exactly as the tasks connect."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ecs_deployment import deploy as job
from ecs_deployment import events, model, observe, verify
from ecs_deployment.clock import RealClock
from ecs_deployment.interrupts import Signals
from ecs_deployment.journal import Entry, journal_path, read
from ecs_deployment.known import Request
from ecs_deployment.outcome import Report
from ecs_deployment.rollout_state import Limits
from ecs_deployment.survey import Setting, Wishes
from ecs_local import client

from tasks import _connect
from tests.engine import wait_for

CLUSTER, SERVICE = "local", "app"
WELL = {
    "minimumHealthyPercent": 100,
    "maximumPercent": 200,
    "deploymentCircuitBreaker": {"enable": True, "rollback": True},
}
SETTINGS = '[environments.local]\nprovider = "local"\n'


@dataclass(frozen=True)
class Place:
    """The service `app` of the environment `local`, at desired 0 until its first deploy."""

    connection: _connect.Connection
    home: Path
    environ: dict[str, str]

    def deploy(
        self,
        tag: str,
        *,
        sink: events.Sink = events.silent,
        request: dict[str, Any] | None = None,
        **wishes: Any,
    ) -> Report:
        """Deploy a tag as `inv app.deploy --env local` does, lost requests not being put up with."""
        setting = Setting(
            self.connection.cloud,
            self.connection.environment,
            RealClock(),
            sink,
            wishes.pop("interrupts", Signals()),
            blind_patience=self.connection.blind_patience,
        )
        wanted = Wishes(**{"limits": Limits(max_errors=0, no_progress=60.0), **wishes})
        return job.deploy(setting, Request("local", tag, **(request or {})), wanted)

    def verify(self, tag: str = "") -> verify.Verified:
        """What `inv app.verify` finds."""
        settings = self.connection.environment.services[0]
        return verify.look(
            self.connection.cloud, settings, self.connection.environment.journal, tag, send=True
        )

    @property
    def engine(self) -> client.Engine:
        """The embedded ECS behind it."""
        found = self.connection.engine
        assert found
        return found

    @property
    def url(self) -> str:
        """Where the service is reached."""
        found = self.connection.environment.services[0].url
        assert found
        return found

    def snapshot(self) -> model.Snapshot:
        """Everything about the service, now."""
        return observe.whole(self.connection.cloud, CLUSTER, SERVICE)

    def entries(self) -> tuple[Entry, ...]:
        """The journal, newest first."""
        return read(
            self.connection.cloud, journal_path(self.connection.environment.journal, CLUSTER, SERVICE)
        )

    def other(self) -> str:
        """Of the two tags that work, the one that does not run now."""
        cloud, settings = self.connection.cloud, self.connection.environment.services[0]
        content = cloud.task_definition(self.snapshot().service.task_definition).content
        demo = cloud.image(settings.repository or "", "demo")
        assert demo
        return "demo-2" if content["containerDefinitions"][0]["image"].endswith(demo.digest) else "demo"

    def make_well(self) -> None:
        """Whatever the test before left: awake, well on a tag that works, with nothing borrowed."""
        self.configure(**WELL)
        newest = self.entries()[:1]
        ended = bool(newest) and newest[0].outcome in (
            "deployed",
            "unchanged",
            "rolled_back",
            "refused",
            "failed",
        )
        if not ended or newest[0].debts or self.snapshot().service.desired == 0 or self.verify().findings:
            report = self.deploy(self.other(), probe=False, request={"supersede": True})
            assert report.exit_code == 0, report

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Failing checks count at once. Not for a deploy that shall succeed: a busy machine may start it too late."""
        ecs = self.connection.changes("ecs")
        (live,) = ecs.describe_services(cluster=CLUSTER, services=[SERVICE])["services"]
        ecs.update_service(cluster=CLUSTER, service=SERVICE, healthCheckGracePeriodSeconds=0)
        try:
            yield
        finally:
            grace = live.get("healthCheckGracePeriodSeconds", 0)
            ecs.update_service(cluster=CLUSTER, service=SERVICE, healthCheckGracePeriodSeconds=grace)

    def configure(self, **configuration: Any) -> None:
        """Change the live deployment configuration, as somebody else would."""
        live = dict(self.snapshot().service.configuration)
        self.connection.cloud.update_service(CLUSTER, SERVICE, configuration={**live, **configuration})

    def fall_asleep(self) -> None:
        """Take the service to 0, as its scaler would."""
        self.connection.cloud.update_service(CLUSTER, SERVICE, desired=0)
        wait_for(lambda: self.snapshot().service.running == 0, "the service to be asleep")


@contextmanager
def place(
    home: Path, *, profile: str = "fast", speed: float = 1.0, settings: str = SETTINGS
) -> Iterator[Place]:
    """A running place. Its engine is stopped at the end."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / "environments.toml"
    file.write_text(settings)
    environ = {"ECS_LOCAL_HOME": str(home / "engine"), "INFRA_ENVIRONMENTS": str(file)}
    client.up(home / "engine", profile=profile, speed=speed, timeout=60)
    try:
        with patch.dict(os.environ, environ):
            connection = _connect.connect("local", tell=lambda _: None)
        yield Place(connection, home / "engine", environ)
    finally:
        client.down(home / "engine")


def without_url(found: _connect.Connection) -> _connect.Connection:
    """The same connection to a service that nobody can send requests to."""
    services = tuple(replace(service, url=None) for service in found.environment.services)
    return replace(found, environment=replace(found.environment, services=services))
