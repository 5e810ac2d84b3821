"""`infra.*` as a user runs it: on the embedded ECS, once as itself and once in the part of an AWS account."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ecs_local import client

from tests.tasks.command import ROOT, Done, inv, refused

SETTINGS = """\
[environments.local]
provider = "local"

[environments.local.services.app]

[environments.mine]
provider = "aws"
account = "000000000000"
region = "eu-west-3"

[environments.mine.services.shop]

[environments.foreign]
provider = "aws"
account = "123456789012"
region = "eu-west-3"

[environments.foreign.services.app]
"""


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The surroundings of a command: settings and an engine of its own, which is also the AWS account."""
    home = tmp_path_factory.mktemp("home")
    (home / "environments.toml").write_text(SETTINGS)
    engine = client.up(home / "engine", timeout=60)
    yield {
        "ECS_LOCAL_HOME": str(home / "engine"),
        "INFRA_ENVIRONMENTS": str(home / "environments.toml"),
        **client.environment(engine),
    }
    client.down(home / "engine")


def ran(environ: dict[str, str], *arguments: str) -> Done:
    done = inv(environ, *arguments)
    assert done.returncode == 0, done.stderr
    return done


def test_plan_apply_deploy_apply_destroy(environ: dict[str, str]) -> None:
    assert "ecs-local-app: would be made" in ran(environ, "infra.plan", "--env", "local").stdout
    assert "ecs-local-app: would be made" in ran(environ, "--dry", "infra.apply", "--env", "local").stdout
    made = ran(environ, "infra.apply", "--env", "local").stdout
    assert "Service: CREATE_COMPLETE" in made
    assert made.endswith("Nothing runs yet. Next: inv app.deploy --env local --service app --tag TAG\n")
    assert "nothing to change" in ran(environ, "infra.plan", "--env", "local").stdout

    ran(environ, "app.deploy", "--env", "local", "--tag", "demo")
    sized = ("--set", "Cpu=512 Memory=1024 HealthCheckInterval=6")
    plan = ran(environ, "infra.plan", "--env", "local", *sized).stdout
    assert (
        "\n  Replace  TaskDefinition: Cpu 256 -> 512, Memory 512 -> 1024. The old one\n           stays.\n"
        in plan
    )
    assert "\n  Service  rolls to a new revision" in plan
    assert "TargetGroup: HealthCheckIntervalSeconds 5 -> 6" in plan
    assert "rolls to a new revision with the image that runs now" in plan
    written = json.loads(ran(environ, "infra.plan", "--env", "local", "--json", *sized).stdout)
    assert (written["outcome"], written["exit_code"]) == ("planned", 0)
    (service,) = written["services"]
    assert service["action"] == "update"
    assert {one["resource"]: one["replaced"] for one in service["changes"]} == {
        "TargetGroup": "no",
        "TaskDefinition": "yes",
        "Service": "no",
    }
    assert service["running"]["rolls"]
    assert service["cost"]["by_insights"]["off"]["awake"] > service["cost"]["by_insights"]["off"]["asleep"]
    internal = inv(environ, "infra.apply", "--env", "local", "--set", "BalancerScheme=internal")
    assert internal.returncode == 2
    assert "Balancer would be made anew. The service gets another address" in internal.stderr
    changed = ran(environ, "infra.apply", "--env", "local", *sized).stdout
    assert "learns what the service runs now; that changes nothing" in changed
    assert "ecs-local-app: updated\n  dashboard local-app\n" in changed
    ran(environ, "app.verify", "--env", "local", "--tag", "demo")
    assert ran(environ, "infra.apply", "--env", "local").stdout == "ecs-local-app: unchanged\n"

    shown = ran(environ, "--dry", "infra.destroy", "--env", "local").stdout
    assert "It stays: Repository app" in shown
    gone = ran(environ, "infra.destroy", "--env", "local", "--confirm", "local").stdout
    assert "Repository: DELETE_SKIPPED" in gone
    assert gone.endswith("ecs-local-app: DELETE_COMPLETE\n")
    again = ran(environ, "infra.destroy", "--env", "local", "--confirm", "local").stdout
    assert again == "app: there is no stack\n"
    for look in ("status", "verify", "logs", "top --once"):  # none of them makes it again
        refused(inv(environ, *f"app.{look} --env local".split()), 2, "inv infra.apply --env local")
    assert "destroyed" in ran(environ, "app.history", "--env", "local").stdout
    assert (
        "Created stack ecs-local-app" in inv(environ, "app.deploy", "--env", "local", "--tag", "demo").stderr
    )
    # Settings that name another repository than the stack has made: an apply makes it, and a deploy says so.
    settings = Path(environ["INFRA_ENVIRONMENTS"])
    other = settings.with_name("other.toml")
    other.write_text(SETTINGS.replace("services.app]", 'services.app]\nrepository = "other"', 1))
    done = inv(
        environ | {"INFRA_ENVIRONMENTS": str(other)}, *["app.deploy", "--env", "local", "--tag", "demo"]
    )
    refused(done, 2, "The registry has no repository 'other'", "inv infra.apply --env local")


