"""Whatever is typed behind an app task: a sentence and an exit code, never a traceback, never a partial change."""

from __future__ import annotations

import io
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError
from ecs_deployment import settings
from hypothesis import HealthCheck, example, given
from hypothesis import settings as checking
from hypothesis import strategies as st
from invoke.collection import Collection
from invoke.program import Program

from tasks import _connect, app
from tests.deployment.memory_cloud import World

SETTINGS = """
[environments.local]
provider = "local"
[environments.local.services.app]
cluster = "local"
service = "app"
container = "app"
repository = "app"
"""
CHANGES = {
    "create_parameter",
    "delete_parameter",
    "overwrite_parameter",
    "register",
    "report_activity",
    "stop_deployment",
    "suspend",
    "update_service",
}
NASTY = (
    "../x", "a b", "a,b", ",", ",,", "app,", "app,nope", "*", "$(id)", "%s", "{0}", "\\", "'", '"', "\n", "\x1b[2J",
    "é", "\N{PILE OF POO}", "\ud800", "-1", "-", "0", "1e9", "nan", "inf", "9" * 30, "5m", "1h", "0s", "rollback",
    "leave", "sha256:" + "a" * 64, "app@sha256:" + "b" * 64, "latest", "a" * 129, "arn:aws:ecs:x", "true",
    "None",
)  # fmt: skip
WORDS = st.sampled_from(NASTY) | st.text(st.characters(exclude_characters="\0"), max_size=10)
OPTIONS = {
    "deploy": ("tag", "service", "timeout", "max-errors", "on-failure", "wait-for-lock"),
    "rollback": ("to", "service", "timeout", "max-errors"),
    "resume": ("service", "timeout", "on-failure", "wait-for-lock"),
    "abort": ("service", "timeout"),
    "verify": ("tag", "service"),
    "history": ("service",),
    "status": ("service",),
}
SWITCHES = {
    "deploy": ("no-probe", "supersede", "force", "json", "dry"),
    "rollback": ("no-probe", "json", "dry"),
    "resume": ("json", "dry"),
    "abort": ("force", "json", "dry"),
    "verify": ("json",),
    "history": ("json",),
    "status": ("json",),
}


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """A task with some of its options, each with any value."""
    name = draw(st.sampled_from(sorted(OPTIONS)))
    line = [f"app.{name}", "--env", draw(st.just("local") | WORDS)]
    for option in draw(st.lists(st.sampled_from(OPTIONS[name]), max_size=3)):
        value = draw(WORDS)
        line += [f"--{option}={value}"] if draw(st.booleans()) else [f"--{option}", value]
    line += [f"--{switch}" for switch in draw(st.lists(st.sampled_from(SWITCHES[name]), max_size=2))]
    return line


@contextmanager
def connected() -> Iterator[World]:
    """Connects every environment of the settings to a world in memory."""
    world = World()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "environments.toml"
        file.write_text(SETTINGS)

        def connect(name: str, **_: object) -> _connect.Connection:
            found = settings.environment(settings.load(file), name)
            return _connect.Connection(found, world.cloud, _nobody, _nobody, 5.0)

        with patch.object(_connect, "connect", connect):
            yield world


class NoStacks:
    """CloudFormation, which is asked once before a rollout: nothing here is of a stack."""

    meta = SimpleNamespace(
        service_model=SimpleNamespace(service_name="cloudformation"),
        method_to_api_mapping={"describe_stacks": "DescribeStacks"},
    )

    def describe_stacks(self, **_: str) -> object:
        missing = {"Code": "ValidationError", "Message": "Stack with id ecs-local-app does not exist"}
        raise ClientError({"Error": missing}, "DescribeStacks")


def _nobody(service: str) -> object:
    if service == "cloudformation":
        return NoStacks()
    raise AssertionError(f"{service} was asked outside of the port")


def run(line: list[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `inv` in this process."""
    out, err = io.StringIO(), io.StringIO()
    program = Program(namespace=Collection(app), name="inv")
    with redirect_stdout(out), redirect_stderr(err):
        try:
            program.run(["inv", *line])
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return code, out.getvalue(), err.getvalue()


@checking(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(lines())
@example(["app.deploy", "--env", "local", "--tag", "demo", "--dry"])
@example(["app.deploy", "--env", "local", "--tag", "demo", "--dry", "--json"])
@example(["app.deploy", "--env", "local", "--tag", "nope", "--service", "app,app"])
@example(["app.resume", "--env", "local", "--json"])
def test_anything_typed(line: list[str]) -> None:
    with connected() as world:
        code, out, err = run(line)
    assert "Traceback" not in err, err
    assert "Unexpected" not in err, err
    assert code in (0, 2, 3), (line, code, err)
    if code == 2 and "--json" not in line:
        assert len((err + out).strip().splitlines()) >= 2, "a sentence and what to do"
    for advised in re.findall(r"\binv app\.\w+.{6}", out + err):  # to be pasted as it stands
        assert advised.endswith(" --env"), (line, out, err)
    assert not CHANGES.intersection(world.cloud.log), line
    assert world.cloud.updates == []
    if "--json" in line and out.strip():
        assert json.loads(out)["exit_code"] == code


def test_the_rig_would_see_a_change() -> None:
    with connected() as world:
        code, _, _ = run(["app.deploy", "--env", "local", "--tag", "demo", "--no-probe"])
    assert code == 0
    assert world.cloud.updates


def test_the_rig_would_see_a_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ecs_deployment.status.look", None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with connected():
        code, _, err = run(["app.status", "--env", "local"])
    assert (code, "Unexpected: TypeError" in err) == (1, True)
