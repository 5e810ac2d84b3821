"""Verifying: every finding it can make, and what it makes none of."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ecs_deployment import commands_told, describe, model, verify
from ecs_deployment.errors import Denied, Refused
from ecs_deployment.journal_entry import Entry

from tests.deployment import builders as b
from tests.deployment.memory_cloud import World, stands

PINNED = b.definition(image=f"{b.URI}@{b.DIGEST}")
PROOF = Entry(
    4, revision=b.OLD, outcome="deployed", proven=True, finished=1_700_000_000.0, owner="ann@laptop"
)
ASLEEP = b.snapshot(
    b.service(b.deployment(running=0, desired=0), desired=0, running=0),
    running=(),
    targets=(),
    scaling=b.scaling(),
)
SLEEPER = replace(b.SETTINGS, idle_minutes=5)


def codes(
    snapshot: model.Snapshot,
    *entries: Entry,
    settings: Any = b.SETTINGS,
    current: model.TaskDefinition = PINNED,
    image: model.Image | None = None,
    locked: bool = False,
) -> list[str]:
    found = verify.verify(settings, snapshot, current, image, entries or (PROOF,), locked=locked)
    return [finding.code for finding in found.findings]


OWES = replace(PROOF, outcome="deployed", debts=(b.FLOOR, b.SUSPENSION))
ROLLING = b.service(b.deployment(rollout_state="IN_PROGRESS"))
OPEN = replace(
    PROOF, action="deploy", tag="v2", outcome="", proven=False, deployments=(ROLLING.deployments[0].id,)
)


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (codes(b.snapshot()), []),
        (codes(b.snapshot(), image=b.image()), []),
        (codes(b.snapshot(), image=b.image(accepted=frozenset({b.OTHER_DIGEST}))), ["digest"]),
        (codes(b.snapshot(running=(), targets=())), ["tasks", "target"]),
        (codes(b.snapshot(targets=(b.target(state="unhealthy"),))), ["unhealthy", "target"]),
        (codes(b.snapshot(ROLLING)), ["rollout"]),
        (codes(b.snapshot(b.service(status="DRAINING"))), ["service"]),
        (codes(b.snapshot(), OWES), ["owed"]),
        (codes(b.snapshot(), OWES, locked=True), []),
        (codes(b.snapshot(), OPEN), ["unfinished"]),
        (codes(b.snapshot(), OPEN, locked=True), []),
        (codes(b.snapshot(), PROOF, OPEN), []),
        (codes(b.snapshot(), Entry(9, readable=False)), []),
        (codes(b.snapshot(scaling=b.scaling(scale_in=True))), ["suspended"]),
        (codes(b.snapshot(scaling=b.scaling(scale_in=True)), locked=True), []),
        (codes(b.snapshot(ROLLING, scaling=b.scaling(scale_in=True))), ["rollout"]),
        (codes(b.snapshot(scaling=b.scaling(scale_out=True))), []),
        (codes(ASLEEP, settings=SLEEPER), []),
        (codes(ASLEEP), []),
        (codes(replace(ASLEEP, scaling=b.scaling(1))), ["asleep"]),
        (codes(replace(ASLEEP, scaling=None)), ["asleep"]),
        (codes(replace(ASLEEP, scaling=None), settings=SLEEPER), []),
        (codes(ASLEEP, Entry(5, revision=b.NEW, outcome="deployed", proven=True)), ["unproven"]),
        (codes(ASLEEP, replace(PROOF, proven=False)), ["unproven"]),
        (codes(ASLEEP, image=b.image()), []),
        (codes(ASLEEP, image=b.image(accepted=frozenset({b.OTHER_DIGEST}))), ["digest"]),
        (codes(ASLEEP, current=b.definition(), image=b.image()), ["digest"]),
    ],
)
def test_findings(seen: list[str], found: list[str]) -> None:
    assert seen == found


@pytest.mark.parametrize(
    ("entry", "locked", "words"),
    [
        (OPEN, True, "the deploy of v2 by ann@laptop is at it; `inv app.verify --wait-for-lock 10m`"),
        (OPEN, False, "the deploy of v2 by ann@laptop began it and is gone; `inv app.resume --env "),
        (replace(OPEN, deployments=()), False, "no run that is at work is known; `inv app.status`"),
        (None, False, "no run that is at work is known"),
    ],
)
def test_what_rolls_is_somebodys(entry: Entry | None, locked: bool, words: str) -> None:
    rolling = b.snapshot(ROLLING)
    found = verify.verify(b.SETTINGS, rolling, PINNED, None, (entry,) if entry else None, locked=locked)
    assert words in next(one.text for one in found.findings if one.code == "rollout")


def test_the_story_of_one_awake_and_one_asleep() -> None:
    awake = verify.verify(b.SETTINGS, b.snapshot(), PINNED, None, (PROOF,), locked=False)
    assert (awake.asleep, awake.story, awake.revision, awake.digest) == (
        False,
        ("1 of 1 tasks run", "not checked: containers (no health check), traffic (no url)"),
        "app:1",
        b.DIGEST,
    )
    asleep = verify.verify(SLEEPER, ASLEEP, PINNED, None, (PROOF,), locked=False)
    assert asleep.asleep
    assert asleep.story[0].startswith("asleep at desired 0, last proven 2023-11-14")


@pytest.mark.parametrize(("action", "told"), [("abort", "an abort by "), ("deploy", "a deploy by ")])
def test_a_run_that_never_ended_is_told_by_its_action(action: str, told: str) -> None:
    entry = replace(OPEN, action=action)
    found = verify.verify(b.SETTINGS, b.snapshot(), PINNED, None, (entry,), locked=False)
    (finding,) = found.findings
    assert finding.text.startswith(told)


def test_a_low_floor_is_advice_and_no_finding() -> None:
    low = b.snapshot(b.service(configuration={"minimumHealthyPercent": 0, "maximumPercent": 200}))
    found = verify.verify(b.SETTINGS, low, PINNED, None, (PROOF,), locked=False)
    assert found.findings == ()
    assert "0/200" in found.story[1]


def look(place: World, tag: str = "", settings: Any = b.SETTINGS, send: bool = False) -> verify.Verified:
    return verify.look(place.cloud, settings, "deploys", tag, send=send)


@pytest.fixture
def place() -> World:
    made = World()
    made.cloud.progress = stands
    made.cloud.definitions[b.OLD] = PINNED
    return made


def test_looking_changes_nothing(place: World) -> None:
    place.cloud.scalable["app"] = b.scaling()
    assert look(place, "demo").findings == ()
    changes = {"update_service", "register", "suspend", "create_parameter", "overwrite_parameter"}
    assert not changes & set(place.cloud.log)


def test_a_deploy_under_way_is_no_leftover_but_an_abandoned_one_is(place: World) -> None:
    held = place.hold()
    held.owe(b.FLOOR)
    assert look(place).findings == ()
    held.close("undecided")
    (finding,) = look(place).findings
    assert (finding.code, "still owes: minimumHealthyPercent;" in finding.text) == ("owed", True)


def test_a_lease_that_has_run_out_is_an_abandoned_deploy(place: World) -> None:
    place.hold()
    place.clock.sleep(200)
    assert [finding.code for finding in look(place).findings] == ["unfinished"]


def test_a_tag_that_is_not_there_is_refused(place: World) -> None:
    with pytest.raises(Refused, match="no image with tag nope in repository 'app'"):
        look(place, "nope")


def test_without_a_journal_it_is_not_read(place: World) -> None:
    verify.look(place.cloud, b.SETTINGS, "off", "", send=False)
    assert not {"list_parameters", "read_parameter"} & set(place.cloud.log)


@pytest.fixture
def answers() -> Iterator[tuple[str, list[int]]]:
    """A url, and the status it answers with next."""
    status = [200]

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", status
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("status", "found"), [(200, []), (503, ["traffic"])])
def test_one_request_to_a_service_that_is_awake(
    place: World, answers: tuple[str, list[int]], status: int, found: list[str]
) -> None:
    url, next_status = answers
    next_status[0] = status
    seen = look(place, settings=replace(b.SETTINGS, url=url), send=True)
    assert [finding.code for finding in seen.findings] == found
    assert found or "/health answers 200" in seen.story


def test_no_request_wakes_a_service_that_sleeps(answers: tuple[str, list[int]]) -> None:
    sleeping = World(desired=0)
    url, next_status = answers
    next_status[0] = 503
    seen = look(sleeping, settings=replace(SLEEPER, url=url), send=True)
    assert "traffic" not in [finding.code for finding in seen.findings]


def test_a_foreign_registry_that_cannot_be_read_is_not_checked(place: World) -> None:
    place.cloud.refuse(Denied("The credentials may not call ecr:BatchGetImage."), "image")
    foreign = replace(b.SETTINGS, repository="111111111111.dkr.ecr.eu-west-1.amazonaws.com/app")
    found = look(place, "v1", settings=foreign)
    assert found.findings == ()
    assert any("not checked" in line for line in found.story)


ANOTHER = b.image(digest=b.OTHER_DIGEST, accepted=frozenset({b.OTHER_DIGEST}))
TAGGED = replace(PROOF, tag="demo-2")


@pytest.mark.parametrize(("seen", "how"), [(b.snapshot(), "runs"), (ASLEEP, "sleeps on")])
def test_the_image_in_place_is_told_beside_the_one_that_was_asked_for(seen: model.Snapshot, how: str) -> None:
    found = verify.verify(b.SETTINGS, seen, PINNED, ANOTHER, (TAGGED,), locked=False)
    (finding,) = commands_told.verified(found, "staging").findings
    assert finding.text == (
        f"the service {how} demo-2 (sha256:{'a' * 12}), and not demo (sha256:{'b' * 12}); "
        "`inv app.deploy --env staging --service app --tag demo`"
    )
    rows = dict(describe.verified_rows(found))
    assert (rows["revision"], rows["digest"]) == ("app:1, tag demo-2", b.DIGEST)
    assert rows["expected"] == f"demo (sha256:{'b' * 12})"
    (told,) = describe.verified_document("staging", "demo", [found], 3, (1, 0.1))["services"]
    assert (told["tag"], told["digest"], told["expected_digest"]) == ("demo-2", b.DIGEST, b.OTHER_DIGEST)


def test_where_the_right_image_is_in_place_only_it_is_told() -> None:
    found = verify.verify(b.SETTINGS, b.snapshot(), PINNED, b.image(), (TAGGED,), locked=False)
    assert "expected" not in dict(describe.verified_rows(found))


def test_what_nothing_pins_is_known_by_what_the_tasks_report() -> None:
    unpinned = b.definition()
    found = verify.verify(b.SETTINGS, b.snapshot(), unpinned, ANOTHER, (PROOF,), locked=False)
    assert (found.digest, [f.code for f in found.findings]) == (b.DIGEST, ["digest"])
    well = verify.verify(b.SETTINGS, b.snapshot(), unpinned, b.image(), (PROOF,), locked=False)
    assert (well.digest, well.findings) == (b.DIGEST, ())
