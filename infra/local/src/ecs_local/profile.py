"""How long things take: `fast` for work at the desk, `fargate` as recorded on Amazon's side.

Every figure is in seconds. `speed` divides them all, so a test can watch the recorded timings in a hurry.
Sources of the recorded ones: a Fargate rollout behind a load balancer (bugcrowd/ecs-deployment-monitor), the
task timeline of fujiwara/tracer, and the AWS CLI's own examples.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Profile:
    """The delays of the scheduler and of a task's life, in seconds."""

    name: str
    schedule: float  # a new deployment -> its first task is started
    between_starts: float  # two starts of one deployment
    provision: float  # PROVISIONING: the network interface
    pull: float  # PENDING: the image
    register: float  # RUNNING -> its target is registered
    settle: float  # healthy without any check, counted from RUNNING (40 s on AWS)
    begin_stop: float  # target deregistered -> DEACTIVATING, or the order to stop -> STOPPING
    deprovision: float  # STOPPING over -> STOPPED
    completion_tail: float  # nothing left to do -> "deployment completed"
    steady: float  # plain scaling: nothing left to do -> "steady state"
    backoff: float  # first pause after a task failed to start; doubles
    backoff_ceiling: float  # the longest pause, 15 minutes on AWS
    routing_skew: float  # a deregistered target may still get new requests: two balancer nodes differ
    drain_floor: float | None = (
        None  # fast: draining ends once idle for this long; None: always the full delay
    )
    health_scale: float = 1.0  # fast: the declared check intervals, timeouts and grace are cut
    delay_scale: float = 1.0  # of the declared deregistration delay; changes with the speed only

    def at_speed(self, factor: float) -> Profile:
        """The same profile, `factor` times as quick."""
        times = {f.name: getattr(self, f.name) / factor for f in fields(self) if f.type == "float"}
        return replace(self, **times, drain_floor=self.drain_floor and self.drain_floor / factor)


FAST = Profile(
    name="fast",
    schedule=0.1,
    between_starts=0.05,
    provision=0.05,
    pull=0.1,
    register=0.1,
    settle=0.5,
    begin_stop=0.1,
    deprovision=0.1,
    completion_tail=0.3,
    steady=0.3,
    backoff=0.3,
    backoff_ceiling=5.0,
    routing_skew=0.3,
    drain_floor=0.8,
    health_scale=0.1,
)

# As quick, but the balancer's nodes disagree for as long as AWS's are known to: what a deploy must survive.
ADVERSE = replace(FAST, name="adverse", routing_skew=3.0, drain_floor=3.3)

FARGATE = Profile(
    name="fargate",
    schedule=16.0,
    between_starts=1.0,
    provision=8.0,
    pull=15.0,
    register=5.0,
    settle=40.0,
    begin_stop=9.0,
    deprovision=24.0,
    completion_tail=45.0,
    steady=9.0,
    backoff=15.0,
    backoff_ceiling=900.0,
    routing_skew=3.0,
)

PROFILES = {profile.name: profile for profile in (FAST, ADVERSE, FARGATE)}
