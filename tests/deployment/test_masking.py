import json
from typing import Any

import pytest
from ecs_deployment.masking import MASK, difference, masked, masked_text
from hypothesis import HealthCheck, given
from hypothesis import settings as checking
from hypothesis import strategies as st

# Two busy cores may be slow: that is no finding.
quick = checking(deadline=None, suppress_health_check=[HealthCheck.too_slow])

CONTENT: dict[str, Any] = {
    "family": "app",
    "cpu": "256",
    "containerDefinitions": [
        {
            "name": "app",
            "image": "app@sha256:old",
            "command": [
                "serve",
                "--password",
                "hunter2",
                "--db=postgres://me:hunter2@db/app",
                "--port",
                "80",
            ],
            "environment": [{"name": "DB_URL", "value": "hunter2"}, {"name": "COLOUR", "value": "blue"}],
            "secrets": [{"name": "KEY", "valueFrom": "arn:aws:ssm:hunter2"}],
            "repositoryCredentials": {"credentialsParameter": "arn:hunter2"},
            "logConfiguration": {
                "logDriver": "splunk",
                "options": {"splunk-token": "hunter2", "splunk-url": "https://splunk.example"},
                "secretOptions": [{"name": "x", "valueFrom": "hunter2"}],
            },
            "portMappings": [{"containerPort": 80, "protocol": "tcp"}],
        },
        {"name": "side", "image": "side:1", "essential": False},
    ],
    "volumes": [{"name": "v", "fsxConfig": {"authorizationConfig": {"credentialsParameter": "hunter2"}}}],
}


def _changed(change: dict[str, Any], container: int = 0) -> dict[str, Any]:
    copy = json.loads(json.dumps(CONTENT))
    copy["containerDefinitions"][container].update(change)
    return dict(copy)


def test_masked_hides_every_secret_and_keeps_the_rest() -> None:
    shown = json.dumps(masked(CONTENT))
    assert "hunter2" not in shown
    assert "blue" not in shown
    for kept in (
        "DB_URL",
        "COLOUR",
        "KEY",
        "splunk-token",
        "https://splunk.example",
        "app@sha256:old",
        "--port",
    ):
        assert kept in shown


def test_masked_does_not_touch_its_argument() -> None:
    before = json.dumps(CONTENT)
    masked(CONTENT)
    assert json.dumps(CONTENT) == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing here", "nothing here"),
        ("PASSWORD=hunter2 start", f"PASSWORD={MASK} start"),
        ('{"api_key": "hunter2"}', f'{{"api_key": "{MASK}"}}'),
        ("Authorization: Bearer abcdefgh12345", f"Authorization: Bearer {MASK}"),
        ("postgres://me:hunter2@db:5432/app", f"postgres://me:{MASK}@db:5432/app"),
        ("key AKIAIOSFODNN7EXAMPLE used", f"key {MASK} used"),
        ("GET http://host:8080/token?x=1", "GET http://host:8080/token?x=1"),
    ],
)
def test_masked_text(text: str, expected: str) -> None:
    assert masked_text(text) == expected


def test_difference_of_equal_contents_is_empty() -> None:
    assert difference(CONTENT, CONTENT) == ()


def test_difference_ignores_the_order_of_named_things() -> None:
    environment = list(reversed(CONTENT["containerDefinitions"][0]["environment"]))
    other = _changed({"environment": environment})
    other["containerDefinitions"].reverse()
    assert difference(CONTENT, other) == ()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"image": "app@sha256:new"}, ("containerDefinitions.app.image: app@sha256:old -> app@sha256:new",)),
        ({"essential": True}, ("containerDefinitions.app.essential: added true",)),
        (
            {"environment": [{"name": "DB_URL", "value": "changed"}, {"name": "NEW", "value": "x"}]},
            (
                "containerDefinitions.app.environment.DB_URL: *** -> *** (changed; not shown)",
                "containerDefinitions.app.environment.COLOUR: removed ***",
                "containerDefinitions.app.environment.NEW: added ***",
            ),
        ),
        (
            {"secrets": [{"name": "KEY", "valueFrom": "other"}]},
            ("containerDefinitions.app.secrets.KEY: *** -> *** (changed; not shown)",),
        ),
        (
            {"portMappings": [{"containerPort": 80, "protocol": "udp"}]},
            ("containerDefinitions.app.portMappings.80.protocol: tcp -> udp",),
        ),
        ({"command": ["serve"]}, ('containerDefinitions.app.command: ["serve", "--password", "***", ', "")),
        (
            {"repositoryCredentials": {"credentialsParameter": "arn:other"}},
            (
                "containerDefinitions.app.repositoryCredentials.credentialsParameter: *** -> *** (changed; not shown)",
            ),
        ),
    ],
)
def test_difference(change: dict[str, Any], expected: tuple[str, ...]) -> None:
    lines = difference(CONTENT, _changed(change))
    if expected[-1] == "":
        assert len(lines) == 1
        assert lines[0].startswith(expected[0])
        assert "hunter2" not in lines[0]
    else:
        assert lines == expected


def test_true_and_one_differ_as_in_json() -> None:
    assert difference({"flag": True}, {"flag": 1}) == ("flag: true -> 1",)


def test_duplicate_names_are_compared_by_position() -> None:
    before = {"containerDefinitions": [{"name": "a", "cpu": 1}, {"name": "a", "cpu": 2}]}
    after = {"containerDefinitions": [{"name": "a", "cpu": 1}, {"name": "a", "cpu": 3}]}
    assert difference(before, after) == ("containerDefinitions.1.cpu: 2 -> 3",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "value", "key", "environment", "secrets", "credentials", "x", "1"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)
CONTENTS = st.dictionaries(st.text(max_size=5), JSON, max_size=4)


@quick
@given(CONTENTS, CONTENTS)
def test_difference_is_empty_only_for_what_is_equal(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert difference(before, before) == ()
    for line in difference(before, after):
        assert line.isprintable()


@quick
@given(CONTENTS, st.text(alphabet="abcdef", min_size=6, max_size=8))
def test_an_environment_value_never_shows(content: dict[str, Any], value: str) -> None:
    secret = f"<{value}>"
    with_value = {**content, "environment": [{"name": "N", "value": secret}]}
    assert secret not in json.dumps(masked(with_value))
    assert secret not in "".join(difference(content, with_value))


@pytest.mark.parametrize("piece", ["x", "a.b", "-", "password", "token=", "a://b:", "x:"])
def test_a_line_as_long_as_a_log_takes_is_masked_in_a_moment(piece: str) -> None:
    # CloudWatch takes events of 256 KiB. Anything that looks back from each character would be here for hours.
    line = piece * (256 * 1024 // len(piece))
    assert masked_text(f"password=hunter2 {line}").startswith(f"password={MASK} ")
