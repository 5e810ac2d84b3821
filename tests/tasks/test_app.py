"""`app.*` as a user runs it: two services of one environment, `--dry`, `--json`, and nothing secret in any of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ecs_deployment import observe
from ecs_deployment.journal import journal_path, read
from ecs_local import client

from tests.engine import Aws
from tests.scenarios.place import Place, place
from tests.tasks.command import inv, one_object

SECRET = "hunter2-do-not-print"
HALF, INNER, ESCAPED = "b2c3d4e5f6a7", "inner-most-value", "with%20blank%26more"
# Nothing in names or forms says that these are secret: only that they stand in a task definition.
PLANTED = {
    "DB_PASSWORD": SECRET,
    "PLAIN": f"also-{SECRET}",
    "GREETING": "swordfish-blue",
    "WEBHOOK": "https://hooks.invalid/T000/B000/XXXX",
    "KEY": f"first-line-of-it\n{HALF}",
    "CONFIG": f'{{"deep": [{{"value": "{INNER}"}}]}}',
    "QUERY": "with blank&more",
}
NEVER = (*PLANTED.values(), SECRET, HALF, INNER, ESCAPED)
SETTINGS = """\
[environments.local]
provider = "local"
[environments.local.services.web]
scale_to_zero = { idle_minutes = 5 }
build = { context = "%s", command = ["python", "leaky.py"] }
[environments.local.services.jobs]
"""
LEAKY = f"""\
import sys
print("connecting to postgres://app:{SECRET}@db/app", flush=True)
print("password={SECRET}", flush=True)
print("{PLANTED["GREETING"]} from {PLANTED["WEBHOOK"]}", flush=True)
print("half of a key: {HALF}; inside of JSON: {INNER}; and escaped {ESCAPED}", flush=True)
sys.exit(3)
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    (folder / "context").mkdir()
    (folder / "context" / "leaky.py").write_text(LEAKY)
    with place(folder, settings=SETTINGS % (folder / "context")) as found:
        yield found


@pytest.fixture
def both(shared: Place) -> Place:
    """Both services run `demo`, and are well."""
    report = shared.deploy("demo", probe=False)
    assert report.exit_code == 0, report
    return shared


def standing(where: Place) -> dict[str, Any]:
    """What runs, by service, and what the journal says."""
    found = {}
    for name in ("web", "jobs"):
        seen = observe.whole(where.connection.cloud, "local", name)
        entries = read(
            where.connection.cloud, journal_path(where.connection.environment.journal, "local", name)
        )
        service = replace(seen.service, events=())
        found[name] = (service, [t.arn for t in seen.running], seen.scaling, entries)
    return found


def test_both_deploy_and_are_verified_and_shown(both: Place) -> None:
    done = inv(both.environ, "app.deploy", "--env", "local", "--tag", "demo-2", "--json")
    assert done.returncode == 0, done
    document = one_object(done)
    assert [(s["service"], s["outcome"]) for s in document["services"]] == [
        ("web", "deployed"),
        ("jobs", "deployed"),
    ]
    assert document["api_calls"] > 0
    for service in document["services"]:
        assert service["probe"]["failed"] == 0
        assert service["digest"].startswith("sha256:")
    verified = inv(both.environ, "app.verify", "--env", "local", "--tag", "demo-2", "--json")
    assert (verified.returncode, [s["findings"] for s in one_object(verified)["services"]]) == (0, [[], []])
    shown = inv(both.environ, "app.status", "--env", "local").stdout
    assert "web in local" in shown
    assert "jobs in local" in shown


