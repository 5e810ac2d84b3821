"""The sentences of Amazon ECS, letter by letter as recorded, so that what parses them on AWS parses them here.

Events come without the service, which `event` puts in front. Those marked *believed* are not recorded anywhere;
they follow the documentation or the neighbouring sentences.
"""

from __future__ import annotations

from collections.abc import Sequence

ESSENTIAL_EXITED = "Essential container in task exited"
CONTAINER_CHECKS_FAILED = "Task failed container health checks"  # believed
STOPPED_BY_USER = "Task stopped by user"  # believed
UNABLE_TO_START = (
    "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section"
    " of the Amazon ECS Developer Guide."
)
UNABLE_TO_ROLL = (
    "was unable to stop or start tasks during a deployment because of the service deployment configuration."
    " Update the minimumHealthyPercent or maximumPercent value and try again."
)
NO_CAPACITY = (
    "Capacity is unavailable at this time. Please try again later or in a different availability zone. For more"
    " information, see the Troubleshooting section of the Amazon ECS Developer Guide"
)  # the end is believed
START_THROTTLED = "operations are being throttled. Will try again later."
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
STEADY = "has reached a steady state."
BREAKER_REASON = "ECS deployment circuit breaker: tasks failed to start."
STOPPED_REASON = "ECS deployment stopped by a service deployment request."  # believed
ALARM_REASON = "ECS deployment failed: alarm detected."  # believed
ALARM_ROLLED_BACK = "Service deployment rolled back because a CloudWatch alarm was detected."  # believed
ALARM_STOPPED = "Service deployment failed because a CloudWatch alarm was detected."  # believed
BREAKER_ROLLED_BACK = "Service deployment rolled back because the circuit breaker threshold was exceeded."
BREAKER_STOPPED = "Service deployment failed because the circuit breaker threshold was exceeded."  # believed
REQUEST_ROLLED_BACK = "Service deployment rolled back because of a stop request."  # believed
REQUEST_STOPPED = "Service deployment stopped because of a stop request."  # believed
DELETED = "Service deployment stopped because the service was deleted."  # believed
SUPERSEDED = "Service deployment stopped because a new service deployment was started."  # believed


def event(service: str, text: str) -> str:
    return f"(service {service}) {text}"


def _tasks(ids: Sequence[str]) -> str:
    return " ".join(f"(task {each})" for each in ids)


def started(ids: Sequence[str], replaced: int) -> str:
    """`replaced`: how many of them stand in for tasks that were stopped for their health."""
    tail = f" Amazon ECS replaced {replaced} tasks due to an unhealthy status." if replaced else ""
    return f"has started {len(ids)} tasks: {_tasks(ids)}.{tail}"


def stopped(ids: Sequence[str]) -> str:
    return f"has stopped {len(ids)} running tasks: {_tasks(ids)}."


def registered(count: int, group: str) -> str:
    return f"registered {count} targets in (target-group {group})"


def deregistered(count: int, group: str) -> str:
    return f"deregistered {count} targets in (target-group {group})"


def draining(count: int) -> str:
    return f"has begun draining connections on {count} tasks."


def completed(deployment: str) -> str:
    return f"(deployment {deployment}) deployment completed."


def failed(deployment: str, why: str = "tasks failed to start") -> str:
    return f"(deployment {deployment}) deployment failed: {why}."


def rolling_back(deployment: str) -> str:
    return f"rolling back to deployment {deployment}."


def target_unhealthy(task: str, port: int, group: str, reason: str) -> str:
    return f"(task {task}) (port {port}) is unhealthy in (target-group {group}) due to (reason {reason})."


def container_unhealthy(task: str) -> str:
    return f"(task {task}) failed container health checks."


def unable_to_place(reason: str) -> str:
    return f"was unable to place a task. Reason: {reason.rstrip('.')}."


def scaling(deployment: str) -> str:
    """The stoppedReason of every orderly stop, in a rollout as in a scale-in: not an error."""
    return f"Scaling activity initiated by (deployment {deployment})"


def target_checks_failed(group: str) -> str:
    return f"Task failed ELB health checks in (target-group {group})"


def in_progress(deployment: str) -> str:
    return f"ECS deployment {deployment} in progress."


def rollout_completed(deployment: str) -> str:
    return f"ECS deployment {deployment} completed."
