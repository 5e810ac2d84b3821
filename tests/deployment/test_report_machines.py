"""What machines read: the JSON object, and GitHub's annotations, outputs and summary."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ecs_deployment import report as room
from ecs_deployment.model import Traffic
from ecs_deployment.outcome import Outcome, Result, Stage
from ecs_deployment.report_github import _lines, annotation
from ecs_deployment.report_json import document
from ecs_deployment.report_markdown import page
from markdown_it import MarkdownIt

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
        "before_digest": None,
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
        "unchecked": [],
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


HEAD: dict[str, Any] = {
    "environment": "staging", "tag": None, "outcome": "refused", "exit_code": 2, "api_calls": 0, "seconds": 0.0,
    "services": [],
}  # fmt: skip


def outputs_of(github: dict[str, str]) -> dict[str, str]:
    """The step's outputs as the runner reads them."""
    found, lines = {}, iter(Path(github["GITHUB_OUTPUT"]).read_text().splitlines())
    for line in lines:
        name, joined, value = re.fullmatch(r"([\w-]+?)(=|<<)(.*)", line).groups()  # type: ignore[union-attr] # or fail
        if joined == "<<":
            end, value = value, "\n".join(iter(lambda: next(lines), value))
            assert len(end) > 20
        found[name] = value
    return found


def test_github_of_a_failure(github: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    room.final(report(ROLLED_BACK), json=True, stream=io.StringIO(), environ=github)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "::error title=web on staging%3A rolled back%2C the service is well on the earlier revision::"
        "3 of 3 new tasks exited with code 1: the variable DATABASE_URL is missing. "
        "Give the container the variable DATABASE_URL, then deploy again.\n"
    )
    outputs = outputs_of(github)
    assert json.loads(outputs.pop("services"))[0]["service"] == "web"
    assert outputs == {
        "outcome": "rolled_back",
        "exit_code": "4",
        "environment": "staging",
        "tag": "abc",
        "seconds": "41.2",
        "api_calls": "37",
        "service": "web",
        "digest": DIGEST,
        "revision": "web:7",
        "before": "web:7",
        "deployment_id": "ecs-svc/8",
        "was_asleep": "false",
        "cause": "3 of 3 new tasks exited with code 1: the variable DATABASE_URL is missing.",
        "advice": "Give the container the variable DATABASE_URL, then deploy again.",
        "summary": "web:7 serves, 1 of 1 tasks healthy.",
        "requests": "212",
        "requests_lost": "3",
    }
    assert "hunter2" not in Path(github["GITHUB_STEP_SUMMARY"]).read_text()


