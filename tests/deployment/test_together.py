"""Several reads at once."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from ecs_deployment.together import at_once, one_by_one


@pytest.mark.parametrize("together", [one_by_one, at_once])
@pytest.mark.parametrize("number", [0, 1, 2, 50])
def test_answers_come_in_order(together: object, number: int) -> None:
    assert callable(together)
    assert together([partial(int, place) for place in range(number)]) == list(range(number))


def test_they_do_run_at_once() -> None:
    meeting = threading.Barrier(4, timeout=30)
    assert len(at_once([meeting.wait] * 4)) == 4


def test_an_error_is_raised_where_the_answers_are_waited_for() -> None:
    with pytest.raises(ZeroDivisionError):
        at_once([lambda: 1, lambda: 1 // 0, lambda: 2])
