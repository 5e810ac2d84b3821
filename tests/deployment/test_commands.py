"""Advice that can be pasted: every command of ours names its environment, and its service where there is one."""

from __future__ import annotations

import shlex

import pytest
from ecs_deployment import suggest
from ecs_deployment.commands import inv, whole


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("See `inv app.status`.", "See `inv app.status --env staging --service web`."),
        (
            "`inv app.build --tag v7` publishes it.",
            "`inv app.build --env staging --service web --tag v7` publishes it.",
        ),
        ("`inv app.abort --force`; go on.", "`inv app.abort --env staging --service web --force`; go on."),
        (
            "out, inv infra.apply, in, inv infra.apply: new",
            "out, inv infra.apply --env staging --service web, in, inv infra.apply --env staging --service web: new",
        ),
        ("Over (inv app.status), then.", "Over (inv app.status --env staging --service web), then."),
        (
            "`inv app.wake --env prod --service a` wakes it.",
            "`inv app.wake --env prod --service a` wakes it.",
        ),
        ("`inv app.wake --service a` wakes.", "`inv app.wake --env staging --service a` wakes."),
        ("inv infra.destroy.", "inv infra.destroy --env staging --service web."),
        ("inv infra.lint, inv local.up and inv deps.fix need none.",) * 2,
        ("The inventory app.status says nothing.",) * 2,
    ],
)
def test_a_command_is_made_whole_once(said: str, told: str) -> None:
    assert whole(said, "staging", "web") == told
    assert whole(told, "staging", "web") == told


def test_where_no_environment_is_known_nothing_is_invented() -> None:
    assert whole("`inv app.status`", "") == "`inv app.status`"
    assert whole("`inv app.status`", "staging") == "`inv app.status --env staging`"


def test_a_name_that_a_shell_would_split_is_quoted() -> None:
    assert shlex.split(inv("app.deploy", "my env", "a", "b", tag="v1")) == [
        *("inv", "app.deploy", "--env", "my env", "--service", "a,b", "--tag", "v1")
    ]


@pytest.mark.parametrize(
    ("word", "there", "told"),
    [
        ("demo-22", ("v9", "demo", "demo-2"), "Did you mean demo-2 or demo?"),
        ("zzz", ("v9", "v8", "v7", "v6"), "The newest there: v9, v8, v7."),
        ("zzz", (), ""),
    ],
)
def test_a_mistyped_tag_is_told_the_near_ones_else_the_newest(
    word: str, there: tuple[str, ...], told: str
) -> None:
    assert suggest.tags(word, there) == told
