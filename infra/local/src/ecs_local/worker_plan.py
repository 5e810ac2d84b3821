"""What a container is to be run with: pure functions from task definition, image and parameters.

Raises StartError, worded as the stopped task's reason, where ECS could not start it either.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ecs_local.images import ResolvedImage, oci_architecture
from ecs_local.world import Content, Parameter, Task, World

_SECRETS = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
_PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
_START = "CannotStartContainerError: failed to create new container runtime task: unable to start container process: "
_OWN_HOST = re.compile(r"\b(?:localhost|127\.0\.0\.1)(?::(\d+))?\b")
_STOP_TIMEOUT = 30.0  # seconds, Fargate's default (botocore, ContainerDefinition.stopTimeout)


class StartError(Exception):
    """A container cannot be started; the text is the stopped task's reason, in the words of ECS."""

    exit_code = 2


@dataclass(frozen=True)
class ContainerPlan:
    """One container, ready to start. Times in seconds."""

    name: str
    command: tuple[str, ...]
    directory: Path
    environment: dict[str, str]
    stop_timeout: float
    health_command: tuple[str, ...]  # empty: no check of its own
    health: Content
    depends_on: tuple[tuple[str, str], ...]  # (container, condition)


def plan_container(
    definition: Content, image: ResolvedImage, environment: dict[str, str], task: Task
) -> ContainerPlan:
    """How one container definition is run from an unpacked image. Raises StartError."""
    directory = (image.path / image.working_dir).resolve()
    if not directory.is_dir() or not directory.is_relative_to(image.path.resolve()):
        raise StartError(f'{_START}chdir to cwd ("/{image.working_dir}") failed: no such file or directory')
    return ContainerPlan(
        name=definition["name"],
        command=_command(definition, image, directory, environment),
        directory=directory,
        environment=environment,
        stop_timeout=float(definition.get("stopTimeout") or _STOP_TIMEOUT),
        health_command=_health_command(definition, task),
        health=definition.get("healthCheck") or {},
        depends_on=tuple(
            (one["containerName"], one["condition"]) for one in definition.get("dependsOn") or ()
        ),
    )


def check_platform(content: Content, image: ResolvedImage) -> None:
    """Raises StartError where the image is for another CPU than the task definition asks for (X86_64 if silent)."""
    wanted = oci_architecture((content.get("runtimePlatform") or {}).get("cpuArchitecture") or "X86_64")
    if image.architecture not in ("", wanted):
        raise StartError(
            f"{_PULL}image Manifest does not contain descriptor matching platform 'linux/{wanted}'"
        )


def secrets(definition: Content, parameters: Mapping[str, Parameter]) -> dict[str, str]:
    """The values of a container's `secrets`, which name parameters by name or ARN. Raises StartError."""
    values = {}
    for secret in definition.get("secrets") or ():
        source = secret["valueFrom"]
        if source.startswith("arn:") and source.split(":")[2] != "ssm":
            raise StartError(
                f"{_SECRETS}unable to retrieve secret from asm: service call has been retried 1 time(s): failed to "
                f"fetch secret {source} from secrets manager: ResourceNotFoundException: Secrets Manager can't find "
                "the specified secret."
            )
        name = source.partition(":parameter/")[2] if source.startswith("arn:") else source
        found = parameters.get(name) or parameters.get(f"/{name}")
        if found is None:
            raise StartError(
                f"{_SECRETS}unable to retrieve secrets from ssm: service call has been retried 1 time(s): "
                f"invalid ssm parameters: {source}"
            )
        values[secret["name"]] = found.value
    return values


def environment(
    world: World,
    task: Task,
    definition: Content,
    image: ResolvedImage,
    secret: Mapping[str, str],
    home: Path,
    path: str,
) -> dict[str, str]:
    """The environment of one container: nothing of the engine's own but PATH.

    HOST is the task's own address. PORT is where the load balancer expects its first port; the task
    definition may say otherwise, unless that port could not be had on this machine.
    """
    name = definition["name"]
    listening = {inner: outer for (container, inner), outer in task.ports.items() if container == name}
    ports = {} if not listening else {"PORT": str(next(iter(listening.values())))}
    moved = any(inner != outer for inner, outer in listening.items())
    return {
        "PATH": path,
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(home),
        **image.env,
        **ports,
        **{one["name"]: one["value"] for one in definition.get("environment") or ()},
        **secret,
        **(ports if moved else {}),
        "HOST": task.address or "127.0.0.1",
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "AWS_REGION": world.region,
        "AWS_DEFAULT_REGION": world.region,
        "ECS_LOCAL_TASK_ARN": task.arn,
        "ECS_LOCAL_CONTAINER_NAME": name,
    }


def _command(
    definition: Content, image: ResolvedImage, directory: Path, environment: Mapping[str, str]
) -> tuple[str, ...]:
    """Entry point and command by Docker's rule: an entry point of the definition drops the image's command."""
    entry = tuple(definition.get("entryPoint") or ())
    command = tuple(definition.get("command") or ()) or (() if entry else image.command)
    whole = (entry or image.entrypoint) + command
    if not whole:
        raise StartError("CannotCreateContainerError: Error response from daemon: No command specified")
    program, *arguments = whole
    if program in ("python", "python3"):
        return (sys.executable, *arguments)
    found = shutil.which(directory / program if "/" in program else program, path=environment["PATH"])
    if found is None:
        problem = "no such file or directory" if "/" in program else "executable file not found in $PATH"
        raise StartError(f'{_START}exec: "{program}": {problem}')
    return (found, *arguments)


def _health_command(definition: Content, task: Task) -> tuple[str, ...]:
    """The container's own check. A container is alone on its localhost, so that is rewritten to the task's address."""
    kind, *rest = (definition.get("healthCheck") or {}).get("command") or ("NONE",)
    if kind == "NONE" or not rest:
        return ()

    def own(found: re.Match[str]) -> str:
        port = found[1]
        if port is None:
            return task.address
        return f"{task.address}:{task.ports.get((definition['name'], int(port)), int(port))}"

    words = [_OWN_HOST.sub(own, word) for word in rest]
    if kind == "CMD-SHELL":
        return ("/bin/sh", "-c", words[0])
    if words[0] in ("python", "python3"):
        words[0] = sys.executable
    return tuple(words)
