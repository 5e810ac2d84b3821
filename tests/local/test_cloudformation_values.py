"""Functions of a template, worked out over known values."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_local.cfn_parameters import given_values, known_values, shown
from ecs_local.cfn_template import TemplateError, parse
from ecs_local.cfn_values import NO_VALUE, Scope, evaluate, holds, taken
from hypothesis import given
from hypothesis import strategies as st

SCOPE = Scope(
    values={"P": "p", "L": ["a", "b"], "AWS::Region": "eu-west-3"},
    mappings={"M": {"eu-west-3": {"x": "mapped"}, 1: {"y": "number"}}},
    conditions={
        "Yes": {"Fn::Equals": [{"Ref": "P"}, "p"]},
        "No": {"Fn::Not": [{"Condition": "Yes"}]},
        "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
        "Either": {"Fn::Or": [{"Condition": "No"}, {"Condition": "Yes"}]},
        "Number": {"Fn::Equals": [7, "7"]},
        "Here": {"Fn::Equals": [True, "true"]},
        "Loop": {"Condition": "Pool"},
        "Pool": {"Condition": "Loop"},
        "Odd": {"Fn::Join": [",", []]},
    },
    refs={"R": "physical"},
    attributes={"R": {"Arn": "arn:r", "Count": 3}},
    zones=("a", "b"),
)


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("text", "text"),
        ({"Ref": "P"}, "p"),
        ({"Ref": "L"}, ["a", "b"]),
        ({"Ref": "R"}, "physical"),
        ({"Fn::GetAtt": ["R", "Arn"]}, "arn:r"),
        ({"Fn::GetAtt": "R.Arn"}, "arn:r"),
        ({"Fn::Sub": "${P}/${R.Arn}/${R}/${AWS::Region}/${!P}"}, "p/arn:r/physical/eu-west-3/${P}"),
        ({"Fn::Sub": ["${X}-${P}", {"X": {"Ref": "R"}}]}, "physical-p"),
        ({"Fn::Sub": "${R.Count}"}, "3"),
        ({"Fn::Join": ["-", ["a", {"Ref": "P"}, 1, True]]}, "a-p-1-true"),
        ({"Fn::Join": ["-", {"Ref": "L"}]}, "a-b"),
        ({"Fn::Select": ["1", {"Ref": "L"}]}, "b"),
        ({"Fn::Select": [0, {"Fn::Split": [".", "x.y"]}]}, "x"),
        ({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "x"]}, "mapped"),
        ({"Fn::FindInMap": ["M", "1", "y"]}, "number"),
        ({"Fn::If": ["Yes", "y", {"Ref": "Nobody"}]}, "y"),
        ({"Fn::If": ["No", {"Ref": "Nobody"}, "n"]}, "n"),
        ({"Fn::Base64": "x"}, "eA=="),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::GetAZs": ""}, ["a", "b"]),
        ({"a": {"Ref": "AWS::NoValue"}, "b": 1}, {"b": 1}),
        (["x", {"Fn::If": ["No", "y", {"Ref": "AWS::NoValue"}]}], ["x"]),
        ({"Ref": "AWS::NoValue"}, NO_VALUE),
    ],
)
def test_functions(value: Any, result: Any) -> None:
    assert evaluate(value, SCOPE) == result


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [("Yes", True), ("No", False), ("Both", False), ("Either", True), ("Number", True), ("Here", True)],
)
def test_conditions(condition: str, verdict: bool) -> None:
    assert holds(condition, SCOPE) is verdict


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Ref": "Nobody"}, "Unresolved resource dependencies [Nobody]"),
        ({"Fn::GetAtt": ["Nobody", "Arn"]}, "Unresolved resource dependencies [Nobody]"),
        ({"Fn::GetAtt": ["R", "Nothing"]}, "does not support attribute type Nothing"),
        ({"Fn::GetAtt": ["R"]}, "requires a list of 2"),
        ({"Fn::Select": [5, ["a"]]}, "Fn::Select cannot select nonexistent value"),
        ({"Fn::Select": ["x", ["a"]]}, "Fn::Select"),
        ({"Fn::Join": ["-", "text"]}, "Fn::Join"),
        ({"Fn::Join": ["-", [["nested"]]]}, "requires strings"),
        ({"Fn::FindInMap": ["M", "mars", "x"]}, "Unable to get mapping"),
        ({"Fn::If": ["Unknown", 1, 2]}, "Unresolved condition dependency Unknown"),
        ({"Fn::If": ["Loop", 1, 2]}, "Circular dependencies for condition"),
        ({"Fn::If": ["Odd", 1, 2]}, "Conditions can only be boolean operations"),
        ({"Fn::Equals": [1, 1]}, "belong in the Conditions block"),
        ({"Fn::ImportValue": "x"}, "has no function Fn::ImportValue"),
        ({"Fn::Sub": 3}, "requires a string"),
    ],
)
def test_what_cannot_be_worked_out(value: Any, message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        evaluate(value, SCOPE)
    assert message in str(refused.value)


def test_only_the_taken_branch_counts() -> None:
    value = {"a": {"Fn::If": ["Yes", {"Ref": "X"}, {"Ref": "Y"}]}}
    assert taken(value, SCOPE) == {"a": {"Ref": "X"}}


words = st.text("abc", max_size=3)


@given(st.lists(words, min_size=1, max_size=5))
def test_split_undoes_join(parts: list[str]) -> None:
    assert evaluate({"Fn::Split": [",", {"Fn::Join": [",", parts]}]}, SCOPE) == parts


@given(st.lists(words, min_size=1, max_size=4))
def test_sub_says_the_same_as_join(parts: list[str]) -> None:
    names = {f"n{place}": part for place, part in enumerate(parts)}
    text = "/".join(f"${{{name}}}" for name in names)
    assert evaluate({"Fn::Sub": [text, names]}, SCOPE) == evaluate({"Fn::Join": ["/", parts]}, SCOPE)


verdicts = st.recursive(
    st.sampled_from([{"Condition": "Yes"}, {"Condition": "No"}]),
    lambda inner: (
        st.builds(lambda a: {"Fn::Not": [a]}, inner)
        | st.builds(lambda a, b: {"Fn::And": [a, b]}, inner, inner)
        | st.builds(lambda a, b: {"Fn::Or": [a, b]}, inner, inner)
    ),
    max_leaves=8,
)


def _by_python(value: dict[str, Any]) -> bool:
    ((name, argument),) = value.items()
    if name == "Condition":
        return bool(argument == "Yes")
    parts = [_by_python(one) for one in argument]
    return {"Fn::Not": not parts[0], "Fn::And": all(parts), "Fn::Or": any(parts)}[name]


@given(verdicts)
def test_conditions_are_boolean_algebra(value: dict[str, Any]) -> None:
    scope = Scope(SCOPE.values, conditions={**SCOPE.conditions, "It": value})
    assert holds("It", scope) is _by_python(value)


values = st.recursive(
    st.sampled_from(["x", 1, True, {"Ref": "P"}, {"Ref": "AWS::NoValue"}, {"Fn::GetAtt": ["R", "Arn"]}]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        | st.builds(lambda a, b: {"Fn::If": ["Yes", a, b]}, inner, inner)
    ),
    max_leaves=10,
)


def _left(value: Any) -> bool:
    """Whether something is left that should have been worked out."""
    if isinstance(value, list):
        return any(map(_left, value))
    if isinstance(value, dict):
        return any(key == "Ref" or key.startswith("Fn::") or _left(item) for key, item in value.items())
    return value is NO_VALUE


@given(values)
def test_nothing_is_left_to_be_worked_out(value: Any) -> None:
    assert not _left(evaluate({"whole": value}, SCOPE))


PARAMETERS = parse("""
Parameters:
  Name: {Type: String, AllowedPattern: "[a-z]+", MinLength: 2}
  Size: {Type: Number, Default: 5, MinValue: 1, MaxValue: 9}
  Kind: {Type: String, AllowedValues: [a, b], Default: a, ConstraintDescription: choose one}
  Nets: {Type: CommaDelimitedList, Default: "x, y"}
  Key: {Type: String, NoEcho: true, Default: hidden}
