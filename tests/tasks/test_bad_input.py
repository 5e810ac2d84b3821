"""What users mistype and misconfigure, on the real command: an exit code, one sentence, a cure, and nothing changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ecs_local import client

from tests.scenarios.place import Place, place
from tests.tasks.command import ROOT, Done, inv, one_object, refused

SETTINGS = """\
[environments.local]
provider = "local"
[environments.local.services.app]
build = { context = "%s", command = ["python", "-c", "0"] }

[environments.staging]
provider = "aws"
account = "123456789012"
region = "eu-west-3"
[environments.staging.services.app]
cluster = "local"
service = "app"
repository = "app"

[environments.mine]
provider = "aws"
account = "000000000000"
region = "eu-west-3"
[environments.mine.services.nowhere]
cluster = "nowhere"
service = "app"
repository = "app"
[environments.mine.services.mistyped]
cluster = "local"
service = "ap"
repository = "app"
[environments.mine.services.norepo]
cluster = "local"
service = "app"
repository = "none-such"
[environments.mine.services.nameless]
repository = "app"
[environments.mine.services.wrongcontainer]
cluster = "local"
service = "app"
container = "web"
repository = "app"

[environments.empty]
provider = "aws"
region = "eu-west-3"

[environments.regionless]
provider = "aws"
[environments.regionless.services.app]
cluster = "local"
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    (folder / "context").mkdir()
    (folder / "context" / "file").write_text("x")
    with place(folder, settings=SETTINGS % (folder / "context")) as found:
        assert found.deploy("demo", probe=False).exit_code == 0
        yield found


@pytest.fixture
def where(shared: Place) -> Iterator[Place]:
    """The place; whatever the test does, nothing of it may have changed."""
    before = world(shared)
    yield shared
    assert world(shared) == before


def world(where: Place) -> Any:
    """All that a deploy could change: service, tasks, autoscaling, journal, and the number of revisions."""
    seen = where.snapshot()
    ecs = where.connection.clients("ecs")
    revisions = ecs.list_task_definitions()["taskDefinitionArns"]
    service = seen.service
    return (
        (service.desired, service.task_definition, service.configuration),
        [d.id for d in service.deployments],
        [task.arn for task in seen.running],
        seen.scaling,
        where.entries(),
        revisions,
    )


def aws(where: Place) -> dict[str, str]:
    """The engine as an `aws` environment sees it: by AWS_ENDPOINT_URL alone."""
    engine = client.running(where.home)
    assert engine
    return {**where.environ, **client.environment(engine)}


DEPLOY = ("app.deploy", "--env", "local", "--tag", "demo-2")

USAGE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "no environment": (
        ("app.deploy", "--tag", "demo"),
        ("No environment was named.", "--env", "Known: local, staging, mine"),
    ),
    "no tag": (("app.deploy", "--env", "local"), ("--tag is missing.",)),
    "a tag with a blank": (("app.deploy", "--env", "local", "--tag", "a b"), ('The tag "a b" contains " "',)),
    "a tag that is a reference": (
        ("app.deploy", "--env", "local", "--tag", "app:v1"),
        ("is an image reference and no tag", "after the colon"),
    ),
    "a tag that is too long": (
        ("app.deploy", "--env", "local", "--tag", "x" * 129),
        ("has 129 characters, and 128 is the most",),
    ),
    "an empty tag": (("app.deploy", "--env", "local", "--tag", ""), ("--tag was given an empty value.",)),
    "a timeout that is none": ((*DEPLOY, "--timeout", "5x"), ("--timeout 5x is no duration.", "5m")),
    "max-errors that is no number": ((*DEPLOY, "--max-errors", "abc"), ("--max-errors abc", "whole number")),
    "max-errors below zero": ((*DEPLOY, "--max-errors", "-1"), ("--max-errors -1",)),
    "on-failure misspelt": ((*DEPLOY, "--on-failure", "rolback"), ("rolback", "Did you mean rollback?")),
    "an empty service": ((*DEPLOY, "--service", ""), ("--service was given an empty value.",)),
    "an empty name among services": ((*DEPLOY, "--service", "app,"), ("empty name",)),
    "verify with a malformed tag": (("app.verify", "--env", "local", "--tag", "a/b"), ("no tag",)),
    "build without a tag": (("app.build", "--env", "local"), ("--tag is missing.",)),
}


