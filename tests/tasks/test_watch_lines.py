"""`--json` of a task whose lines have no end: an object on each; one object still where it ends before the first."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from tasks._stdout import OneObject, lines_follow, one_object


@contextmanager
def _watched() -> Iterator[OneObject]:
    with redirect_stdout(io.StringIO()), one_object({"json": True}) as found:
        assert found is not None
        yield found


def test_a_line_that_is_an_object_is_not_how_the_task_ends() -> None:
    with _watched() as found:
        lines_follow()
        assert not found.begun  # an error now is still told as one object
        print(json.dumps({"text": "one"}))
        assert found.begun
        assert not found.whole  # so Ctrl-C is heard at once


def test_without_it_one_object_is_the_end() -> None:
    with _watched() as found:
        print(json.dumps({"outcome": "seen"}))
        assert found.whole


def test_a_stream_without_json_is_left_alone() -> None:
    lines_follow()
    assert not isinstance(sys.stdout, OneObject)
