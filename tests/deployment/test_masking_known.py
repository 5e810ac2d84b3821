"""What was read from task definitions is hidden wherever it turns up, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from ecs_deployment.masking import MASK, learn, masked_text, spare
from ecs_deployment.masking_known import _ORDINARY, KNOWN
from ecs_deployment.report_text import clean
from hypothesis import given
from hypothesis import settings as checking
from hypothesis import strategies as st


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    KNOWN.forget()
    yield
    KNOWN.forget()


def defined(**environment: str) -> None:
    pairs = [{"name": name, "value": value} for name, value in environment.items()]
    learn({"containerDefinitions": [{"name": "app", "environment": pairs}, {"name": "side"}]})


@pytest.mark.parametrize(
    ("name", "value", "line", "shown"),
    [
        ("GREETING", "swordfish", "say swordfish!", f"say {MASK}!"),
        ("GREETING", "swordfish", "xswordfishx", f"x{MASK}x"),
        ("DB_PASSWORD", "tiger", "user scott, tiger", f"user scott, {MASK}"),
        ("DB_PASSWORD", "tiger", "a tigers tail", "a tigers tail"),
        ("PLAIN", "abc123", "got abc123", f"got {MASK}"),
        ("PLAIN", "abc123", "0abc1234", "0abc1234"),
        ("LEVEL", "warning", "warning: slow", "warning: slow"),
        ("MODE", "production", "runs in production", "runs in production"),
        ("SWITCH", "true", "it is true", "it is true"),
        ("PORT", "8080", "on port 8080", "on port 8080"),
        ("EMPTY", "", "nothing", "nothing"),
        ("BLANK", "        ", "a        b", "a        b"),
        ("DSN", "postgres://me:tiger@db/app", "password is tiger", f"password is {MASK}"),
        ("DSN", "postgres://me:tiger@db/app", "to postgres://me:tiger@db/app now", f"to {MASK} now"),
        ("CONFIG", '{"db": {"password": "tiger"}}', "it said tiger", f"it said {MASK}"),
        ("CONFIG", '["first-one", {"x": "second-one"}]', "second-one", MASK),
        ("CONFIG", "{broken json", "{broken json", MASK),
        ("URL", "http://[broken", "http://[broken", MASK),
        ("KEY", "line-one-is-long\nline-two-is-long", "read line-two-is-long", f"read {MASK}"),
        ("QUOTED", 'say "hello" now', json.dumps({"v": 'say "hello" now'}), json.dumps({"v": MASK})),
        ("ENCODED", "a b/c&d=e", f"GET /?v={quote('a b/c&d=e', safe='')}", f"GET /?v={MASK}"),
    ],
)
def test_a_value_is_hidden(name: str, value: str, line: str, shown: str) -> None:
    defined(**{name: value})
    assert masked_text(line) == shown


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("zq81-kk\tw4x-77ab", "boot: zq81-kk\tw4x-77ab"),
        ("zq81-kk\x07w4x-77ab", "boot: zq81-kk\x07w4x-77ab"),
        ("zq81-kk\nw4x", "boot: zq81-kk\nw4x"),
        ("zq81-kk\x1b[0mw4x", "boot: zq81-kk\x1b[0mw4x"),
        ("zq81-kkw4x", "boot: zq81-kk\x1b[0mw4x"),
    ],
)
def test_what_is_made_fit_to_print_hides_nothing_from_the_mask(value: str, line: str) -> None:
    defined(LICENCE=value)
    assert clean(line) == f"boot: {MASK}"


def test_the_longest_value_is_taken_first() -> None:
    defined(A="long-value", B="long-value-and-more")
    assert masked_text("long-value-and-more") == MASK


def test_names_of_the_settings_are_no_secrets() -> None:
    spare(["staging-cluster", "https://staging.example.com", None])
    defined(CLUSTER="staging-cluster", BASE_URL="https://staging.example.com", OTHER="https://other.example")
    assert (
        masked_text("staging-cluster at https://staging.example.com")
        == "staging-cluster at https://staging.example.com"
    )
    assert masked_text("https://other.example") == MASK
    spare(["https://other.example/path"])
    assert masked_text("https://other.example") == "https://other.example"


@pytest.mark.parametrize(
    "content",
    [{}, {"containerDefinitions": [{}]}, {"containerDefinitions": [{"environment": [{"name": "x"}]}]}],
)
def test_a_definition_without_values(content: dict[str, object]) -> None:
    learn(content)
    assert masked_text("as it stands") == "as it stands"


@checking(deadline=None, max_examples=60)
@given(st.lists(st.text(min_size=8, max_size=30), min_size=1, max_size=5), st.text(max_size=10))
def test_no_long_value_survives(values: list[str], around: str) -> None:
    KNOWN.forget()
    defined(**{f"V{i}": value for i, value in enumerate(values)})
    for value in values:
        plain = value.strip()
        if len(plain) >= 8 and MASK not in plain and plain.lower() not in _ORDINARY:
            assert plain not in masked_text(f"{around}{value}{around}")


@pytest.mark.parametrize(
    "secret",
    [
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "glpat-0123456789abcdefghij",
        "xoxb-1234567890-abcdef",
        "sk_live_0123456789abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
        "c2VjcmV0" * 8,
    ],
)
def test_what_is_issued_in_a_form_of_its_own(secret: str) -> None:
    assert masked_text(secret) == MASK
    if len(secret) != 64:
        assert masked_text(f"got {secret}, sorry") == f"got {MASK}, sorry"


@pytest.mark.parametrize(
    "text",
    [
        "sha256:" + "0123456789abcdef" * 4,
        "0123456789abcdef" * 2,
        "ecs-svc/7712345678901234567",
        "arn:aws:ecs:eu-west-3:123456789012:task-definition/app:12",
        "arn:aws:secretsmanager:eu-west-3:123456789012:secret:app/db-AbCdEf",
    ],
)
def test_what_a_report_needs_stays(text: str) -> None:
    assert masked_text(text) == text


@pytest.mark.parametrize(
    "part", ["x", "ab1:", "a:b@", "password ", "://a:", " ", "eyJ", "https://a", "_token_"]
)
def test_a_log_line_of_any_length_is_read_in_one_pass(part: str) -> None:
    """What a container logs is anybody's: a pattern that goes back and forth would hold the deploy up for hours."""
    line = part * (200_000 // len(part))
    assert masked_text(f"{line} password=tiger").endswith(f"password={MASK}")
