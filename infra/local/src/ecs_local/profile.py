"""How long things take: `fast` for work at the desk, `fargate` as recorded on Amazon's side.

Every figure is in seconds. `speed` divides them all, so a test can watch the recorded timings in a hurry.
Sources of the recorded ones, which `tests/recorded` replays: a Fargate rollout of three tasks behind a load balancer
(BUG, bugcrowd/ecs-deployment-monitor), the task timelines of fujiwara/tracer (TRC), and the AWS CLI's own examples
(CLI: update-service and describe-service-deployments).
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
    minute: float = 60.0  # one minute of CloudWatch: of metrics, alarms and cooldowns
    prompt_alarms: bool = False  # a point put by hand is judged at once, and not when its minute is over
    telemetry: float = 60.0  # between two looks at what the tasks use; AWS writes an event a minute
    metric_lag: float = 2.0  # a load balancer's minute is over -> CloudWatch shows it, at the earliest
    metric_lag_spread: float = 2.0  # and up to so much later
    limits_second: float | None = None  # one second of AWS's published request limits; None: not in force
    first_check: float | None = None  # of the check interval: registered -> first check; None: at once
    wind_down: float | None = None  # the last process gone -> executionStopped, DEPROVISIONING; None: at once
    batch: int = 10  # tasks of one start, as RunTask's limit

    def at_speed(self, factor: float) -> Profile:
        """The same profile, `factor` times as quick."""
        times = {f.name: getattr(self, f.name) / factor for f in fields(self) if f.type == "float"}
        return replace(
            self,
            **times,
            drain_floor=self.drain_floor and self.drain_floor / factor,
            limits_second=self.limits_second and self.limits_second / factor,
            wind_down=self.wind_down and self.wind_down / factor,
        )


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
    telemetry=1.0,
    prompt_alarms=True,
)

# As quick, but the balancer's nodes disagree for as long as AWS's are known to: what a deploy must survive.
ADVERSE = replace(FAST, name="adverse", routing_skew=3.0, drain_floor=4.0)

# What each figure fits. Where records differ it lies between them; the differences are the tolerances of the replay.
FARGATE = Profile(
    name="fargate",
    schedule=20.0,  # CLI 16.4, BUG 23.6; CLI's 94 s from nothing to SUCCESSFUL leave 21.5
    between_starts=1.0,  # BUG started all three at once; CLI one at a time, 39 s apart
    provision=16.0,  # TRC: created -> pull started 14.8 and 18
    pull=7.5,  # TRC: pull started -> started 8.1 and 7, a small image
    register=6.5,  # BUG: 30 s from start to registered, less the 23.5 above
    settle=40.0,  # documented: without checks a task counts 40 s after RUNNING
    begin_stop=9.0,  # TRC: deregistered -> Stopping 9.1, with a short deregistration delay
    deprovision=24.0,  # TRC: execution stopped -> STOPPED 23.1 and 24.4
    completion_tail=39.0,  # stop -> completed 77.9 (BUG) and 80.9 (CLI), less the task's own 36 and 45
    steady=9.0,  # TRC: plain scale-in is called steady 9 s after the order to stop
    backoff=15.0,  # believed; BUG settles at the ceiling
    backoff_ceiling=900.0,  # documented; BUG: every 15 minutes
    routing_skew=3.0,  # believed: StopTask loses requests for 3 to 5 s (containers-roadmap#708)
    metric_lag=60.0,  # believed: a load balancer's minute shows one to two minutes after it is over
    metric_lag_spread=60.0,
    limits_second=1.0,
    first_check=1 / 3,  # TRC: 16.5 s after RUNNING, less 6.5 for the registration, at an interval of 30
    wind_down=12.0,  # TRC: Stopping -> execution stopped 12.3 and 11.6, though the process was gone at once
)

PROFILES = {profile.name: profile for profile in (FAST, ADVERSE, FARGATE)}
