"""Filter patterns for JSON events, as CloudWatch Logs reads them."""

from __future__ import annotations

import json

import pytest
from ecs_local.log_filters import PatternError, compiled, is_json

EVENT = {
    "Type": "Container",
    "ServiceName": "web-1",
    "CpuUtilized": 12.5,
    "Nothing": None,
    "Well": True,
    "tags": ["a", {"b": 2}],
}


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.Type = "Container" }', True),
        ('{$.Type="Task"}', False),
        ("{ $.Type = Container }", True),
        ('{ $.Type != "Task" }', True),
        ('{ $.Absent != "Task" }', False),
        ('{ $.ServiceName = "web*" }', True),
        ('{ $.ServiceName = "web" }', False),
        ("{ $.CpuUtilized > 12 }", True),
        ("{ $.CpuUtilized >= 12.5 && $.CpuUtilized < 13 }", True),
        ("{ $.CpuUtilized = 12.5 }", True),
        ("{ $.CpuUtilized != 12.5 }", False),
        ("{ $.Type > 3 }", False),
        ('{ ($.Type = "Container" || $.Type = "Task") && $.ServiceName = "web-1" }', True),
        ('{ ($.Type = "Container" || $.Type = "Task") && $.ServiceName = "other" }', False),
        ('{ $.Type = "Task" && $.Type = "Task" || $.Well IS TRUE }', True),
        ('{ $.Type = "Task" && ($.Type = "Task" || $.Well IS TRUE) }', False),
        ("{ $.Nothing IS NULL }", True),
        ("{ $.Absent NOT EXISTS }", True),
        ("{ $.Well IS FALSE }", False),
        ("{ $.tags[1].b = 2 }", True),
        ('{ $.tags[0] = "a" }', True),
        ("{ $.tags[7].b = 2 }", False),
    ],
)
def test_what_matches(pattern: str, matches: bool) -> None:
    assert is_json(pattern)
    assert compiled(pattern)(json.dumps(EVENT)) is matches


@pytest.mark.parametrize("message", ["plain text", "[1]", '"Container"', ""])
def test_what_is_no_object_matches_nothing(message: str) -> None:
    assert not compiled("{ $.Type NOT EXISTS }")(message)


@pytest.mark.parametrize(
    "pattern",
    [
        "{ }",
        "{ $.a }",
        "{ $.a = }",
        '{ $.a = "x" $.b = 1 }',
        "{ ($.a = 1 }",
        "{ $.a IS ODD }",
        "{ $.a > x }",
        "{ a = 1 }",
        "{",
    ],
)
def test_what_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compiled(pattern)


def test_words_are_no_json_pattern() -> None:
    assert not is_json("ERROR timeout")