@pytest.fixture
def untouched(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Surroundings in which no engine runs; whatever the test does, none was started."""
    home, file = tmp_path / "engine", tmp_path / "some.toml"
    file.write_text(SETTINGS % tmp_path)
    yield {"ECS_LOCAL_HOME": str(home), "INFRA_ENVIRONMENTS": str(file)}
    assert not home.exists()


@pytest.mark.parametrize("case", USAGE)
def test_usage(untouched: dict[str, str], case: str) -> None:
    arguments, words = USAGE[case]
    done = inv(untouched, *arguments)
    refused(done, 2, *words)
    assert done.stdout == ""


@pytest.mark.parametrize("name", ["deploy", "verify"])
def test_a_step_that_reads_the_outcome_reads_it_however_early(
    untouched: dict[str, str], tmp_path: Path, name: str
) -> None:
    files = {one: tmp_path / one for one in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    environ = {**untouched, "GITHUB_ACTIONS": "true", **{one: str(file) for one, file in files.items()}}
    done = inv(environ, f"app.{name}", "--env", "local", "--tag", "x y")
    assert (done.returncode, done.stderr.count("::error")) == (2, 1), done
    assert files["GITHUB_OUTPUT"].read_text().startswith("outcome=refused\nexit_code=2\nenvironment=local\n")
    assert "refused, nothing was changed" in files["GITHUB_STEP_SUMMARY"].read_text()
    inv(environ, "app.status", "--env", "local", "--service", ",")  # ends in no outcome: it only looks
    assert files["GITHUB_OUTPUT"].read_text().count("outcome=") == 1


WORLD: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "an unknown environment": (
        ("app.deploy", "--env", "loca", "--tag", "demo"),
        ('has no environment "loca"', 'Did you mean "local"?', "Known: empty, local, mine"),
    ),
    "a service that is not named": (
        (*DEPLOY, "--service", "ap"),
        ("Environment local has no service 'ap'.", "It has: app."),
    ),
    "account mismatch": (
        ("app.deploy", "--env", "staging", "--tag", "demo"),
        ("is account 123456789012", "belong to 000000000000", "AWS_ENDPOINT_URL"),
    ),
    "an environment without services": (
        ("app.deploy", "--env", "empty", "--tag", "demo"),
        ("Environment empty has no services.", "[environments.empty.services.<name>]"),
    ),
    "an environment without a region": (
        ("app.deploy", "--env", "regionless", "--tag", "demo"),
        ("environments.regionless has no region", "eu-west-3"),
    ),
    "verify: a tag that is not there": (
        ("app.verify", "--env", "local", "--tag", "v9"),
        ("no image with tag v9", "The newest there: demo"),
    ),
    "verify: account mismatch": (("app.verify", "--env", "staging"), ("belong to 000000000000",)),
    "status: account mismatch": (("app.status", "--env", "staging"), ("belong to 000000000000",)),
    "top: account mismatch": (("app.top", "--env", "staging", "--once"), ("belong to 000000000000",)),
    "verify: a missing service": (
        ("app.verify", "--env", "mine", "--service", "mistyped"),
        ("Cluster 'local' has no service 'ap'", "inv infra.apply"),
    ),
    "status: a missing cluster": (
        ("app.status", "--env", "mine", "--service", "nowhere"),
        ("There is no cluster 'nowhere'", "inv infra.apply"),
    ),
    "status: an unknown service": (("app.status", "--env", "local", "--service", "ap"), ("It has: app.",)),
    "build: an unknown service": (
        ("app.build", "--env", "local", "--tag", "x", "--service", "ap"),
        ("It has: app.",),
    ),
}


@pytest.mark.parametrize("case", WORLD)
def test_before_any_service_was_looked_at(where: Place, case: str) -> None:
    arguments, words = WORLD[case]
    environ = where.environ if "local" in arguments else aws(where)
    done = inv(environ, *arguments)
    refused(done, 2, *words)
    assert done.stdout == ""


REFUSED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "a tag that is not there": (
        ("--env", "local", "--tag", "no-such-tag"),
        ("The registry has no image with tag no-such-tag in repository 'app'.", "inv app.build"),
    ),
    "a missing cluster": (
        ("--env", "mine", "--tag", "demo", "--service", "nowhere"),
        ("There is no cluster 'nowhere'.", "inv infra.apply"),
    ),
    "a missing service": (
        ("--env", "mine", "--tag", "demo", "--service", "mistyped"),
        ("Cluster 'local' has no service 'ap'.", "inv infra.apply"),
    ),
    "a container that is not there": (
        ("--env", "mine", "--tag", "demo", "--service", "wrongcontainer"),
        ("has no container 'web'; it has app.", "`container`"),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_service_that_is_refused(where: Place, case: str) -> None:
    arguments, words = REFUSED[case]
    environ = where.environ if "local" in arguments else aws(where)
    shown = inv(environ, "app.deploy", *arguments, *(("--dry",) if "no-such-tag" in arguments else ()))
    as_json = inv(environ, "app.deploy", *arguments, "--json")
    for done in (shown, as_json):
        assert done.returncode == 2, done
        assert "Traceback" not in done.stderr
        assert all(word in _unwrapped(done) for word in words), done
    (service,) = one_object(as_json)["services"]
    assert (service["outcome"], service["summary"]) == ("refused", "Nothing was changed.")
    assert all(word in f"{service['cause']} {service['advice']}" for word in words)


def _unwrapped(done: Done) -> str:
    """The text without line breaks of its layout, and without what JSON escapes."""
    return " ".join(done.stdout.replace('\\"', '"').split())


def test_names_that_nothing_tells(where: Place) -> None:
    done = inv(aws(where), "app.deploy", "--env", "mine", "--tag", "demo", "--service", "nameless")
    refused(done, 2, "Nothing says which cluster 'nameless' is.", "`cluster`")


def test_a_repository_that_is_not_there(where: Place) -> None:
    done = inv(aws(where), "app.deploy", "--env", "mine", "--tag", "demo", "--service", "norepo")
    refused(done, 2, "no repository 'none-such'", "`repository`")


def test_an_image_for_another_cpu(where: Place, tmp_path: Path) -> None:
    # The service is there and runs on X86_64; now somebody builds for another CPU.
    file = tmp_path / "environments.toml"
    file.write_text((SETTINGS % tmp_path).replace("command =", 'platform = "linux/arm64", command =', 1))
    built = inv(
        {**where.environ, "INFRA_ENVIRONMENTS": str(file)}, "app.build", "--env", "local", "--tag", "arm"
    )
    assert built.returncode == 0
    done = inv(where.environ, "app.deploy", "--env", "local", "--tag", "arm")
    assert done.returncode == 2
    assert "The image is built for arm64, but the service runs on amd64 (X86_64)." in _unwrapped(done)
    assert "linux/amd64" in _unwrapped(done)


def test_no_credentials(where: Place) -> None:
    environ = {k: v for k, v in aws(where).items() if not k.startswith("AWS_ACCESS") and "SECRET" not in k}
    done = inv(environ, "app.deploy", "--env", "mine", "--tag", "demo", "--service", "norepo")
    refused(done, 2, "There are no usable AWS credentials.", "AWS_PROFILE")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ("There is no settings file {file}.", "INFRA_ENVIRONMENTS")),
        ("[environments.local\n", ("{file}: this is no valid TOML", "line 1")),
        (
            '[environments.local]\nprovidr = "local"\n',
            ("{file}, line 2", "environments.local.providr", '"provider"'),
        ),
        (
            '[environments.local]\nprovider = "local"\n[environments.local.services.app]\nhelth_path = "/x"\n',
            ("{file}, line 4", "environments.local.services.app.helth_path", 'Did you mean "health_path"?'),
        ),
        (
            '[environments.local]\nprovider = "local"\n[environments.local.services.app]\noverlap = "yes"\n',
            ("{file}, line 4", "overlap must be true or false", 'is "yes"'),
        ),
        (
            '[environments.local]\nprovider = "aws"\naccount = 123456789012\n',
            ("{file}, line 3", "environments.local.account must be text in quotes", '"123456789012"'),
        ),
        ('[environments.local]\nprovider = "lokal"\n', ("line 2", "provider", 'Did you mean "local"?')),
        ("", ("has no environment in it", "[environments.local]")),
    ],
    ids=["missing", "broken", "typo", "typo deeper", "wrong type", "bare account", "wrong provider", "empty"],
)
def test_settings(
    untouched: dict[str, str], tmp_path: Path, content: str | None, words: tuple[str, ...]
) -> None:
    file = tmp_path / "environments.toml"
    if content is not None:
        file.write_text(content)
    environ = {**untouched, "INFRA_ENVIRONMENTS": str(file)}
    done = inv(environ, *DEPLOY)
    refused(done, 2, *(word.format(file=file) for word in words))
    assert done.stdout == ""
    as_json = inv(environ, *DEPLOY, "--json")
    found = one_object(as_json)
    assert (found["outcome"], found["exit_code"], found["services"]) == ("refused", 2, [])
    assert all(word.format(file=file) in f"{found['cause']} {found['advice']}" for word in words)
    refused(as_json, 2)


@pytest.mark.parametrize("folder", ["tests", "infra/deployment/src"])
def test_a_sub_folder_makes_no_difference(where: Place, folder: str) -> None:
    done = inv(where.environ, *DEPLOY, "--timeout", "5x", cwd=ROOT / folder)
    assert (done.returncode, done.stderr) == (
        2,
        "--timeout 5x is no duration.\nWrite it as 300, 300s, 5m or 1h.\n",
    )
    done = inv(where.environ, "app.deploy", "--env", "local", "--tag", "nope", "--json", cwd=ROOT / folder)
    assert one_object(done)["services"][0]["outcome"] == "refused"


def test_an_environment_from_outside_is_said_and_may_be_wrong(untouched: dict[str, str]) -> None:
    done = inv({**untouched, "INFRA_ENV": "stagin"}, "app.deploy", "--tag", "demo")
    refused(done, 2, "Environment stagin (from INFRA_ENV).", 'Did you mean "staging"?')


MISTYPED = {
    "app.deploi": ("There is no task app.deploi.", "Did you mean app.deploy?"),
    "app.deploy --env local --tg demo": ("app.deploy has no option --tg.", "Did you mean --tag?"),
    "--bogus app.status": ("inv has no option --bogus.", "inv --help"),
    "app.deploy demo": ("'demo' is no task, and no value either", "inv --help app.deploy"),
    "app.deploy --env local --tag": ("--tag was given no value.", "Give it a value"),
    "app.deploy --tag= --env local": ("--tag was given an empty value.", "Give it a value"),
}


@pytest.mark.parametrize("typed", MISTYPED)
def test_what_the_parser_cannot_place_ends_as_every_refusal(untouched: dict[str, str], typed: str) -> None:
    done = inv(untouched, *typed.split(), "--json")
    refused(done, 2, *MISTYPED[typed])
    found = one_object(done)
    assert (found["outcome"], found["environment"]) == ("refused", "local" if "local" in typed else None)
    assert found["cause"] in done.stderr


def test_the_shell_completes_behind_what_is_mistyped(untouched: dict[str, str]) -> None:
    done = inv(untouched, "--complete", "--", "inv app.deploy --bogus --ta")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--tag" in done.stdout.splitlines()


def test_minutes_are_a_duration(where: Place) -> None:
    done = inv(where.environ, *DEPLOY, "--timeout", "5m", "--max-errors", "0", "--dry", "--json")
    assert done.returncode == 0, done
    assert json.loads(done.stdout)["dry"] is True
