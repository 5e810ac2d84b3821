"""Plans in words and JSON: what would be done, in order, and no secret among it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ecs_deployment import describe, model
from ecs_deployment.known import Known, Request
from ecs_deployment.plan import plan
from ecs_deployment.refusals import Refusal
from ecs_deployment.survey import Surveyed
from ecs_deployment.verdict import Finding
from ecs_deployment.verify import Verified

from tests.deployment import builders as b

REQUEST = Request("staging", "demo")
SECRET = "hunter2"
ACTIVE = "in active, out active, scheduled active"


def surveyed(known: Known | None = None, **settings: Any) -> Surveyed:
    found, wanted = known or b.known(), replace(b.SETTINGS, **settings)
    return Surveyed(wanted, (), found, plan(REQUEST, found, wanted))


def told(one: Surveyed) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    label = ""
    for name, text in describe.rows(one):
        label = name or label
        found.setdefault(label, []).append(text)
    return found


def test_a_plan_in_the_order_in_which_it_happens() -> None:
    low = b.service(configuration={"minimumHealthyPercent": 0, "maximumPercent": 200})
    seen = told(surveyed(b.known(b.snapshot(low, scaling=b.scaling()))))
    assert list(seen) == [
        "service",
        "tag",
        "digest",
        "runs now",
        "revision",
        "desired count",
        "borrowed",
        "if it fails",
    ]
    assert (seen["tag"], seen["digest"]) == (["demo"], [b.DIGEST])
    assert f"containerDefinitions.app.image: {b.URI}:old -> {b.URI}@{b.DIGEST[:19]}" in seen["revision"]
    assert seen["desired count"][0] == "left as it is"
    assert seen["borrowed"] == [
        "minimumHealthyPercent 0 -> 100 for the rollout, and back after",
        "scale-in active -> suspended for the rollout, and back after",
    ]
    assert seen["if it fails"] == ["back to app:1 (proven)"]


def test_a_sleeper_is_woken() -> None:
    asleep = b.service(b.deployment(running=0, desired=0), desired=0)
    known = b.known(b.snapshot(asleep, running=(), targets=(), scaling=b.scaling()))
    seen = told(surveyed(known, idle_minutes=5))
    assert seen["desired count"][0] == "0 -> 1"
    assert "sleeps again after 5 idle minutes" in " ".join(seen["desired count"])
    assert seen["if it fails"] == ["back to app:1 at desired 0 (not proven)"]


def test_what_runs_already() -> None:
    known = b.known(current=b.definition(image=f"{b.URI}@{b.DIGEST}"))
    seen = told(surveyed(known))
    assert seen["nothing"] == ["The same revision runs already and is well."]
    assert "revision" not in seen


def test_a_refusal_says_what_to_do() -> None:
    one = surveyed(b.known(image=None))
    assert describe.is_refused(one)
    assert [label for label, _ in describe.rows(one)] == ["refused", "do"]
    document = describe.plan_document(REQUEST, [one], 2, (7, 0.31))
    assert document["services"][0]["refused"].startswith("The registry has no image")


def test_a_refusal_before_anything_was_read() -> None:
    one = Surveyed(b.SETTINGS, (), None, Refusal("There is no cluster 'x'.", "Create it."))
    assert describe.rows(one) == [("refused", "There is no cluster 'x'."), ("do", "Create it.")]
    assert describe.plan_document(REQUEST, [one], 2, (7, 0.31))["services"][0]["advice"] == "Create it."


def test_the_plan_as_json() -> None:
    document = describe.plan_document(REQUEST, [surveyed(), surveyed(b.known(image=None))], 2, (7, 0.31))
    assert (document["environment"], document["tag"], document["dry"]) == ("staging", "demo", True)
    first = document["services"][0]
    assert (first["rolls"], first["registers"], first["desired"], first["digest"]) == (
        True,
        True,
        None,
        b.DIGEST,
    )
    assert first["fallback"] == "app:1"


def test_no_secret_in_rows_or_json() -> None:
    leaky = {
        "environment": [{"name": "DATABASE_URL", "value": f"postgres://u:{SECRET}@db/x"}],
        "secrets": [{"name": "KEY", "valueFrom": f"arn:aws:ssm:x:parameter/{SECRET}"}],
        "command": ["run", "--password", SECRET],
        "name": "app",
    }
    before = b.definition(containerDefinitions=[{**leaky, "image": f"{b.URI}:old"}])
    after: model.Content = {
        **before.content,
        "containerDefinitions": [
            {
                **leaky,
                "image": f"{b.URI}:new",
                "environment": [{"name": "DATABASE_URL", "value": f"{SECRET}{SECRET}"}],
                "secrets": [],
                "command": ["run", "--password", f"{SECRET}x"],
            }
        ],
    }
    one = surveyed(b.known(current=before))
    decision = one.decision
    assert not isinstance(decision, Refusal)
    changed = replace(one, decision=replace(decision, content=after))
    everything = str(describe.rows(changed)) + str(describe.plan_document(REQUEST, [changed], 0, (7, 0.31)))
    assert SECRET not in everything
    assert "DATABASE_URL" in everything
    assert "***" in everything


def verified(*findings: Finding) -> Verified:
    return Verified("app", "app:1", "", False, findings, ("1 of 1 tasks run", "a note"))


def test_a_verification() -> None:
    assert describe.verified_rows(verified()) == [
        ("revision", "app:1"),
        ("digest", "not pinned"),
        ("state", "1 of 1 tasks run"),
        ("note", "a note"),
    ]
    document = describe.verified_document("staging", "", [verified(Finding("owed", "it owes"))], 3, (12, 0.5))
    assert (document["tag"], document["outcome"], document["exit_code"], document["api_calls"]) == (
        None,
        "findings",
        3,
        12,
    )
    assert document["services"][0]["findings"] == [{"code": "owed", "text": "it owes"}]
    assert describe.verified_document("staging", "x", [verified()], 0, (1, 0.5))["outcome"] == "verified"
