"""What machines read: the JSON object, and GitHub's annotations, outputs and summary."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from ecs_deployment import report as room
from ecs_deployment.errors import Refused
from ecs_deployment.model import Traffic
from ecs_deployment.outcome import Outcome, Result
from ecs_deployment.report_github import annotation, summary
from ecs_deployment.report_json import document

from tests.deployment.report_samples import DEPLOYED, DIGEST, ROLLED_BACK, report


def test_json_has_every_key() -> None:
    shown = document(report(DEPLOYED))
    (service,) = shown.pop("services")
    assert shown == {
        "environment": "staging",
        "tag": "abc",
        "action": "deploy",
        "outcome": "deployed",
        "exit_code": 0,
        "api_calls": 37,
        "seconds": 41.2,
    }
    assert service == {
        "service": "app",
        "tag": None,
        "outcome": "deployed",
        "digest": DIGEST,
        "revision": "app:13",
        "before": "app:12",
        "deployment_id": "ecs-svc/7712345678901234567",
        "was_asleep": True,
        "probe": {"requests": 212, "failed": 0, "longest_gap_ms": 1210},
        "seconds": 41.2,
        "cause": None,
        "advice": None,
        "evidence": [],
        "handed_back": ["minimumHealthyPercent 0", "scale-in"],
        "owed": [],
        "summary": "The service is awake, and sleeps again after 5 idle minutes.",
        "notes": ["minimumHealthyPercent 100 would spare raising it at each deploy."],
        "stages": [
            {"name": "starting", "seconds": 12.1},
            {"name": "rolling", "seconds": 24.0},
            {"name": "proving", "seconds": 5.1},
        ],
    }


@pytest.mark.parametrize("probe", [None, Traffic(0, 0, 0, 0, measured=False, why_not="no url")])
def test_json_of_what_is_not_known_is_null(probe: Traffic | None) -> None:
    (service,) = document(report(Result("app", Outcome.REFUSED, probe=probe)))["services"]
    for key in ("probe", "digest", "revision", "deployment_id", "cause"):
        assert service[key] is None


def test_json_takes_the_worst_outcome_and_masks() -> None:
    shown = document(report(DEPLOYED, ROLLED_BACK))
    assert (shown["outcome"], shown["exit_code"]) == ("rolled_back", 4)
    assert "hunter2" not in json.dumps(shown)
    assert "\x1b" not in "".join(shown["services"][1]["evidence"])


def test_final_prints_one_object_and_nothing_else() -> None:
    stream = io.StringIO()
    room.final(report(DEPLOYED), json=True, stream=stream, environ={})
    assert json.loads(stream.getvalue()) == document(report(DEPLOYED))


@pytest.fixture
def github(tmp_path: Path) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
    }


def test_github_of_a_failure(github: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    room.final(report(ROLLED_BACK), json=True, stream=io.StringIO(), environ=github)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "::error title=web on staging%3A rolled back%2C the service is well on the earlier revision::"
        "3 of 3 new tasks exited with code 1: the variable DATABASE_URL is missing. "
        "Give the container the variable DATABASE_URL, then deploy again.\n"
    )
    outputs = Path(github["GITHUB_OUTPUT"]).read_text().splitlines()
    assert outputs[0] == "outcome=rolled_back"
    assert json.loads(outputs[1].removeprefix("services="))[0]["service"] == "web"
    assert outputs[2:] == ["revision=web:7", f"digest={DIGEST}"]
    page = Path(github["GITHUB_STEP_SUMMARY"]).read_text()
    assert "### web on staging: rolled back" in page
    assert "| Still owed | scale-in stays suspended: AccessDenied |" in page
    assert "```text\n3 x Essential container" in page
    assert "hunter2" not in page


def test_github_of_a_success_annotates_nothing(
    github: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    room.final(report(DEPLOYED), stream=io.StringIO(), environ=github)
    assert capsys.readouterr().err == ""
    assert "outcome=deployed" in Path(github["GITHUB_OUTPUT"]).read_text()


def test_github_of_several_services_has_no_single_revision(github: dict[str, str]) -> None:
    room.final(report(DEPLOYED, DEPLOYED), stream=io.StringIO(), environ=github)
    assert "revision=" not in Path(github["GITHUB_OUTPUT"]).read_text().replace('"revision":', "")


def test_github_files_that_cannot_be_written_are_no_matter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(tmp_path / "missing" / "file")
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": nowhere, "GITHUB_OUTPUT": str(tmp_path)}
    room.final(report(ROLLED_BACK), stream=io.StringIO(), environ=environ)
    assert "::error" in capsys.readouterr().err


def test_github_of_a_run_without_a_result(github: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    room.stopped(Refused("No such tag.", "Push it."), environ=github)
    shown = capsys.readouterr().err
    assert shown == "::error title=refused%2C nothing was changed::No such tag. Push it.\n"
    assert Path(github["GITHUB_OUTPUT"]).read_text() == "outcome=refused\n"


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("a,b:c", "100%\nnext", "::error title=a%2Cb%3Ac::100%25%0Anext"),
        ("a", "", "::error title=a::a"),
        ("a", "b\r\n::set-output::x", "::error title=a::b%0A::set-output::x"),
    ],
)
def test_annotations_are_escaped(title: str, text: str, expected: str) -> None:
    assert annotation("error", title, text) == expected


def test_the_summary_cannot_be_broken_out_of() -> None:
    nasty = replace(ROLLED_BACK, cause="<script> | `x` *y* [z](http://a)", evidence=("````", "</details>"))
    page = summary(report(nasty))
    assert "| Cause | &lt;script&gt; \\| \\`x\\` \\*y\\* \\[z\\](http://a) |" in page
    assert re.search(r"^`````text\n````\n</details>\n`````$", page, re.MULTILINE)
