"""When the service sleeps: the alarm's own sum, read as the alarm reads it."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_stats.sleep import countdown, judge, sleeps_at

from tests.deployment import builders as b
from tests.observability.memory_source import rule

BUSY = [(540.0, 3.0), (600.0, 0.0)]  # the minute that begins at 540 had traffic


@pytest.mark.parametrize(
    ("seen", "scaling", "its_rule", "idle", "state", "text"),
    [
        ({"desired": 0, "running": 0}, b.scaling(), rule(), BUSY, "asleep", "asleep"),
        ({"desired": 0}, b.scaling(), rule(), BUSY, "asleep", "falling asleep"),
        ({"running": 0}, b.scaling(), rule(), BUSY, "waking", "waking: no task runs yet"),
        ({}, b.scaling(), rule(), BUSY, "awake", "sleeps in 3m40s"),
        ({}, b.scaling(), rule(periods=3), BUSY, "awake", "sleeps any minute now"),
        ({}, b.scaling(), rule(), [], "awake", "sleeps any minute now"),
        ({}, b.scaling(), rule(threshold=5.0), BUSY, "awake", "sleeps any minute now"),
        ({}, b.scaling(), None, None, "never", "never sleeps"),
        ({}, None, rule(), BUSY, "never", "never sleeps"),
        ({}, b.scaling(scale_in=True), rule(), BUSY, "suspended", "awake, sleep is suspended"),
        ({}, b.scaling(), rule(enabled=False), BUSY, "suspended", "awake, the idle alarm's actions are off"),
        ({}, b.scaling(), rule(), None, "unknown", "awake, when it sleeps is not known"),
    ],
)
def test_every_state_in_words(
    seen: Any, scaling: Any, its_rule: Any, idle: Any, state: str, text: str
) -> None:
    told = judge(b.service(**seen), scaling, its_rule, idle, 800.0)
    assert (told.state, told.text) == (state, text)


def test_a_rollout_holds_it_awake() -> None:
    rolling = b.service(b.deployment(rollout_state="IN_PROGRESS"))
    assert judge(rolling, b.scaling(), rule(), BUSY, 800.0).text == "awake while a rollout is under way"


def test_nothing_wakes_what_ecs_has_given_up() -> None:
    failed = b.service(b.deployment(rollout_state="FAILED"), running=0)
    told = judge(failed, b.scaling(), rule(), BUSY, 800.0)
    assert (told.state, told.text) == ("down", "down: the rollout failed")


def test_what_could_not_be_read_is_not_called_never() -> None:
    assert judge(b.service(), None, None, None, 0.0, known=False).state == "unknown"


def test_the_last_busy_minute_decides() -> None:
    assert sleeps_at(rule(periods=5), [(60.0, 1.0), (120.0, 9.0), (180.0, 0.0)]) == 120.0 + 6 * 60
    assert sleeps_at(rule(), [(60.0, 0.0)]) is None


@pytest.mark.parametrize(
    ("seconds", "said"), [(-3, "0s"), (45.2, "45s"), (192, "3m12s"), (3600, "1h00m"), (3900, "1h05m")]
)
def test_countdown(seconds: float, said: str) -> None:
    assert countdown(seconds) == said
