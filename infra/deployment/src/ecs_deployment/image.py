"""Builds an image and brings it to the registry with Docker's buildx. (For the embedded ECS, `ecs_local` does it.)"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ecs_deployment.cloud import Cloud
from ecs_deployment.errors import DeployError, Refused
from ecs_deployment.settings import ServiceSettings


@dataclass(frozen=True)
class BuildPlan:
    """What will be built. `command` runs a local image; `dockerfile` builds a real one."""

    service: str
    repository: str
    tag: str
    context: Path
    dockerfile: str
    platform: str
    command: tuple[str, ...]
    commit: str = ""  # what it is built from, for the image's label; "" where it is not known

    @property
    def architecture(self) -> str:
        """Docker's name of the CPU."""
        return self.platform.split("/")[1] if "/" in self.platform else "amd64"

    @property
    def sentence(self) -> str:
        """What is done, in words."""
        return f"Build {self.context} for {self.platform} and publish it as {self.repository}:{self.tag}."


class BuildFailed(DeployError):
    """Docker could not build or push; its own output says why."""

    exit_code = 5


def plan(settings: ServiceSettings, tag: str, root: Path, *, local: bool, commit: str = "") -> BuildPlan:
    """What to build for a service; its context stands below `root`. Refuses where it is not there or not said."""
    build = settings.build
    if build is None:
        raise Refused(
            f"The settings of {settings.name!r} do not say how its image is built.",
            'Add for example build = { context = "services/app", command = ["python", "app.py"] }.',
        )
    if local and not build.command:
        raise Refused(
            f"The build of {settings.name!r} has no command, and the embedded ECS runs no Dockerfile.",
            'Add for example command = ["python", "app.py"] to its `build`.',
        )
    context = root / build.context
    if not context.is_dir():
        raise Refused(f"The build context {context} is no directory.", "Correct `context` in the settings.")
    if not settings.repository:
        raise Refused(f"Nothing says where the images of {settings.name!r} go.", "Set `repository`.")
    return BuildPlan(
        service=settings.name,
        repository=settings.repository,
        tag=tag,
        context=context,
        dockerfile=build.dockerfile,
        platform=build.platform,
        command=build.command or (),
        commit=commit,
    )


def buildx_command(wanted: BuildPlan, repository_uri: str) -> list[str]:
    """The one command that builds and pushes. Its label lets a later deploy tell which commit is older."""
    label = ["--label", f"org.opencontainers.image.revision={wanted.commit}"] if wanted.commit else []
    return [
        "docker",
        "buildx",
        "build",
        "--push",
        "--platform",
        wanted.platform,
        "--file",
        str(wanted.context / wanted.dockerfile),
        "--tag",
        f"{repository_uri}:{wanted.tag}",
        *label,
        str(wanted.context),
    ]


def buildx(cloud: Cloud, wanted: BuildPlan) -> str:
    """Build and push; the digest that the registry then has under the tag. Docker's output goes to the terminal."""
    if shutil.which("docker") is None:
        raise Refused("There is no `docker` on PATH.", "Install Docker with buildx, or build in CI.")
    uri = cloud.repository_uri(wanted.repository)
    command = buildx_command(wanted, uri)
    done = subprocess.run(command, check=False)
    if done.returncode:
        raise BuildFailed(
            f"`{shlex.join(command)}` failed with exit code {done.returncode}.",
            "See its output above; for a denied push sign in with `aws ecr get-login-password`.",
        )
    pushed = cloud.image(wanted.repository, wanted.tag)
    if pushed is None:
        raise BuildFailed(
            f"Docker pushed, but the registry has no {wanted.repository}:{wanted.tag}.", "Push again."
        )
    return pushed.digest
