"""A template's text: what it means, and what AWS refuses before it looks at any resource."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ecs_local.cfn_template import TemplateError, names_in, parse
from hypothesis import given
from hypothesis import strategies as st

GROUP = "\n  G: {Type: AWS::Logs::LogGroup}"


def properties(text: str) -> dict[str, Any]:
    indented = "".join(f"      {line}\n" for line in text.splitlines())
    template = parse(f"Resources:\n  G:\n    Type: AWS::Logs::LogGroup\n    Properties:\n{indented}")
    return template.resources["G"].properties


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a: !Ref X", {"Ref": "X"}),
        ("a: !GetAtt X.Arn", {"Fn::GetAtt": ["X", "Arn"]}),
        ("a: !GetAtt X.Outputs.Y", {"Fn::GetAtt": ["X", "Outputs.Y"]}),
        ("a: !GetAtt [X, Arn]", {"Fn::GetAtt": ["X", "Arn"]}),
        ("a: !Sub 'x-${Y}'", {"Fn::Sub": "x-${Y}"}),
        ("a: !Sub ['${Y}', {Y: !Ref Z}]", {"Fn::Sub": ["${Y}", {"Y": {"Ref": "Z"}}]}),
        ("a: !If [C, !Ref X, !Ref AWS::NoValue]", {"Fn::If": ["C", {"Ref": "X"}, {"Ref": "AWS::NoValue"}]}),
        ("a: !Join [',', [x, !Ref Y]]", {"Fn::Join": [",", ["x", {"Ref": "Y"}]]}),
        ("a: !Select [0, !GetAZs '']", {"Fn::Select": [0, {"Fn::GetAZs": ""}]}),
        ("a: !Condition C", {"Condition": "C"}),
        ("a: 2012-10-17", "2012-10-17"),  # a date stays text
        ("a: 010", 8),  # YAML 1.1, as CloudFormation reads it
        ("a: yes", True),
    ],
)
def test_short_forms(text: str, meaning: Any) -> None:
    assert properties(text)["a"] == meaning


def test_json_is_read_too() -> None:
    body = {"Resources": {"G": {"Type": "AWS::Logs::LogGroup", "Properties": {"a": {"Ref": "AWS::Region"}}}}}
    assert parse(json.dumps(body)).resources["G"].properties == {"a": {"Ref": "AWS::Region"}}


def test_policies_conditions_and_what_a_resource_waits_for() -> None:
    text = "\n".join(
        [
            "Resources:",
            "  G:",
            "    Type: T",
            "    Condition: C",
            "    DependsOn: [A, B]",
            "    DeletionPolicy: Retain",
        ]
    )
    found = parse(text).resources["G"]
    assert (found.condition, found.depends_on) == ("C", ("A", "B"))
    assert (found.deletion, found.replacement) == ("Retain", "Delete")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unsupported structure"),
        ("[1]", "unsupported structure"),
        ("Resources: {}", "At least one Resources member must be defined"),
        ("Resources: [a]", "Resources must be an object"),
        (f"Resourcen: {{}}\nResources:{GROUP}", "Invalid template property or properties [Resourcen]"),
        ("Resources: {G: {}}", "Every Resources object must have a Type"),
        ("Resources: {G: {Type: T, Propertys: {}}}", "Invalid template resource property 'Propertys'"),
        ("Resources: {a-b: {Type: T}}", "name 'a-b' is non alphanumeric"),
        ("Resources: {G: {Type: T, DeletionPolicy: Keep}}", "Unrecognized DeletionPolicy Keep"),
        ("Resources: {G: {Type: T}, G: {Type: U}}", "stands twice"),
        ("Resources: {G: &x {Type: T}, H: *x}", "aliases are not allowed"),
        ("Resources: {G: {Type: T}", "YAML not well-formed"),
        (f"Resources:{GROUP}\nOutputs: {{O: {{}}}}", "Output O must have a Value"),
        (f"AWSTemplateFormatVersion: '2020-01-01'\nResources:{GROUP}", "AWSTemplateFormatVersion"),
        ("a: " + "[" * 3000, "Template format error"),
        (" " * 1_000_001, "too large"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        parse(text)
    assert message in str(refused.value)


@given(st.text(max_size=60))
def test_no_text_ends_in_anything_but_a_template_or_a_refusal(text: str) -> None:
    try:
        parse(text)
    except TemplateError:
        return


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=8,
    )
)
def test_nor_does_any_structure(value: Any) -> None:
    try:
        parse(yaml.safe_dump({"Resources": {"G": {"Type": "T", "Properties": value}}}))
    except TemplateError:
        return


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ({"a": {"Ref": "X"}, "b": [{"Fn::GetAtt": ["Y", "Arn"]}]}, {"X", "Y"}),
        ({"Fn::Sub": "${A}-${B.Arn}-${!C}"}, {"A", "B"}),
        ({"Fn::Sub": ["${A}-${Local}", {"Local": {"Ref": "D"}}]}, {"A", "D"}),
        ({"Fn::If": ["Cond", {"Ref": "X"}, "y"]}, {"X"}),
        ("plain ${NotSub}", set()),
    ],
)
def test_names_that_a_value_refers_to(value: Any, names: set[str]) -> None:
    assert set(names_in(value)) == names
