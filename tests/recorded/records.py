"""What Amazon ECS was recorded to do: moments in seconds since the first of each record, with their sources.

Ids are masked; events are cut to what they say. Only facts that were recorded stand here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """`what` happened `at` seconds; `within` is how far the replay may be off in the gap to the moment before."""

    what: str
    at: float
    within: float


# bugcrowd/ecs-deployment-monitor, test/fixtures/fargate-deployment.json, 17 August 2021: three tasks behind an
# Application Load Balancer, 100/200, every default (interval 30, deregistration delay 300).
BUG = (
    Moment("created", 0.0, 0.0),  # 11:48:19.999
    Moment("has started 3 tasks", 23.597, 5.0),
    Moment("registered 3 targets", 53.586, 2.0),
    Moment("deregistered 3 targets", 92.673, 3.0),
    Moment("has begun draining connections on 3 tasks", 92.674, 0.001),
    Moment("has stopped 3 running tasks", 395.899, 5.0),
    Moment("deployment completed", 473.791, 4.0),
    Moment("has reached a steady state", 473.792, 0.001),
)

# AWS CLI, examples of `ecs update-service`: two tasks on Fargate without a load balancer, 100/200.
CLI = (
    Moment("created", 0.0, 0.0),  # 15:07:20.5
    Moment("has started 1 tasks", 16.4, 5.0),
    Moment("has started 1 tasks", 55.1, 1.0),
    Moment("has stopped 1 running tasks", 97.2, 4.0),
    Moment("has stopped 1 running tasks", 138.6, 4.0),
    Moment("deployment completed", 219.5, 4.0),
    Moment("has reached a steady state", 219.501, 0.001),
)

# AWS CLI, example of `ecs describe-service-deployments`: one task from nothing, no load balancer.
FIRST = (
    Moment("created", 0.0, 0.0),  # 08:03:30.9
    Moment("IN_PROGRESS", 1.6, 0.5),
    Moment("SUCCESSFUL", 93.6, 3.0),
)

# fujiwara/tracer, README: the life of one nginx task behind a load balancer, 29 November 2021. The check of the
# load balancer that comes first is what its access log shows.
TRC_START = (
    Moment("created", 0.0, 0.0),  # 10:42:33.521
    Moment("pull started", 14.777, 3.3),  # 18 in another run
    Moment("pull stopped", 21.952, 0.5),
    Moment("started", 22.897, 1.0),
    Moment("first health check", 39.392, 1.0),
)
# The end of a task in a scale-in with a short deregistration delay, of another run of the same author.
TRC_STOP = (
    Moment("deregistered", 0.0, 0.0),  # 06:22:19.833
    Moment("has begun draining", 0.001, 0.001),
    Moment("stopping", 9.077, 0.5),
    Moment("execution stopped", 20.7, 0.5),  # 12.3 after "stopping" in the run above
    Moment("stopped", 45.1, 1.0),
)
# Service events of a deployment whose tasks fail their container health check, with the circuit breaker rolling back
# to the deployment before, whose id it uses again. What is between the first start and the failure is not recorded.
G3 = (
    Moment("has started 1 tasks", 0.0, 0.0),  # 19:42:25
    Moment("deployment failed", 207.148, 5.0),
    Moment("rolling back to deployment", 207.149, 0.001),
    Moment("deployment completed", 398.059, 10.0),
)
# The task states of a rollout with a long deregistration delay: how the old task goes. "stopped" came 10 s after the
# network interface began to be taken down; TRC has 23 and 24 s for the same, which is what the profile follows.
DC34 = (
    Moment("new task started", 0.0, 0.0),  # 15:33:57
    Moment("deactivating", 40.0, 5.0),
    Moment("stopping", 401.0, 5.0),
    Moment("deprovisioning", 448.0, 3.0),
    Moment("stopped", 458.0, 15.0),
)
STEADY_AFTER_SCALE_IN = 9.0  # TRC: seconds from the order to stop to "has reached a steady state"
