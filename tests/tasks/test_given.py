"""What a task gets of its options."""

from __future__ import annotations

import pytest

from tasks import _given as options
from tasks._given import Given
from tasks._parse import UsageError

SERVICE = options.names("service", "Which.")
SINCE = options.seconds("since", "How far back.", 600.0)
MOST = options.whole("max-errors", "How many.", None)
DRAWN = options.switch("no-colour", "Plain.")
TAG = options.needed("tag", "What.", "a tag")


def test_what_was_typed_is_parsed_and_what_was_left_out_has_its_default() -> None:
    typed = {"service": "a,b", "max_errors": "", "no_colour": True}
    given = Given([SERVICE, MOST, DRAWN], typed, dry=True)
    assert (given[SERVICE], given[MOST], given[DRAWN], given.dry) == (("a", "b"), None, True, True)
    assert Given([MOST], {"max_errors": "3"})[MOST] == 3


def test_an_option_that_the_task_does_not_take_has_its_default() -> None:
    given = Given([], {})
    assert (given[SINCE], given[SERVICE], given[TAG]) == (600.0, (), "")


def test_two_options_of_one_name_are_the_same_question() -> None:
    """As `--force` of two tasks, each with a help of its own."""
    other = options.seconds("since", "Since when.", 1.0)
    assert Given([other], {"since": "5m"})[SINCE] == 300.0


def test_a_needed_one_is_asked_for_where_it_is_taken() -> None:
    with pytest.raises(UsageError, match="--tag is missing"):
        Given([TAG], {})


def test_one_that_the_task_does_not_take_is_no_silent_nothing() -> None:
    with pytest.raises(TypeError, match="since"):
        Given([TAG], {"since": "5m"})
