"""Building: what is refused, the one command, and a docker of our own on PATH."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ecs_deployment import image
from ecs_deployment.errors import NotFound, Refused
from ecs_deployment.settings import Build

from tests.deployment import builders as b
from tests.deployment.memory_cloud import World

BUILD = Build(context="app", command=("python", "app.py"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    return tmp_path


def planned(
    root: Path, *, local: bool = False, build: Build | None = BUILD, **settings: Any
) -> image.BuildPlan:
    return image.plan(replace(b.SETTINGS, build=build, **settings), "v1", root, local=local)


def test_a_plan(root: Path) -> None:
    plan = planned(root, local=True)
    assert (plan.context, plan.repository, plan.tag, plan.command) == (
        root / "app",
        "app",
        "v1",
        ("python", "app.py"),
    )
    assert plan.architecture == "amd64"
    assert plan.sentence == f"Build {root / 'app'} for linux/amd64 and publish it as app:v1."


@pytest.mark.parametrize(
    ("platform", "architecture"),
    [("linux/arm64", "arm64"), ("linux/arm/v7", "arm"), ("linux/amd64", "amd64"), ("odd", "amd64")],
)
def test_the_architecture_of_a_platform(root: Path, platform: str, architecture: str) -> None:
    assert planned(root, build=replace(BUILD, platform=platform)).architecture == architecture


@pytest.mark.parametrize(
    ("local", "build", "settings", "what"),
    [
        (False, None, {}, "do not say how its image is built"),
        (True, Build(context="app"), {}, "has no command"),
        (False, Build(context="nowhere"), {}, "is no directory"),
        (False, BUILD, {"repository": None}, "Nothing says where"),
    ],
)
def test_what_cannot_be_built_is_refused(
    root: Path, local: bool, build: Build | None, settings: dict[str, Any], what: str
) -> None:
    with pytest.raises(Refused) as caught:
        planned(root, local=local, build=build, **settings)
    assert what in caught.value.what
    assert caught.value.cure


def test_aws_needs_no_command(root: Path) -> None:
    assert planned(root, build=Build(context="app")).command == ()


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker that notes its arguments in the file and ends with the code in `code`."""
    notes, folder = tmp_path / "notes", tmp_path / "bin"
    folder.mkdir()
    script = folder / "docker"
    script.write_text(
        f"#!{sys.executable}\n"
        "import json, pathlib, sys\n"
        f"pathlib.Path({str(notes)!r}).write_text(json.dumps(sys.argv[1:]))\n"
        f"code = pathlib.Path({str(tmp_path / 'code')!r})\n"
        "sys.exit(int(code.read_text()) if code.exists() else 0)\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return notes


def test_docker_builds_for_the_platform_and_pushes(root: Path, docker: Path) -> None:
    cloud = World().cloud
    cloud.images["v1"] = b.image(tag="v1")
    plan = planned(root, build=replace(BUILD, platform="linux/arm64", dockerfile="prod.Dockerfile"))
    assert image.buildx(cloud, plan) == b.DIGEST
    assert json.loads(docker.read_text()) == [
        *("buildx", "build", "--push"),
        *("--platform", "linux/arm64"),
        *("--file", str(root / "app" / "prod.Dockerfile")),
        *("--tag", f"{b.URI}:v1"),
        str(root / "app"),
    ]


def test_a_build_that_fails_names_the_command(root: Path, docker: Path) -> None:
    (docker.parent / "code").write_text("17")
    with pytest.raises(image.BuildFailed, match="failed with exit code 17") as caught:
        image.buildx(World().cloud, planned(root))
    assert caught.value.exit_code == 5
    assert "docker buildx build --push" in caught.value.what
    assert "get-login-password" in caught.value.cure


def test_a_push_that_the_registry_does_not_show_is_no_success(root: Path, docker: Path) -> None:
    with pytest.raises(image.BuildFailed, match="the registry has no app:v1"):
        image.buildx(World().cloud, planned(root))


def test_without_docker_nothing_is_asked(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    cloud = World().cloud
    with pytest.raises(Refused, match="no `docker` on PATH"):
        image.buildx(cloud, planned(root))
    assert cloud.log == []


def test_a_missing_repository_is_told_before_anything_is_built(root: Path, docker: Path) -> None:
    cloud = World().cloud
    cloud.refuse(NotFound("The registry has no repository 'app'."), "repository_uri")
    with pytest.raises(NotFound):
        image.buildx(cloud, planned(root))
    assert not docker.exists()


def test_the_commit_is_in_the_images_label(tmp_path: Path) -> None:
    made = image.BuildPlan("app", "app", "v1", tmp_path, "Dockerfile", "linux/amd64", (), commit="a" * 40)
    command = image.buildx_command(made, "registry/app")
    assert command[command.index("--label") + 1] == f"org.opencontainers.image.revision={'a' * 40}"
    assert "--label" not in image.buildx_command(replace(made, commit=""), "registry/app")