def test_one_alone_leaves_the_other(both: Place) -> None:
    before = standing(both)["jobs"]
    done = inv(both.environ, "app.deploy", "--env", "local", "--tag", "demo-2", "--service", "web", "--json")
    assert [(s["service"], s["outcome"]) for s in one_object(done)["services"]] == [("web", "deployed")]
    assert standing(both)["jobs"] == before
    verified = inv(both.environ, "app.verify", "--env", "local", "--tag", "demo-2", "--json")
    by_service = {s["service"]: s["findings"] for s in one_object(verified)["services"]}
    assert (verified.returncode, by_service["web"]) == (3, [])
    assert {finding["code"] for finding in by_service["jobs"]} == {"digest"}


def test_where_one_is_refused_none_is_begun(both: Place) -> None:
    engine = client.running(both.home)
    assert engine
    aws = Aws(engine)
    try:
        manifest = aws("ecr").batch_get_image(repositoryName="web", imageIds=[{"imageTag": "demo-2"}])[
            "images"
        ]
        aws("ecr").put_image(
            repositoryName="web", imageManifest=manifest[0]["imageManifest"], imageTag="only-web"
        )
    finally:
        aws.close()
    before = standing(both)
    done = inv(both.environ, "app.deploy", "--env", "local", "--tag", "only-web", "--json")
    assert done.returncode == 2
    web, jobs = one_object(done)["services"]
    assert (web["outcome"], web["cause"]) == ("refused", "Not begun, because jobs was refused.")
    assert (jobs["outcome"], "no image with tag" in jobs["cause"]) == ("refused", True)
    assert standing(both) == before
    alone = inv(
        both.environ, "app.deploy", "--env", "local", "--tag", "only-web", "--service", "web", "--dry"
    )
    assert alone.returncode == 0, alone


def test_dry_shows_the_plan_and_changes_nothing(both: Place) -> None:
    before = standing(both)
    done = inv(both.environ, "app.deploy", "--env", "local", "--tag", "demo-2", "--dry")
    assert done.returncode == 0, done
    for words in (
        "web: what would be done",
        "a new one is registered",
        "Scale-in is suspended",
        "If it fails",
    ):
        assert words in done.stdout
    early = inv(both.environ, "--dry", "app.deploy", "--env", "local", "--tag", "demo-2")
    assert early.stdout == done.stdout
    assert standing(both) == before


@pytest.mark.parametrize("typed", ["app.deploy --tag demo --dry", "app.verify", "app.status"])
def test_every_json_object_has_what_the_design_says(both: Place, typed: str) -> None:
    document = one_object(inv(both.environ, *typed.split(), "--env", "local", "--json"))
    assert {"environment", "tag", "outcome", "exit_code", "api_calls", "seconds", "services"} <= set(document)


def test_building_dry_publishes_nothing(both: Place) -> None:
    done = inv(both.environ, "app.build", "--env", "local", "--tag", "later", "--service", "web", "--dry")
    assert done.returncode == 0
    assert done.stderr.startswith("Would: Build ")
    again = inv(both.environ, "app.deploy", "--env", "local", "--tag", "later", "--service", "web", "--dry")
    assert again.returncode == 2


def test_building_without_instructions_is_refused(both: Place) -> None:
    done = inv(both.environ, "app.build", "--env", "local", "--tag", "x", "--service", "jobs")
    assert (done.returncode, done.stdout) == (2, "")
    assert "do not say how its image is built" in done.stderr


@pytest.fixture
def leaky(both: Place, tmp_path: Path) -> Place:
    """Service web with a secret in its environment, and a tag `leaky` whose container logs it and dies."""
    engine = client.running(both.home)
    assert engine
    aws = Aws(engine)
    try:
        ecs = aws("ecs")
        live = ecs.describe_services(cluster="local", services=["web"])["services"][0]["taskDefinition"]
        found = ecs.describe_task_definition(taskDefinition=live)["taskDefinition"]
        kept = ("family", "networkMode", "requiresCompatibilities", "cpu", "memory", "containerDefinitions")
        content = {name: found[name] for name in kept}
        content["containerDefinitions"][0]["environment"] = [
            {"name": name, "value": value} for name, value in PLANTED.items()
        ]
        planted = ecs.register_task_definition(**content)["taskDefinition"]["taskDefinitionArn"]
        ecs.update_service(cluster="local", service="web", taskDefinition=planted)
    finally:
        aws.close()
    assert both.deploy("demo-2", probe=False, services=("web",), request={"supersede": True}).exit_code == 0
    built = inv(
        both.environ, "app.build", "--env", "local", "--tag", f"leaky-{tmp_path.name}", "--service", "web"
    )
    assert (built.returncode, "sha256:" in built.stdout) == (0, True), built
    return both


