"""What users type and what comes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import _parse as options


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("", 42), ("300", 300), ("300s", 300), ("5m", 300), ("1h", 3600), ("1h5m", 3900), ("1m30s", 90)],
)
def test_durations(typed: str, meant: float) -> None:
    assert options.seconds("timeout", typed, 42) == meant


@pytest.mark.parametrize(
    "typed", ["0", "0m", "5 m", "-5", "5x", "m", "1m30", "1.5m", "25h", "٣", "9" * 30, "1e3", "inf"]
)
def test_what_is_no_duration_is_refused_and_the_forms_are_named(typed: str) -> None:
    with pytest.raises(options.UsageError) as caught:
        options.seconds("timeout", typed, 42)
    assert caught.value.exit_code == 2
    assert f"--timeout {typed}" in caught.value.what
    assert caught.value.cure


@given(st.integers(1, 86_400))
def test_every_way_to_write_a_duration_means_the_same(total: int) -> None:
    hours, rest = divmod(total, 3600)
    written = f"{hours}h{rest // 60}m{rest % 60}s"
    assert options.seconds("t", str(total), 0) == options.seconds("t", written, 0) == total


@given(st.text())
def test_no_text_makes_a_parser_fail_otherwise(text: str) -> None:
    for parse in (
        lambda: options.seconds("x", text, 1),
        lambda: options.whole_number("x", text, 1),
        lambda: options.number("x", text, 1, least=0, most=9),
        lambda: options.names("x", text),
        lambda: options.choice("x", text, ("fast", "fargate"), "fast"),
    ):
        try:
            parse()
        except options.UsageError as error:
            assert error.cure  # noqa: PT017 - whether it raises depends on the text


@pytest.mark.parametrize(("typed", "meant"), [("", 3), ("0", 0), ("12", 12), (" 7 ", 7)])
def test_whole_numbers(typed: str, meant: int) -> None:
    assert options.whole_number("max-errors", typed, 3) == meant


@pytest.mark.parametrize("typed", ["abc", "-1", "1.0", "1_000", "101", "²", "9" * 9999])
def test_what_is_no_whole_number_is_refused_with_the_range(typed: str) -> None:
    with pytest.raises(options.UsageError, match="--max-errors") as caught:
        options.whole_number("max-errors", typed, 3, most=100)
    assert "from 0 to 100" in caught.value.cure


@pytest.mark.parametrize(("typed", "meant"), [("", 1.0), ("2", 2.0), ("0.5", 0.5)])
def test_numbers(typed: str, meant: float) -> None:
    assert options.number("speed", typed, 1.0, least=0.1, most=10) == meant


@pytest.mark.parametrize("typed", ["nan", "inf", "0", "11", "1,5", "-1", "1e1", ".5"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(options.UsageError, match="--speed"):
        options.number("speed", typed, 1.0, least=0.1, most=10)


@pytest.mark.parametrize(
    ("typed", "meant"), [("", ()), ("a", ("a",)), ("a,b", ("a", "b")), (" a , b,a", ("a", "b"))]
)
def test_names(typed: str, meant: tuple[str, ...]) -> None:
    assert options.names("service", typed) == meant


@pytest.mark.parametrize("typed", [",", "a,", "a,,b", " "])
def test_an_empty_name_never_means_all(typed: str) -> None:
    with pytest.raises(options.UsageError, match="empty name"):
        options.names("service", typed)


def test_a_choice_names_the_nearest() -> None:
    assert options.choice("profile", "fargate", ("fast", "fargate"), "fast") == "fargate"
    with pytest.raises(options.UsageError) as caught:
        options.choice("profile", "fargat", ("fast", "fargate"), "fast")
    assert caught.value.cure == "Choose from fast, fargate. Did you mean fargate?"


def test_a_required_option_is_asked_for() -> None:
    assert options.required("tag", " demo ", "the tag of an image") == "demo"
    with pytest.raises(options.UsageError) as caught:
        options.required("tag", "", "the tag of an image")
    assert (caught.value.what, caught.value.cure) == (
        "--tag is missing.",
        "Add --tag with the tag of an image.",
    )