def test_github_of_a_success_is_a_notice(github: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    room.final(report(DEPLOYED), stream=io.StringIO(), environ=github)
    assert capsys.readouterr().err == (
        "::notice title=app on staging%3A deployed and proven::The service is awake, and sleeps again after 5 idle "
        "minutes; app:12 -> app:13; 41 s; 212 requests, 0 lost, longest gap 1,210 ms.\n"
    )
    assert (outputs_of(github)["outcome"], outputs_of(github)["was_asleep"]) == ("deployed", "true")


def test_github_of_a_slow_deploy_warns(github: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    room.final(report(DEPLOYED, seconds=301), stream=io.StringIO(), environ=github)
    assert "::warning title=slow deploy::Slower than 300 s" in capsys.readouterr().err


def test_github_of_several_services_has_no_single_revision(github: dict[str, str]) -> None:
    room.final(report(DEPLOYED, DEPLOYED), stream=io.StringIO(), environ=github)
    assert set(outputs_of(github)) == {
        "outcome", "exit_code", "environment", "tag", "seconds", "api_calls", "services"
    }  # fmt: skip


def test_an_output_of_several_lines_ends_where_nobody_can_guess(github: dict[str, str]) -> None:
    text = "first\nexit_code=0\nEOF\nlast"
    for _ in range(2):
        Path(github["GITHUB_OUTPUT"]).write_text(_lines({"before": "x", "cause": text, "after": "y"}))
        assert outputs_of(github) == {"before": "x", "cause": text, "after": "y"}
    first, second = (_lines({"cause": text}).partition("\n")[0] for _ in range(2))
    assert first != second


def test_github_files_that_cannot_be_written_are_no_matter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(tmp_path / "missing" / "file")
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": nowhere, "GITHUB_OUTPUT": str(tmp_path)}
    room.final(report(ROLLED_BACK), stream=io.StringIO(), environ=environ)
    assert "::error" in capsys.readouterr().err


def test_github_of_a_run_without_a_result(github: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    room.stopped({**HEAD, "cause": "No such tag: token=hunter2.", "advice": "Push it."}, environ=github)
    assert capsys.readouterr().err == ""  # whoever ends the task says it, once
    assert outputs_of(github) == {
        "outcome": "refused", "exit_code": "2", "environment": "staging", "tag": "", "seconds": "0.0", "api_calls": "0",
        "cause": "No such tag: token=***", "advice": "Push it.", "services": "[]",
    }  # fmt: skip
    page = Path(github["GITHUB_STEP_SUMMARY"]).read_text()
    assert page == "### ❌ refused, nothing was changed\n\n**No such tag: token=\\*\\*\\***\n\nPush it.\n\n"


def test_github_of_a_look_has_a_page_and_outputs_too(github: dict[str, str]) -> None:
    services = [{"service": "app", "findings": [{"code": "owed", "text": "it owes"}]}]
    shown = {**HEAD, "outcome": "findings", "exit_code": 3, "services": services}
    rows = [("revision", "app:1"), ("", "1 of 1 tasks run")]
    room.looked(shown, [(False, "app in staging: not as it should be", ["it owes"], rows)], environ=github)
    found = outputs_of(github)
    assert (found["outcome"], found["exit_code"], json.loads(found["services"])) == (
        "findings",
        "3",
        services,
    )
    html = rendered(Path(github["GITHUB_STEP_SUMMARY"]).read_text())
    assert "<h3>❌ app in staging: not as it should be</h3>" in html
    assert "<strong>it owes</strong>" in html
    assert re.findall("<li>(.*)</li>", html) == ["<strong>revision</strong>: app:1", "1 of 1 tasks run"]
    room.looked(shown, [], environ={**github, "GITHUB_ACTIONS": ""})
    assert outputs_of(github) == found


def test_a_summary_never_outgrows_what_github_takes(github: dict[str, str]) -> None:
    long = replace(ROLLED_BACK, evidence=("x" * 1900,) * 100, notes=("é" * 4000,) * 20)
    for _ in range(8):
        room.final(report(long, long), stream=io.StringIO(), environ=github)
    page = Path(github["GITHUB_STEP_SUMMARY"]).read_bytes()
    assert 900_000 < len(page) <= 1024 * 1024
    assert "The rest did not fit into the summary" in page.decode()
    assert len(json.loads(json.dumps(outputs_of(github)))["services"]) < 1024 * 1024


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


def rendered(page: str) -> str:
    return MarkdownIt("commonmark").enable("table").render(page)


def test_the_summary_as_it_is_read() -> None:
    html = rendered(page(report(replace(DEPLOYED, before_digest="sha256:" + "f" * 64), ROLLED_BACK)))
    assert re.findall(r"<h3>(.*)</h3>", html) == [
        "✅ app on staging: deployed and proven",
        "❌ web on staging: rolled back, the service is well on the earlier revision",
    ]
    cell = re.compile(r"<t[hd][^>]*>(?:<code>|<strong>)?(.*?)(?:</code>|</strong>)?</t[hd]>")
    tables = [
        [cell.findall(row) for row in table.split("<tr>")]
        for table in re.findall(r"<table>(.*?)</table>", html, re.DOTALL)
    ]
    overview, app_digests, app_stages, web_digests, web_stages = ([r for r in t if r] for t in tables)
    assert overview[1] == ["app", "✅ deployed and proven", "app:12 -&gt; app:13", "41.2"]
    assert app_digests == [
        ["", "before", "after"],
        ["Revision", "app:12", "app:13"],
        ["Digest", "sha256:" + "f" * 64, DIGEST],
    ]
    assert [row[:2] for row in app_stages[1:]] == [
        ["starting", "12.1"], ["rolling", "24.0"], ["proving", "5.1"], ["all", "41.2"]
    ]  # fmt: skip
    assert web_digests[0] == ["", "before", "tried"]
    assert web_stages[-1][:2] == ["all", "61.2"]
    for fact in (
        "<strong>3 of 3 new tasks exited with code 1: the variable DATABASE_URL is missing.</strong>",
        "<strong>Traffic</strong>: 212 requests, 3 lost",
        "<strong>Given back</strong>: minimumHealthyPercent 0, scale-in",
        "<strong>Still owed</strong>: scale-in stays suspended: AccessDenied",
        "<code>inv app.deploy --env staging --tag abc</code>: once the cause is mended",
        "exit code 4",
    ):
        assert fact in html


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"outcome": Outcome.ASLEEP}, "after"),
        ({"outcome": Outcome.INTERRUPTED, "proven": True}, "after"),
        ({"outcome": Outcome.INTERRUPTED}, "tried"),
        ({"outcome": Outcome.FAILED}, "tried"),
    ],
)
def test_what_stays_is_not_called_tried(changes: dict[str, Any], column: str) -> None:
    assert f"| before | {column} |" in page(report(replace(DEPLOYED, **changes)))


def test_the_summary_cannot_be_broken_out_of() -> None:
    nasty = "<script> | `x` *y* [z](http://a) </details> ~a~ # h"
    shown = rendered(
        page(
            report(
                replace(
                    ROLLED_BACK, cause=nasty, summary=nasty, before=f"a|b`{nasty}", evidence=("````", "</details>"),
                    notes=(nasty,), stages=(Stage(nasty, 1.0),),
                )
            )
        )
    )  # fmt: skip
    assert "<script" not in shown
    assert "<a " not in shown
    assert "<em>" not in shown
    assert "</details>" not in shown
    assert shown.count("&lt;script&gt; | `x` *y* [z](http://a) &lt;/details&gt; ~a~ # h") == 5
    assert '<code class="language-text">````\n&lt;/details&gt;\n</code>' in shown