def test_nothing_secret_is_printed_anywhere(leaky: Place, tmp_path: Path) -> None:
    tag = f"leaky-{tmp_path.name}"
    files = {name: tmp_path / name for name in ("summary.md", "output")}
    github = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(files["summary.md"]),
        "GITHUB_OUTPUT": str(files["output"]),
        "TMPDIR": str(tmp_path),
    }
    environ = {**leaky.environ, **github}
    said: dict[str, str] = {}

    def run(code: int, name: str, *options: str) -> str:
        done = inv(environ, name, "--env", "local", "--service", "web", *options)
        assert done.returncode == code, done
        said[" ".join((name, *options))] = done.stdout + done.stderr
        return done.stdout + done.stderr

    for json in ((), ("--json",)):
        run(0, "app.deploy", "--tag", tag, "--dry", *json)
        shown = run(4, "app.deploy", "--tag", tag, *json)
        for words in ("exited with code 3", "password=***", "*** from ***", "half of a key: ***"):
            assert words in shown, shown
        run(0, "app.status", *json)
        assert "::error title=web on local::" in run(3, "app.verify", "--tag", tag, *json)
        run(0, "app.history", *json)
    run(0, "infra.plan")
    run(0, "app.logs")
    run(0, "app.deploy", "--tag", "demo-2")
    run(0, "app.verify", "--tag", "demo-2")
    run(0, "app.rollback", "--dry", "--json")
    told = files["output"].read_text()
    assert {"outcome=planned\n", "outcome=rolled_back\n", "outcome=findings\n", "outcome=verified\n"} <= {
        line for line in told.splitlines(keepends=True) if line.startswith("outcome=")
    }
    for name, file in files.items():
        said[name] = file.read_text()
        assert "exited with code 3" in said[name]
    said |= {file.name: file.read_text() for file in tmp_path.iterdir() if file.is_file()}
    said["journal"] = repr([entries for *_, entries in standing(leaky).values()])
    found = {(where, secret) for where, text in said.items() for secret in NEVER if secret in text}
    assert not found


def test_a_crash_and_an_answer_of_aws_are_masked_too(tmp_path: Path) -> None:
    """What AWS quotes of a request comes back in errors; a crash has it in its traceback."""
    from ecs_deployment import masking
    from ecs_deployment.errors import CloudError

    from tasks import _ends

    pairs = [{"name": name, "value": value} for name, value in PLANTED.items()]
    masking.learn({"containerDefinitions": [{"name": "app", "environment": pairs}]})
    rejected = _ends.expected(
        CloudError(f"ecs:RegisterTaskDefinition was rejected: bad {PLANTED['GREETING']!r}")
    )
    assert rejected is not None
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tempfile.tempdir", str(tmp_path))
        crashed = _ends.unexpected(ValueError(f"no such {PLANTED['WEBHOOK']}"))
    (file,) = tmp_path.glob("inv-*.txt")
    for text in (rejected.message, crashed.message, file.read_text()):
        assert text
        assert "***" in text
        assert not any(secret in text for secret in NEVER)


def test_the_sample_is_published_for_each_service(both: Place) -> None:
    engine = client.running(both.home)
    assert engine
    tags = client.status(engine)["tags"]
    assert {"demo", "demo-2", "demo-broken"} <= set(tags["web"]) & set(tags["jobs"])
