"""What a container is run with: commands, checks, environment, as tables."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from ecs_local.images import ResolvedImage
from ecs_local.worker_plan import StartError, check_platform, environment, plan_container
from ecs_local.world import Task, World

_VARIABLES = {"PATH": "/usr/bin:/bin"}


def _task() -> Task:
    task = Task("arn", "id", "c", "service:app", "ecs-svc/1", "td", [], 0.0, address="127.9.9.9")
    task.ports = {("app", 8080): 40001, ("app", 9000): 9000}
    return task


def _image(path: Path, **more: Any) -> ResolvedImage:
    return ResolvedImage("sha256:1", path, ("python", "serve.py"), {"A": "image", "B": "image"}, **more)


def _ends(command: tuple[str, ...]) -> tuple[str, ...]:
    """The command without the folder of its program."""
    return (Path(command[0]).name, *command[1:])


@pytest.mark.parametrize(
    ("definition", "entrypoint", "expected"),
    [
        ({}, (), (sys.executable, "serve.py")),
        ({"command": ["sh", "-c", "x"]}, (), ("sh", "-c", "x")),
        ({"entryPoint": ["sh"]}, (), ("sh",)),
        ({"entryPoint": ["sh"], "command": ["-c"]}, ("env",), ("sh", "-c")),
        ({}, ("env",), ("env", "python", "serve.py")),
        ({"command": ["x"]}, ("env",), ("env", "x")),
        ({"command": ["./run.sh"]}, (), ("run.sh",)),
    ],
)
def test_commands_are_put_together_as_docker_does(
    tmp_path: Path, definition: dict[str, Any], entrypoint: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    (tmp_path / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "run.sh").chmod(0o755)
    image = _image(tmp_path, entrypoint=entrypoint)
    plan = plan_container({"name": "app", **definition}, image, _VARIABLES, _task())
    assert _ends(plan.command) == _ends(expected)
    assert plan.stop_timeout == 30.0


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        ({"command": ["no-such-program"]}, '"no-such-program": executable file not found in $PATH'),
        ({"command": ["./missing.sh"]}, '"./missing.sh": no such file or directory'),
    ],
)
def test_what_cannot_be_run_is_said(tmp_path: Path, definition: dict[str, Any], text: str) -> None:
    with pytest.raises(StartError, match="CannotStartContainerError") as error:
        plan_container({"name": "app", **definition}, _image(tmp_path), _VARIABLES, _task())
    assert str(error.value).endswith(text)


@pytest.mark.parametrize("folder", ["missing", "../.."])
def test_a_working_directory_outside_of_the_image_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(StartError, match="chdir to cwd"):
        plan_container({"name": "app"}, _image(tmp_path, working_dir=folder), _VARIABLES, _task())


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            ["CMD-SHELL", "curl -f http://localhost:8080/ || exit 1"],
            "curl -f http://127.9.9.9:40001/ || exit 1",
        ),
        (["CMD", "wget", "http://127.0.0.1:9000/health"], "http://127.9.9.9:9000/health"),
        (["CMD", "nc", "localhost", "7000"], "7000"),
        (["NONE"], None),
        ([], None),
    ],
)
def test_a_check_of_localhost_reaches_the_container(
    tmp_path: Path, command: list[str], expected: str | None
) -> None:
    definition = {"name": "app", "healthCheck": {"command": command}}
    plan = plan_container(definition, _image(tmp_path), _VARIABLES, _task())
    assert (plan.health_command[-1] if plan.health_command else None) == expected
    assert "localhost" not in plan.health_command


def test_the_environment_by_its_sources(tmp_path: Path) -> None:
    variables = [{"name": "B", "value": "definition"}, {"name": "PORT", "value": "1"}]
    definition = {"name": "app", "environment": variables}
    task = _task()
    made = environment(World(), task, definition, _image(tmp_path), {"C": "secret"}, tmp_path, "/bin")
    assert (made["A"], made["B"], made["C"], made["HOST"]) == ("image", "definition", "secret", "127.9.9.9")
    assert made["PORT"] == "40001"  # the port could not be had: the load balancer expects it here
    task.ports = {("app", 8080): 8080}
    made = environment(World(), task, definition, _image(tmp_path), {}, tmp_path, "/bin")
    assert made["PORT"] == "1"  # as said, and as wrong as it would be on AWS


@pytest.mark.parametrize(
    ("platform", "architecture", "fits"),
    [
        ({}, "amd64", True),
        ({}, "arm64", False),
        ({"cpuArchitecture": "ARM64"}, "arm64", True),
        ({}, "", True),
    ],
)
def test_an_image_must_be_for_the_cpu(
    tmp_path: Path, platform: dict[str, str], architecture: str, fits: bool
) -> None:
    image = _image(tmp_path, architecture=architecture)
    if fits:
        check_platform({"runtimePlatform": platform}, image)
        return
    with pytest.raises(StartError, match="does not contain descriptor matching platform"):
        check_platform({"runtimePlatform": platform}, image)
