"""JSON on every path of the real command, and mistakes in its surroundings: one object, one sentence, no traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tasks.command import inv, one_object, refused

STAGING = """\
[environments.staging]
provider = "aws"
account = "123456789012"
region = "eu-west-3"
[environments.staging.services.app]
cluster = "c"
service = "s"
repository = "app"
"""
KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "environments.toml"
    file.write_text(STAGING)
    return {"ECS_LOCAL_HOME": str(tmp_path / "engine"), "INFRA_ENVIRONMENTS": str(file)}


@pytest.mark.parametrize(
    "typed",
    [
        "app.deploy --env staging --tag a/b --json",
        "app.deploy --env staging --json",
        "app.deploy --tag x --json",
        "app.deploy --env staging --tag x --timeout 5x --json",
        "app.deploy --env staging --tag x --max-errors abc --json",
        "app.deploy --env nowhere --tag x --dry --json",
        "app.verify --env nowhere --json",
        "app.status --env nowhere --json",
    ],
)
def test_json_is_one_object_on_every_error(environ: dict[str, str], typed: str) -> None:
    done = inv(environ, *typed.split())
    assert done.returncode == 2
    found = one_object(done)
    assert (found["outcome"], bool(found["cause"])) == ("refused", True)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"AWS_PROFILE": "nope"}, ("nope", "AWS_PROFILE")),
        ({**KEYS, "AWS_ENDPOINT_URL": "localhost:4566"}, ("localhost:4566", "AWS_ENDPOINT_URL")),
        ({**KEYS, "AWS_ENDPOINT_URL": "http://[bad"}, ("AWS_ENDPOINT_URL",)),
        ({"AWS_CONFIG_FILE": "{broken}"}, ("{broken}",)),
    ],
    ids=["profile", "endpoint without scheme", "malformed endpoint", "broken config file"],
)
def test_mistakes_in_the_surroundings_are_refused(
    environ: dict[str, str], tmp_path: Path, more: dict[str, str], words: tuple[str, ...]
) -> None:
    broken = tmp_path / "config"
    broken.write_text("[broken")
    more = {name: value.format(broken=broken) if "{" in value else value for name, value in more.items()}
    done = inv({**environ, "TMPDIR": str(tmp_path), **more}, "app.status", "--env", "staging")
    refused(done, 2, *(word.format(broken=broken) for word in words))


def test_a_missing_value_names_the_option_and_no_class(environ: dict[str, str]) -> None:
    done = inv(environ, "app.deploy", "--env", "--tag", "demo")
    assert "_Option" not in done.stderr
    assert "--env" in done.stderr


def test_an_engine_home_that_cannot_be_made_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    home = f"{os.devnull}/engine"
    done = inv({**environ, "TMPDIR": str(tmp_path), "ECS_LOCAL_HOME": home}, "local.up")
    assert done.returncode != 1, done
    assert home in done.stderr
    assert "Unexpected" not in done.stderr


def test_any_name_that_the_settings_allow_can_be_created_locally(
    environ: dict[str, str], tmp_path: Path
) -> None:
    names = ("a", "my_app", "App")
    services = "".join(f"[environments.local.services.{name}]\n" for name in names)
    Path(environ["INFRA_ENVIRONMENTS"]).write_text(f'[environments.local]\nprovider = "local"\n{services}')
    surroundings = {**environ, "TMPDIR": str(tmp_path)}
    try:
        done = inv(surroundings, "app.status", "--env", "local")
        assert done.returncode == 0, done
        assert all(f"{name} in local" in done.stdout for name in names)
    finally:
        inv(surroundings, "local.down")