def test_names_that_the_settings_leave_out_come_from_the_stack(environ: dict[str, str]) -> None:
    nameless = inv(environ, "app.status", "--env", "mine", "--json")
    assert nameless.returncode == 2
    ran(environ, "infra.apply", "--env", "mine")
    status = json.loads(ran(environ, "app.status", "--env", "mine", "--json").stdout)
    (service,) = status["services"]
    assert service["service"] == "shop"
    assert service["desired"] == 0


@pytest.mark.parametrize("typed", [b"yours\n", b"\x04"])
def test_who_is_asked_and_gives_another_name_destroys_nothing(environ: dict[str, str], typed: bytes) -> None:
    ran(environ, "infra.apply", "--env", "mine")
    ours, theirs = os.openpty()
    os.write(ours, typed)
    command = [sys.executable, "-m", "invoke", "infra.destroy", "--env", "mine"]
    done = subprocess.run(
        command,
        stdin=theirs,
        env={**os.environ, **environ},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 2
    assert "Type the name of the environment to take ecs-mine-shop away: " in done.stdout
    assert done.stderr.endswith(" is meant, add --confirm mine\n")
    assert "'yours' was confirmed" in done.stderr or typed != b"yours\n"
    assert "nothing to change" in ran(environ, "infra.plan", "--env", "mine").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("infra.plan",), "No environment was named."),
        (("infra.apply", "--env", "local", "--service", "web"), "has no service 'web'"),
        (("infra.apply", "--env", "local", "--set", "Cpu"), "is no list of assignments"),
        (("infra.apply", "--env", "local", "--set", 'Cpu="5'), "cannot be read"),
        (("infra.plan", "--env", "local", "--set", "Cpuu=512"), 'Did you mean "Cpu"'),
        (
            ("infra.plan", "--env", "local", "--set", "Cpu=300"),
            "Cpu cannot be 300.\nChoose from 256, 512, 1024,",
        ),
        (("infra.apply", "--env", "foreign"), "is account 123456789012, but the credentials belong to"),
        (("infra.plan", "--env", "foreign"), "An emulator answers: unset AWS_ENDPOINT_URL"),
        (("infra.destroy", "--env", "local"), "add --confirm local"),
        (("infra.destroy", "--env", "local", "--confirm", "yes"), "called local, and 'yes' was confirmed"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    environ: dict[str, str], arguments: tuple[str, ...], message: str
) -> None:
    done = inv(environ, *arguments)
    assert done.returncode == 2, done.stdout
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_the_template_is_linted() -> None:
    done = inv({}, "infra.lint")
    assert (done.returncode, done.stdout) == (0, "No findings.\n")
