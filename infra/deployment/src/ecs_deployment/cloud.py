"""The port: just the AWS calls a deploy needs; `aws` speaks to Amazon, the simulation to a world in memory.

Every call may raise a `CloudError`; reads are retried by the port, changes never (one attempt): a lost answer
raises with `effect_unknown`, and the caller looks before it repeats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ecs_deployment import model


@dataclass(frozen=True)
class Stored:
    """A journal parameter as SSM returns it; `age` is seconds since its last write, by AWS's own clock."""

    name: str
    value: str
    version: int
    age: float


class Parameters(Protocol):
    """The part of SSM that the journal uses."""

    def list_parameters(self, path: str) -> Sequence[Stored]:
        """All parameters directly under `path` (no trailing slash), every page. Their age is not exact."""

    def read_parameter(self, name: str) -> Stored | None:
        """One parameter, None where there is none."""

    def create_parameter(self, name: str, value: str) -> bool:
        """Create it; False where it exists already. Never overwrites."""

    def overwrite_parameter(self, name: str, value: str) -> int:
        """Overwrite an existing one; its new version."""

    def delete_parameter(self, name: str) -> None:
        """Delete it; one that is gone already is no error."""


class Cloud(Parameters, Protocol):
    """All calls of a deploy. `calls` counts the requests sent, retries included."""

    @property
    def calls(self) -> int:
        """API requests sent so far."""

    def identity(self) -> model.Identity:
        """The account and the principal behind the credentials (sts:GetCallerIdentity)."""

    def services(self, cluster: str, names: Sequence[str]) -> Mapping[str, model.Service]:
        """The services by name; those that do not exist are left out. At most ten per request."""

    def service_deployment(
        self, cluster: str, service: str, number: str, since: float
    ) -> model.ServiceDeployment | None:
        """The service deployment with that number; None while AWS does not show it."""

    def tasks(self, cluster: str, service: str, *, stopped: bool) -> Sequence[model.Task]:
        """The service's tasks: those meant to run, or the recently stopped ones."""

    def targets(self, group: str) -> Sequence[model.Target]:
        """The targets of a group and their health."""

    def health_checks(self, groups: Sequence[str]) -> Sequence[model.HealthCheck]:
        """What these target groups ask of their targets."""

    def task_definition(self, arn: str) -> model.TaskDefinition:
        """A revision with its tags. Refuses where the answer has a field this client does not know."""

    def image(self, repository: str, reference: str) -> model.Image | None:
        """The image of a repository by tag or by "sha256:..." digest; None where there is none.

        Raises `Denied` where the registry cannot be read, so that a foreign one is "not checked".
        """

    def tags(self, repository: str) -> Sequence[str]:
        """The tags of a repository, the newest image's first; the first thousand of a large one."""

    def repository_uri(self, repository: str) -> str:
        """Where the images of a repository are pushed to."""

    def scaling(self, cluster: str, service: str) -> model.Scaling | None:
        """The scalable target of the service's desired count; None where there is none."""

    def idle_alarm(self, cluster: str, service: str) -> model.IdleAlarm | None:
        """The alarm that takes the service to 0 through a step policy; None where nothing of the kind is there."""

    def alarm_state(self, name: str) -> str:
        """OK, ALARM or INSUFFICIENT_DATA; "" where the alarm is gone."""

    def log_tail(self, task_definition: model.TaskDefinition, task_id: str, container: str) -> Sequence[str]:
        """The last lines a container logged through awslogs; empty where it logs elsewhere."""

    def register(self, content: Mapping[str, Any], tags: Sequence[Mapping[str, Any]]) -> str:
        """Register a revision; its ARN."""

    def update_service(
        self,
        cluster: str,
        service: str,
        *,
        task_definition: str | None = None,
        desired: int | None = None,
        configuration: Mapping[str, Any] | None = None,
        force: bool = False,
    ) -> model.Service:
        """UpdateService with what is given and nothing else; the service as it answers."""

    def stop_deployment(self, arn: str) -> None:
        """StopServiceDeployment with ROLLBACK."""

    def report_activity(self, cluster: str, service: str) -> None:
        """Put one point of the metric DeployActivity: to a leased idle alarm it is traffic."""

    def suspend(self, cluster: str, service: str, flags: model.Suspended) -> None:
        """Set the three suspension flags of the scalable target."""