Resources:
  G: {Type: AWS::Logs::LogGroup}
""")


def wish(**values: str) -> list[dict[str, Any]]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]


def test_parameters_are_given_kept_or_left_to_their_default() -> None:
    kept = [{"ParameterKey": "Name", "UsePreviousValue": True}]
    found = given_values(PARAMETERS, [*kept, *wish(Size="7")], {"Name": "before", "Kind": "b"})
    assert found == {"Name": "before", "Size": "7", "Kind": "a", "Nets": "x, y", "Key": "hidden"}
    assert known_values(PARAMETERS, found)["Nets"] == ["x", "y"]
    assert {"ParameterKey": "Key", "ParameterValue": "****"} in shown(PARAMETERS, found)


@pytest.mark.parametrize(
    ("given_ones", "message"),
    [
        ([], "Parameters: [Name] must have values"),
        (wish(Name="ab", Colour="red"), "Parameters: [Colour] do not exist in the template"),
        (wish(Name="AB"), "Parameter Name failed to satisfy constraint"),
        (wish(Name="a"), "must contain between 2"),
        (wish(Name="ab", Size="ten"), "must be a number"),
        (wish(Name="ab", Size="0"), "not less than 1"),
        (wish(Name="ab", Size="10"), "not greater than 9"),
        (wish(Name="ab", Kind="c"), "must be one of AllowedValues. choose one"),
        ([{"ParameterKey": "Name", "UsePreviousValue": True}], "Cannot specify usePreviousValue"),
    ],
)
def test_parameters_that_will_not_do(given_ones: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        given_values(PARAMETERS, given_ones, {})
    assert message in str(refused.value)
