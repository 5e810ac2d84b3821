import pytest
from ecs_deployment.probe_request import Answer
from ecs_deployment.tally import Tally, add, begin, traffic
from hypothesis import HealthCheck, given
from hypothesis import settings as checking
from hypothesis import strategies as st

WELL = Answer("answered", "status 200", 200)
ILL = Answer("answered", "status 500", 500)
LOST = Answer("lost", "status 503", 503)
CUT = Answer("cut", "refused")
UNSENT = Answer("unsent", "the name does not resolve")


def _after(answers: list[Answer], *, first: bool = False, step: float = 1.0) -> Tally:
    tally = begin(0.0, count_from_first_success=first)
    for number, answer in enumerate(answers, start=1):
        tally = add(tally, answer, number * step)
    return tally


@pytest.mark.parametrize(
    ("answers", "first", "expected"),
    [  # requests, failed, in a row, longest gap in ms
        ([WELL, WELL], False, (2, 0, 0, 1000)),
        ([WELL, LOST, CUT, WELL], False, (4, 2, 0, 3000)),
        ([WELL, LOST, LOST], False, (3, 2, 2, 2000)),  # a gap that still lasts
        ([LOST, LOST, LOST], False, (3, 3, 3, 3000)),
        ([WELL, UNSENT, WELL], False, (2, 0, 0, 2000)),
        ([WELL, ILL], False, (2, 0, 0, 1000)),
        ([LOST, ILL, WELL, WELL], True, (2, 0, 0, 1000)),
        ([LOST, WELL, LOST], True, (2, 1, 1, 1000)),
    ],
)
def test_counts(answers: list[Answer], first: bool, expected: tuple[int, int, int, int]) -> None:
    seen = traffic(_after(answers, first=first), float(len(answers)))
    assert (seen.requests, seen.failed, seen.failed_in_a_row, seen.longest_gap_ms) == expected
    assert seen.measured


@pytest.mark.parametrize(
    ("answers", "first", "why"),
    [
        ([], True, "no healthy answer so far"),
        ([LOST, LOST], True, "no healthy answer so far (status 503)"),
        ([UNSENT], False, "no request was answered so far (the name does not resolve)"),
    ],
)
def test_says_why_nothing_was_measured(answers: list[Answer], first: bool, why: str) -> None:
    seen = traffic(_after(answers, first=first), 9.0)
    assert (seen.measured, seen.requests, seen.why_not) == (False, 0, why)


@checking(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([WELL, ILL, LOST, CUT, UNSENT])), st.booleans())
def test_the_sums_hold(answers: list[Answer], first: bool) -> None:
    tally = _after(answers, first=first)
    seen = traffic(tally, float(len(answers)))
    assert 0 <= seen.failed_in_a_row <= seen.failed <= seen.requests <= len(answers)
    assert seen.longest_gap_ms <= len(answers) * 1000
    if not first:
        assert tally.failed == sum(answer in (LOST, CUT) for answer in answers)
