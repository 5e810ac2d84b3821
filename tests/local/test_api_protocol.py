"""Tables for the wire: what is read, what is refused, what is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.parsers import create_parser
from ecs_local.api import answers, models, protocol, shapes
from ecs_local.api.errors import AwsError
from ecs_local.api.paging import page
from ecs_local.api.protocol import Request
from hypothesis import given
from hypothesis import strategies as st

SCOPE = (
    "AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-3/{}/aws4_request, SignedHeaders=host, Signature=0"
)
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def _input(service: str, operation: str) -> Any:
    return models.model(service).operation_model(operation).input_shape


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"X-Amz-Target": "AmazonSSM.PutParameter"}, b"{}", ("ssm", "PutParameter")),
        ({"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListTasks"}, b"", ("ecs", "ListTasks")),
        (
            {"X-Amz-Target": "AnyScaleFrontendService.PutScalingPolicy"},
            b"",
            ("application-autoscaling", "PutScalingPolicy"),
        ),
        (
            {"Authorization": SCOPE.format("elasticloadbalancing"), "Content-Type": FORM},
            b"Action=DescribeTargetHealth&Version=2015-12-01",
            ("elbv2", "DescribeTargetHealth"),
        ),
        (
            {"Authorization": SCOPE.format("elasticloadbalancing"), "Content-Type": FORM},
            b"Action=DescribeLoadBalancers&Version=2012-06-01",  # the classic service
            None,
        ),
        ({"Authorization": SCOPE.format("sts"), "Content-Type": FORM}, b"Action=GetCallerIdentity", None),
        ({"X-Amz-Target": "DynamoDB_20120810.GetItem"}, b"", None),
        ({"X-Amz-Target": "Logs_20140328.PutLogEvents"}, b"", ("logs", "PutLogEvents")),
        ({}, b"", None),
    ],
)
def test_the_operation_is_found(
    headers: dict[str, str], body: bytes, expected: tuple[str, str] | None
) -> None:
    wanted = protocol.identify(Request("POST", "/", headers, body))
    assert (wanted and (wanted.service.name, wanted.operation)) == expected


@pytest.mark.parametrize(
    ("operation", "sent", "read"),
    [
        ("UpdateService", {"service": "a", "unheard": 1}, {"service": "a"}),
        ("UpdateService", {"service": "a", "desiredCount": None}, {"service": "a"}),
        ("UpdateService", {"service": "a", "desiredCount": 2.0}, {"service": "a", "desiredCount": 2}),
        (
            "ListServiceDeployments",
            {"service": "a", "createdAt": {"after": 12.5, "before": "1970-01-01T00:01:00Z"}},
            {"service": "a", "createdAt": {"after": 12.5, "before": 60.0}},
        ),
    ],
)
def test_json_is_read_by_the_model(operation: str, sent: Any, read: Any) -> None:
    assert shapes.decode_json(_input("ecs", operation), sent) == read


@pytest.mark.parametrize(
    "sent",
    [
        [],
        {"service": 1},
        {"service": "a", "desiredCount": "2"},
        {"service": "a", "desiredCount": True},
        {"service": "a", "desiredCount": 1.5},
        {"service": "a", "forceNewDeployment": "yes"},
        {"service": "a", "loadBalancers": {}},
    ],
)
def test_another_type_is_a_serialization_exception(sent: Any) -> None:
    with pytest.raises(AwsError) as caught:
        shapes.decode_json(_input("ecs", "UpdateService"), sent)
    assert caught.value.code == "SerializationException"


@pytest.mark.parametrize(
    ("service", "operation", "params", "words"),
    [
        (
            "ecs",
            "UpdateService",
            {},
            "Value at 'service' failed to satisfy constraint: Member must not be null",
        ),
        (
            "ecs",
            "CreateService",
            {"serviceName": "a", "launchType": "MOON"},
            "Member must satisfy enum value set",
        ),
        ("ssm", "GetParameters", {"Names": []}, "length greater than or equal to 1"),
        ("ssm", "GetParameters", {"Names": ["a"] * 11}, "length less than or equal to 10"),
        ("ssm", "GetParametersByPath", {"Path": "/", "MaxResults": 11}, "value less than or equal to 10"),
        (
            "ecr",
            "GetDownloadUrlForLayer",
            {"repositoryName": "UPPER", "layerDigest": "sha256:" + "0" * 64},
            "regular expression pattern",
        ),
    ],
)
def test_input_outside_of_the_model_is_named(service: str, operation: str, params: Any, words: str) -> None:
    found = list(shapes.problems(_input(service, operation), params))
    assert len(found) == 1
    assert words in found[0]


def test_a_form_is_read_by_the_model() -> None:
    form = {
        "TargetGroupArn": "arn",
        "Targets.member.1.Id": "127.1.1.1",
        "Targets.member.1.Port": "80",
        "Targets.member.2.Id": "127.1.1.2",
    }
    assert shapes.decode_query(_input("elbv2", "RegisterTargets"), form) == {
        "TargetGroupArn": "arn",
        "Targets": [{"Id": "127.1.1.1", "Port": 80}, {"Id": "127.1.1.2"}],
    }
    with pytest.raises(AwsError, match="is invalid"):
        shapes.decode_query(_input("elbv2", "RegisterTargets"), form | {"Targets.member.1.Port": "http"})


@pytest.mark.parametrize(
    "answer",
    [
        {"services": [{"serviceName": 1}]},
        {"services": [{"unheard": "a"}]},
        {"services": {}},
        {"services": [{"launchType": "MOON"}]},
        {"services": [{"desiredCount": "1"}]},
        {"services": [{"createdAt": "now"}]},
    ],
)
def test_an_answer_that_does_not_fit_is_a_bug(answer: dict[str, Any]) -> None:
    operation = models.model("ecs").operation_model("DescribeServices")
    with pytest.raises(answers.MisshapenAnswerError):
        answers.json_body(operation, answer)


def test_times_are_numbers_with_milliseconds() -> None:
    operation = models.model("ecs").operation_model("DescribeServices")
    body = answers.json_body(operation, {"services": [{"createdAt": 1_700_000_000.123456}]})
    assert json.loads(body) == {"services": [{"createdAt": 1_700_000_000.123}]}


def test_xml_is_what_botocore_reads() -> None:
    operation = models.model("elbv2").operation_model("DescribeTargetHealth")
    answer = {
        "TargetHealthDescriptions": [
            {
                "Target": {"Id": "127.1.1.1", "Port": 80},
                "TargetHealth": {"State": "unhealthy", "Reason": "Target.Timeout", "Description": "<&>"},
            }
        ]
    }
    raw = {"status_code": 200, "headers": {}, "body": answers.xml_body(operation, answer, "id")}
    parsed = create_parser("query").parse(raw, operation.output_shape)
    assert parsed["TargetHealthDescriptions"] == answer["TargetHealthDescriptions"]
    assert parsed["ResponseMetadata"]["RequestId"] == "id"


@given(st.sets(st.text(min_size=1, max_size=5)), st.integers(1, 7))
def test_pages_show_everything_once(names: set[str], size: int) -> None:
    wanted, token, shown = sorted(names), None, []
    while True:
        part, token = page(wanted, token, size, str, ValueError())
        shown += part
        if token is None:
            break
    assert shown == wanted


def test_a_page_survives_what_comes_and_goes() -> None:
    _, token = page(["b", "d", "f"], None, 2, str, ValueError())
    assert page(["a", "b", "e", "f"], token, 5, str, ValueError()) == (["e", "f"], None)
    with pytest.raises(ValueError, match="bad"):
        page(["a"], "no token", 5, str, ValueError("bad"))
