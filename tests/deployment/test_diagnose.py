"""One cause and one piece of advice for every way in which a deploy fails; texts as AWS writes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import diagnose, model

from tests.deployment import builders as b

OURS = frozenset({"ecs-svc/2"})
SERVICE = "(service app) "


def stopped(
    reason: str, code: str = "TaskFailedToStart", *containers: model.Container, **changes: Any
) -> Any:
    shown = containers or (model.Container("app", "app", "", "STOPPED", "UNKNOWN", None, ""),)
    return b.failed(2, reason, stop_code=code, containers=shown, **changes)


def container(exit_code: int | None, reason: str = "", name: str = "app") -> model.Container:
    return model.Container(name, "app", b.DIGEST, "STOPPED", "UNKNOWN", exit_code, reason)


def seen(*tasks: model.Task, events: tuple[str, ...] = (), **changes: Any) -> model.Snapshot:
    told = tuple(model.Event(str(i), 10.0, f"{SERVICE}{text}") for i, text in enumerate(events))
    service = b.service(b.deployment(2, b.NEW), b.deployment(status="ACTIVE"), events=told)
    return b.snapshot(service, stopped=tasks, **{"targets": (), **changes})


CANNOT_PULL = (
    'CannotPullContainerError: inspect image has been retried 1 time(s): failed to resolve ref "app:nope"'
)
NO_SECRET = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
    "unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret "
    "arn:aws:secretsmanager:eu-west-3:000000000000:secret:db from secrets manager: ResourceNotFoundException"
)
NO_PARAMETER = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
    "unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /db"
)
NO_GROUP = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
    "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist."
)
EXITED = "Essential container in task exited"
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
ELB = f"Task failed ELB health checks in (target-group {b.GROUP})"
CODES = "Health checks failed with these codes: [503]"


@pytest.mark.parametrize(
    ("snapshot", "text", "advice"),
    [
        (seen(stopped(CANNOT_PULL)), "The image cannot be pulled: ", "execution role"),
        (
            seen(stopped("Task failed to start", "TaskFailedToStart", container(None, CANNOT_PULL))),
            "The image cannot be pulled: ",
            "still exists",
        ),
        (seen(stopped(NO_SECRET)), "A secret of the task definition cannot be read: ", "Create the secret"),
        (seen(stopped(NO_PARAMETER)), "A secret of the task definition cannot be read: ", "execution role"),
        (seen(stopped(NO_GROUP)), "The task could not be initialised: ", "execution role"),
        (
            seen(stopped(EXITED, "EssentialContainerExited", container(1))),
            "Container app exited with code 1 2 s after it started.",
            "log lines",
        ),
        (
            seen(stopped(EXITED, "EssentialContainerExited", container(1), started_at=None)),
            "Container app exited with code 1 before it was running.",
            "log lines",
        ),
        (
            seen(stopped(EXITED, "EssentialContainerExited", container(1), started_at=4.9)),
            "Container app exited with code 1 right after it started.",
            "log lines",
        ),
        (
            seen(stopped(EXITED, "EssentialContainerExited", container(0, name="proxy"), container(3))),
            "Container app exited with code 3",
            "log lines",
        ),
        (
            seen(stopped(EXITED, "EssentialContainerExited", container(137, OUT_OF_MEMORY))),
            "Container app was killed (exit code 137): it most likely ran out of memory.",
            "Raise `memory`",
        ),
        (seen(stopped(EXITED, "EssentialContainerExited", container(137))), "ran out of memory", "memory"),
        (
            seen(stopped(EXITED, "EssentialContainerExited", container(0))),
            "Container app came to its end with exit code 0 2 s after it started.",
            "has to go on",
        ),
        (
            seen(stopped(EXITED, "EssentialContainerExited", container(None))),
            f"A task stopped: {EXITED}",
            "containers",
        ),
        (
            seen(stopped("Task failed container health checks", "ServiceSchedulerInitiated", container(137))),
            "A container fails its own health check.",
            "Run the check's command",
        ),
        (
            seen(
                stopped(ELB, "ServiceSchedulerInitiated", container(0)),
                targets=(b.target(2, "unhealthy", reason="Target.ResponseCodeMismatch", description=CODES),),
            ),
            f"The load balancer's health check fails on port 8080: {CODES}.",
            "path, port and matcher",
        ),
        (
            seen(stopped(ELB, "ServiceSchedulerInitiated", container(0))),
            "The load balancer's health check fails.",
            "path, port and matcher",
        ),
        (
            seen(
                targets=(b.target(2, "unhealthy", reason="Target.Timeout", description="Request timed out"),)
            ),
            "The load balancer's health check fails on port 8080: Request timed out.",
            "path, port and matcher",
        ),
        (
            seen(
                events=(
                    "was unable to place a task. Reason: Capacity is unavailable at this time. Please ...",
                )
            ),
            "Capacity is unavailable at this time.",
            "Wait for capacity",
        ),
        (
            seen(
                events=("is unable to consistently start tasks successfully. For more information, see ...",)
            ),
            "Tasks fail to start again and again, and ECS slows down.",
            "stop reasons",
        ),
        (
            seen(
                events=(
                    "was unable to stop or start tasks because of the service deployment configuration. Update it.",
                )
            ),
            "The deployment configuration allows neither starting nor stopping a task.",
            "maximumPercent",
        ),
        (seen(), "ECS gave no reason.", "events"),
        (
            seen(deployment=b.rollout_of(2, "STOPPED", status_reason="Deployment was stopped by an alarm.")),
            "Deployment was stopped by an alarm.",
            "events",
        ),
    ],
)
def test_the_cause(snapshot: model.Snapshot, text: str, advice: str) -> None:
    found = diagnose.cause(snapshot, OURS)
    assert text in found.text
    assert advice in found.advice
    assert found.text.endswith(".") or "A task stopped" in found.text


def test_the_newest_failure_decides() -> None:
    first = stopped(CANNOT_PULL, created_at=1.0)
    later = stopped(EXITED, "EssentialContainerExited", container(7), created_at=9.0)
    assert "code 7" in diagnose.cause(seen(later, first), OURS).text
    assert "code 7" in diagnose.cause(seen(first, later), OURS).text


def test_failures_of_other_deployments_are_not_ours() -> None:
    theirs = replace(stopped(CANNOT_PULL), started_by="ecs-svc/1")
    assert diagnose.cause(seen(theirs), OURS).text == "ECS gave no reason."


def test_events_from_before_the_deploy_tell_nothing() -> None:
    old = seen(events=("was unable to place a task. Reason: Capacity is unavailable at this time.",))
    assert diagnose.cause(old, OURS, since=11.0).text == "ECS gave no reason."


def test_the_evidence_is_grouped_and_ends_with_the_log() -> None:
    crash = stopped(EXITED, "EssentialContainerExited", container(1))
    found = diagnose.cause(
        seen(crash, crash, stopped(CANNOT_PULL), targets=(b.target(2, "unused", reason="Target.NotInUse"),)),
        OURS,
        log=[f"line {i}" for i in range(20)],
    )
    assert found.evidence[:3] == (
        f"2 x {EXITED} (app exit 1)",
        f"1 x {CANNOT_PULL}",
        "target 127.0.1.2:8080 unused: Target.NotInUse",
    )
    assert found.evidence[3:] == tuple(f"log: line {i}" for i in range(12, 20))


def test_the_exit_of_a_task_that_was_stopped_in_good_order_is_no_evidence() -> None:
    group = "arn:aws:elasticloadbalancing:eu-west-3:000000000000:targetgroup/app/0123456789abcdef"
    reason = f"Task failed ELB health checks in (target-group {group})"
    sick = stopped(reason, "ServiceSchedulerInitiated", container(0))
    gone = stopped(EXITED, "EssentialContainerExited", container(0))
    assert diagnose.cause(seen(sick, sick, gone), OURS).evidence == (
        "2 x Task failed ELB health checks in (target group app)",
        f"1 x {EXITED} (app exit 0)",
    )


@pytest.mark.parametrize(
    ("reason", "code", "fails"),
    [
        (CANNOT_PULL, "TaskFailedToStart", True),
        (EXITED, "EssentialContainerExited", True),
        (ELB, "ServiceSchedulerInitiated", True),
        ("Task failed container health checks", "ServiceSchedulerInitiated", True),
        ("Scaling activity initiated by (deployment ecs-svc/2)", "ServiceSchedulerInitiated", False),
        ("Scaling activity initiated by deployment", "ServiceSchedulerInitiated", False),
        ("Task stopped by user", "UserInitiated", False),
        ("Service was deleted", "ServiceSchedulerInitiated", False),
        ("", "", False),
    ],
)
def test_what_counts_as_a_failure(reason: str, code: str, fails: bool) -> None:
    assert diagnose.is_failure(stopped(reason, code)) is fails


def test_failures_are_counted_and_the_hopeless_among_them() -> None:
    tasks = [
        stopped(CANNOT_PULL),
        stopped(NO_SECRET),
        stopped(EXITED, "EssentialContainerExited", container(1)),
        stopped("Task stopped by user", "UserInitiated"),
        replace(stopped(CANNOT_PULL), started_by="ecs-svc/9"),
    ]
    assert diagnose.failures(tasks, OURS) == diagnose.Failures(3, 2)


REGISTRY_AUTH = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
    "unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError"
)


def test_a_registry_that_cannot_be_reached_is_no_missing_secret() -> None:
    found = diagnose.cause(seen(stopped(REGISTRY_AUTH)), OURS)
    assert "secret of the task definition" not in found.text
    assert "network" in found.advice.lower()


def test_the_reason_for_no_capacity_stands_without_the_word_reason() -> None:
    text = "was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later."
    assert diagnose.cause(seen(events=(text,)), OURS).text == (
        "No task can be placed: Capacity is unavailable at this time."
    )


def test_a_task_that_could_not_be_placed_for_a_secret_is_told_by_that() -> None:
    text = f"was unable to place a task. Reason: {REGISTRY_AUTH}."
    found = diagnose.cause(seen(events=(text,)), OURS)
    assert "unable to retrieve ecr registry auth" in found.text
    assert "Wait for capacity" not in found.advice


def test_no_container_instance() -> None:
    text = "was unable to place a task because no container instance met all of its requirements."
    assert diagnose.cause(seen(events=(text,)), OURS).text == (
        "No task can be placed: no container instance met all of its requirements."
    )


def test_an_alarm_that_failed_the_deployment_is_named() -> None:
    found = seen(events=("(deployment ecs-svc/2) deployment failed: alarm detected.",))
    watching = replace(
        found.service, configuration={"alarms": {"alarmNames": ["app-errors"], "enable": True}}
    )
    cause = diagnose.cause(replace(found, service=watching), OURS)
    assert cause.text == "ECS failed the deployment because an alarm went off (app-errors)."


BY_ALARM = "(deployment ecs-svc/{}) deployment failed: alarm detected."
FLAKE = stopped(CANNOT_PULL, created_at=2.0)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (BY_ALARM.format(2), "because an alarm went off"),
        (BY_ALARM.format(2).replace("(", "").replace(")", ""), "because an alarm went off"),
        (BY_ALARM.format(20), "The image cannot be pulled"),
        (BY_ALARM.format(1), "The image cannot be pulled"),
    ],
)
def test_one_task_that_failed_on_the_way_does_not_hide_the_alarm(event: str, text: str) -> None:
    found = diagnose.cause(seen(FLAKE, events=("rolling back to deployment ecs-svc/1.", event)), OURS)
    assert text in found.text
    assert found.evidence == (f"1 x {CANNOT_PULL}",)


def test_start_throttling_is_named() -> None:
    text = "operations are being throttled. Will try again later."
    found = diagnose.cause(seen(events=(text,)), OURS)
    assert "throttle" in found.text
    assert "(service" not in found.text


CHECKS = (model.HealthCheck(b.GROUP, "/health", "200-299"),)


@pytest.mark.parametrize(
    "told",
    [
        {"targets": (b.target(2, "unhealthy", description=CODES),)},
        # By then the target may have left its group; the event stays.
        {
            "events": (
                f"(task {2:032x}) (port 8080) is unhealthy in (target-group {b.GROUP}) due to (reason {CODES}).",
            )
        },
        {"events": (f"(port 8080) is unhealthy in (target-group {b.GROUP}) due to (reason {CODES}).",)},
    ],
)
def test_a_failing_target_check_names_path_port_and_code(told: dict[str, Any]) -> None:
    found = diagnose.cause(
        seen(stopped(ELB, "ServiceSchedulerInitiated", container(0)), checks=CHECKS, **told), OURS
    )
    assert found.text == f"The load balancer's health check of /health fails on port 8080: {CODES}."
    assert found.advice == "Request /health from the new image: it has to answer 200-299, and in time."


def test_the_path_of_another_group_is_not_named() -> None:
    other = (model.HealthCheck("arn:other", "/elsewhere", "200"), *CHECKS)
    bad = b.target(2, "unhealthy", description=CODES)
    assert "of /health fails" in diagnose.cause(seen(targets=(bad,), checks=other), OURS).text
    only = diagnose.cause(seen(targets=(bad,), checks=other[:1]), OURS)
    assert "/elsewhere" not in only.text + only.advice


def test_the_container_that_fails_its_own_check_is_named() -> None:
    sick = replace(container(137), health="UNHEALTHY")
    task = stopped(
        "Task failed container health checks", "ServiceSchedulerInitiated", container(0, name="proxy"), sick
    )
    assert diagnose.cause(seen(task), OURS).text == "Container app fails its own health check."


def test_a_task_without_room_is_told_by_that() -> None:
    text = "Capacity is unavailable at this time. Please try again later or in a different availability zone."
    found = diagnose.cause(seen(stopped(text)), OURS)
    assert found.text == "No task can be placed: Capacity is unavailable at this time."
    assert "availability zone" in found.advice


def test_a_failing_target_check_names_the_port() -> None:
    bad = b.target(2, "unhealthy", description="Health checks failed with these codes: [503]")
    assert "8080" in diagnose.cause(seen(targets=(bad,)), OURS).text
