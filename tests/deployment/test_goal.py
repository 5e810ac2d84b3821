"""Which revision a rollback, a wake or a sleep means: tables over journals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import goal as goals
from ecs_deployment.errors import Refused
from ecs_deployment.goal import Goal
from ecs_deployment.journal_entry import Entry

from tests.deployment import builders as b


def arn(number: int) -> str:
    return f"{b.OLD.rpartition(':')[0]}:{number}"


def ran(number: int, revision: int, tag: str, *, proven: bool = True, **changes: Any) -> Entry:
    made = Entry(
        number,
        revision=arn(revision),
        tag=tag,
        proven=proven,
        outcome="deployed" if proven else "rolled_back",
        action="deploy",
        owner="ann@laptop:1",
        finished=1_700_000_000.0 + number,
    )
    return replace(made, **changes)


V1, V2, BROKEN = ran(1, 1, "v1"), ran(2, 2, "v2"), ran(3, 3, "v3", proven=False)


def back(entries: tuple[Entry, ...], *, on: int, to: str = "") -> Goal:
    return goals.rollback(b.service(b.deployment(9, arn(on))), entries, to)


@pytest.mark.parametrize(
    ("entries", "on", "to", "revision"),
    [
        ((V2, V1), 2, "", 1),
        ((BROKEN, V2, V1), 2, "", 1),  # what was rolled back is no place to go to
        ((BROKEN, V2, V1), 3, "", 2),  # and where it is still in place, the proven one before it is
        ((V2, V1), 7, "", 2),  # somebody else's revision is in place
        ((ran(3, 1, "v1"), V2, V1), 1, "", 2),
        ((BROKEN, V2, V1), 2, "v1", 1),
        ((BROKEN, V2, V1), 2, "v3", 3),
        ((ran(4, 4, "v1", proven=False), V2, V1), 2, "v1", 1),  # of one tag, the proven revision
        ((V2, V1), 2, "app:1", 1),
        ((V2, V1), 2, "1", 1),
        ((V2, V1), 2, arn(1), 1),
        ((ran(5, 2, "1.2"), V1), 1, "1.2", 2),  # a tag that looks like a number
    ],
)
def test_where_a_rollback_leads(entries: tuple[Entry, ...], on: int, to: str, revision: int) -> None:
    assert back(entries, on=on, to=to).revision == arn(revision)


def test_the_image_that_runs_is_no_way_back_from_itself() -> None:
    one, two = {"digest": "sha256:1"}, {"digest": "sha256:2"}
    older, same, broken = ran(1, 2, "v2", **two), ran(2, 3, "v1", **one), ran(3, 4, "v3", proven=False)
    again = ran(4, 5, "v1", **one)
    goal = back((again, broken, same, older), on=5)
    assert (goal.revision, goal.notes) == (arn(2), ())
    with pytest.raises(Refused) as refused:
        back((again, broken, same), on=5)
    known = "No proven revision is known with another image than the one in place: app:5 (tag v1), app:3 (tag v1)."
    assert refused.value.what == known
    named = back((again, broken, same), on=5, to="app:3")
    assert (named.revision, "has the image that runs now" in named.notes[0]) == (arn(3), True)
    # An apply has changed something else of the revision: that is what is to be undone then.
    applied = ran(3, 5, "v1", **one, action="apply", before=arn(3))
    goal = back((applied, same, older), on=5)
    assert (goal.revision, "only the rest of it can differ" in goal.notes[0]) == (arn(3), True)


def test_it_says_what_it_goes_back_to_and_who_proved_it() -> None:
    goal = back((V2, V1), on=2)
    assert goal.tag == "v1"
    (line,) = goal.story
    assert line.startswith("Back to app:1 (tag v1), proven 2023-11-14 ")
    assert line.endswith(" by ann@laptop:1.")
    assert goal.notes == ()


def test_what_runs_is_not_gone_back_to() -> None:
    assert back((V2, V1), on=2, to="app:2").story[0].startswith("Already on app:2 (tag v2), proven ")
    assert back((V2, V1), on=7, to="app:7").story == ("Already on app:7.",)


def test_the_unproven_is_only_gone_to_when_it_is_named_and_noted_then() -> None:
    assert "No run has proven app:3" in back((BROKEN, V2, V1), on=2, to="v3").notes[0]
    stranger = back((V2, V1), on=2, to="app:7")
    assert stranger.revision == "app:7"
    assert "knows nothing of app:7" in stranger.notes[0]


def test_a_rollback_of_a_rollback_is_told_to_undo_it() -> None:
    undone = ran(3, 1, "v1", action="rollback", before=arn(2))
    goal = back((undone, V2, V1), on=1)
    assert goal.revision == arn(2)
    assert "The last rollback left app:2, so this undoes it" in goal.notes[0]


@pytest.mark.parametrize(
    ("entries", "to", "words"),
    [
        ((), "", "No proven revision of app is known: no run in its journal has proven one."),
        ((V2,), "", "No proven revision is known but the one in place: app:2 (tag v2)."),
        ((BROKEN,), "", "no run in its journal has proven one"),
        ((V2, V1), "v9", "The journal knows no run of tag 'v9'. It knows: app:2 (tag v2), app:1 (tag v1)."),
        ((), "v9", "It knows no proven revision."),
    ],
)
def test_where_nothing_is_known_it_is_refused_with_what_is(
    entries: tuple[Entry, ...], to: str, words: str
) -> None:
    with pytest.raises(Refused) as caught:
        back(entries, on=2, to=to)
    assert words in caught.value.what
    assert "or deploy" in caught.value.cure


def test_only_so_many_revisions_are_named() -> None:
    known = goals.known_revisions(tuple(ran(n, n, "") for n in range(20, 0, -1)))
    assert known.startswith("app:20, app:19, ")
    assert known.endswith("app:13 and 12 more")


def test_wake_and_sleep_are_about_what_is_in_place() -> None:
    seen = b.service(b.deployment(9, arn(2)))
    assert goals.wake(seen, (V2, V1)) == Goal(tag="v2", revision=arn(2), wakes=True)
    assert goals.sleep(seen, (V2, V1)) == Goal(tag="v2", revision=arn(2), at_zero=True)


def test_a_run_that_knew_no_tag_hides_none_that_was_known() -> None:
    """Neither an old journal's sleep nor a wake after it makes a revision nameless."""
    slept = ran(3, 2, "", proven=False, action="sleep", outcome="asleep")
    entries = (ran(4, 2, "", action="wake"), slept, V2, V1)
    seen = b.service(b.deployment(9, arn(2)))
    assert [goals.wake(seen, entries).tag, goals.sleep(seen, entries).tag] == ["v2", "v2"]
    assert goals.known_revisions(entries) == "app:2 (tag v2), app:1 (tag v1)"
    back_again = back(entries, on=1)
    assert (back_again.tag, "Back to app:2 (tag v2), proven" in back_again.story[0]) == ("v2", True)
    assert back(entries, on=1, to="app:2").tag == "v2"
