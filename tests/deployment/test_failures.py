"""Every way in which boto3 fails -> our error, its exit code, and whether a change may have happened."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore import exceptions
from botocore.config import Config
from botocore.parsers import ResponseParserError
from ecs_deployment.aws import AwsCloud, Session, session
from ecs_deployment.aws.failures import translated
from ecs_deployment.errors import (
    CloudError,
    Conflict,
    Denied,
    DeployError,
    Expired,
    NotFound,
    NotOffered,
    Refused,
    Throttled,
    Unreachable,
)
from ecs_deployment.model import Suspended

from tests.deployment.canned_aws import Canned, canned_aws

UNTRUSTED = exceptions.SSLError(
    endpoint_url="https://x", error="[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"
)
PAGES = ("<html><body>Sign in", '{"services": [{"serviceArn": "arn:aws', "")


def client_error(code: str, message: str = "", status: int = 400) -> exceptions.ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return exceptions.ClientError(answer, "UpdateService")


def told(
    error: Exception, service: str = "ecs", operation: str = "UpdateService", *, changes: bool = True
) -> Any:
    with pytest.raises(DeployError) as caught, translated(service, operation, changes=changes):
        raise error
    assert caught.value.what
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize(
    ("code", "status", "kind", "exit_code"),
    [
        ("ThrottlingException", 400, Throttled, 7),
        ("Throttling", 400, Throttled, 7),
        ("ThrottledException", 400, Throttled, 7),
        ("RequestLimitExceeded", 503, Throttled, 7),
        ("TooManyRequestsException", 429, Throttled, 7),
        ("AccessDeniedException", 400, Denied, 2),
        ("AccessDenied", 403, Denied, 2),
        ("UnauthorizedOperation", 403, Denied, 2),
        ("ExpiredTokenException", 400, Expired, 2),
        ("ExpiredToken", 403, Expired, 2),
        ("InvalidClientTokenId", 403, Expired, 2),
        ("UnrecognizedClientException", 400, Expired, 2),
        ("UpdateInProgressException", 400, Conflict, 7),
        ("ConflictException", 400, Conflict, 7),
        ("ResourceInUseException", 400, Conflict, 7),
        ("ParameterAlreadyExists", 400, Conflict, 7),
        ("ClusterNotFoundException", 400, NotFound, 2),
        ("ServiceNotFoundException", 400, NotFound, 2),
        ("ServiceNotActiveException", 400, NotFound, 2),
        ("ParameterNotFound", 400, NotFound, 2),
        ("TargetGroupNotFound", 400, NotFound, 2),
        ("RepositoryNotFoundException", 400, NotFound, 2),
        ("ServerException", 500, Unreachable, 7),
        ("ServiceUnavailable", 503, Unreachable, 7),
        ("", 502, Unreachable, 7),
        ("InvalidParameterException", 400, CloudError, 7),
    ],
)
@pytest.mark.parametrize("changes", [True, False])
def test_what_aws_answers(code: str, status: int, kind: type, exit_code: int, changes: bool) -> None:
    error = told(client_error(code, "Why it is so.", status), changes=changes)
    assert type(error) is kind
    assert (error.code, error.operation, error.exit_code) == (code, "ecs:UpdateService", exit_code)
    assert error.effect_unknown is (changes and kind is Unreachable)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("UnknownOperationException", 400),
        ("InvalidAction", 400),
        ("InternalFailure", 501),
        ("UnsupportedFeatureException", 400),
    ],
)
def test_an_operation_that_an_emulator_lacks_is_named(code: str, status: int) -> None:
    error = told(client_error(code, "not implemented", status), operation="ListServiceDeployments")
    assert isinstance(error, NotOffered)
    assert error.what == "The endpoint does not offer ecs:ListServiceDeployments."


def test_two_registrations_at_once_are_throttling() -> None:
    text = "Too many concurrent attempts to create a new revision of the specified family."
    error = told(client_error("ClientException", text), operation="RegisterTaskDefinition")
    assert (type(error), error.effect_unknown) == (Throttled, False)


@pytest.mark.parametrize(
    ("service", "operation", "message", "action"),
    [
        (
            "ecs",
            "UpdateService",
            "User: arn:aws:iam::1:user/x is not authorized to perform: ecs:UpdateService on resource: arn:...",
            "ecs:UpdateService",
        ),
        (
            "ecs",
            "RegisterTaskDefinition",
            "User: arn:aws:sts::1:assumed-role/ci/x is not authorized to perform: iam:PassRole on resource: ...",
            "iam:PassRole",
        ),
        ("ecs", "DescribeServices", "Access denied.", "ecs:DescribeServices"),
        ("elbv2", "DescribeTargetHealth", "", "elasticloadbalancing:DescribeTargetHealth"),
        ("cloudwatch", "PutMetricData", "", "cloudwatch:PutMetricData"),
        (
            "application-autoscaling",
            "RegisterScalableTarget",
            "",
            "application-autoscaling:RegisterScalableTarget",
        ),
    ],
)
def test_a_missing_permission_is_named(service: str, operation: str, message: str, action: str) -> None:
    error = told(client_error("AccessDeniedException", message), service, operation)
    assert error.what == f"The credentials may not call {action}."
    assert action in error.cure


@pytest.mark.parametrize(
    ("error", "kind", "effect_unknown"),
    [
        (exceptions.EndpointConnectionError(endpoint_url="http://x"), Unreachable, False),
        (exceptions.ConnectTimeoutError(endpoint_url="http://x"), Unreachable, False),
        (exceptions.ProxyConnectionError(proxy_url="http://x"), Unreachable, False),
        (exceptions.ReadTimeoutError(endpoint_url="http://x"), Unreachable, True),
        (exceptions.ConnectionClosedError(endpoint_url="http://x"), Unreachable, True),
        (exceptions.HTTPClientError(error=OSError("cut")), Unreachable, True),
        (exceptions.SSLError(endpoint_url="https://x", error="EOF occurred"), Unreachable, True),
        (exceptions.ConnectionError(error="cut"), Unreachable, True),
        (ResponseParserError("no element found\n<html>"), Unreachable, True),
        (KeyError("service"), Unreachable, True),
        (UNTRUSTED, CloudError, False),
        (exceptions.ParamValidationError(report="Unknown parameter"), CloudError, False),
        (exceptions.NoRegionError(), CloudError, False),
    ],
)
def test_what_comes_of_the_connection(error: Exception, kind: type, effect_unknown: bool) -> None:
    found = told(error)
    assert (type(found), found.effect_unknown) == (kind, effect_unknown)
    assert told(error, changes=False).effect_unknown is False


@pytest.mark.parametrize(
    "error",
    [
        exceptions.NoCredentialsError(),
        exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        exceptions.CredentialRetrievalError(provider="process", error_msg="exit 1"),
    ],
)
def test_no_credentials_refuse(error: Exception) -> None:
    found = told(error)
    assert (type(found), found.exit_code) == (Refused, 2)
    assert "AWS_PROFILE" in found.cure


def test_a_sign_in_that_ran_out() -> None:
    found = told(exceptions.TokenRetrievalError(provider="sso", error_msg="Token has expired"))
    assert type(found) is Expired


@pytest.mark.parametrize(
    "error", [exceptions.ReadTimeoutError(endpoint_url="http://x"), client_error("ServerException", "", 500)]
)
def test_only_a_change_has_to_be_looked_after(error: Exception) -> None:
    read = told(error, operation="DescribeServices", changes=False)
    assert read.cure == "That call only reads, so nothing was changed by it: repeat the command."
    assert told(error, changes=True).cure == "Look at the service before repeating."


def test_a_certificate_that_is_not_trusted_has_its_cure() -> None:
    found = told(UNTRUSTED)
    assert "CERTIFICATE_VERIFY_FAILED" in found.what
    assert "AWS_CA_BUNDLE" in found.cure


def test_an_answer_that_cannot_be_read_names_the_operation_and_not_the_page() -> None:
    found = told(ResponseParserError("no element found\n<html>"))
    assert "ecs:UpdateService" in found.what
    assert "<html>" not in str(found)


def test_errors_of_our_own_pass() -> None:
    with pytest.raises(RuntimeError, match="mine"), translated("ecs", "UpdateService"):
        raise RuntimeError("mine")


# --- the same over real HTTP, through the real port ---------------------------------------------------------


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Canned]:
    monkeypatch.setattr(session, "_TIMES", Config(connect_timeout=1, read_timeout=0.2))
    monkeypatch.setattr(session, "_TIMES_OF_READS", Config(read_timeout=0.1))
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    with canned_aws() as made:
        yield made


def update(aws: Canned) -> Any:
    return aws.cloud().update_service("local", "app", force=True)


@pytest.mark.parametrize("body", ["cut", "silent"])
def test_a_change_whose_answer_is_lost_is_sent_once_and_may_have_happened(aws: Canned, body: str) -> None:
    aws.answer("UpdateService", body)
    with pytest.raises(Unreachable) as caught:
        update(aws)
    assert caught.value.effect_unknown
    assert len(aws.asked("UpdateService")) == 1


@pytest.mark.parametrize(("status", "code"), [(500, "ServerException"), (503, "ServiceUnavailable")])
def test_a_change_that_the_server_fails_at_is_sent_once_and_may_have_happened(
    aws: Canned, status: int, code: str
) -> None:
    aws.fail("UpdateService", code, status=status)
    with pytest.raises(Unreachable) as caught:
        update(aws)
    assert (caught.value.effect_unknown, caught.value.code) == (True, code)
    assert len(aws.asked("UpdateService")) == 1


def test_a_throttled_change_is_sent_once(aws: Canned) -> None:
    aws.fail("UpdateService", "ThrottlingException", "Rate exceeded")
    with pytest.raises(Throttled):
        update(aws)
    assert len(aws.asked("UpdateService")) == 1


@pytest.mark.parametrize("trouble", ["cut", "silent", "throttled", "broken"])
def test_a_read_is_repeated(aws: Canned, trouble: str) -> None:
    if trouble == "throttled":
        aws.fail("DescribeServices", "ThrottlingException", "Rate exceeded")
    elif trouble == "broken":
        aws.fail("DescribeServices", "ServerException", status=500)
    else:
        aws.answer("DescribeServices", trouble)
    aws.answer("DescribeServices", {"services": [], "failures": []})
    cloud = aws.cloud()
    assert cloud.services("local", ["app"]) == {}
    assert cloud.calls == len(aws.requests) == 2


def test_a_read_that_stays_lost_has_no_effect(aws: Canned) -> None:
    aws.answer("DescribeServices", "cut")
    with pytest.raises(Unreachable) as caught:
        aws.cloud().services("local", ["app"])
    assert not caught.value.effect_unknown
    assert len(aws.requests) == 3


@pytest.mark.parametrize(("trouble", "attempts"), [("silent", 3), ("throttled", 8)])
def test_a_read_that_hangs_ends_before_a_lease_does(
    aws: Canned, monkeypatch: pytest.MonkeyPatch, trouble: str, attempts: int
) -> None:
    monkeypatch.setattr(session, "_READS_LOCAL", session._READS)
    if trouble == "throttled":
        aws.fail("DescribeServices", "ThrottlingException", "Rate exceeded")
    else:
        aws.answer("DescribeServices", trouble)
    with pytest.raises((Unreachable, Throttled)):
        aws.cloud().services("local", ["app"])
    assert len(aws.requests) == attempts


@pytest.mark.parametrize(
    ("operation", "changes", "call"),
    [
        ("DescribeServices", False, lambda cloud: cloud.services("c", ["s"])),
        ("DescribeTargetHealth", False, lambda cloud: cloud.targets("arn")),
        ("DescribeTaskDefinition", False, lambda cloud: cloud.task_definition("app:1")),
        ("GetParameter", False, lambda cloud: cloud.read_parameter("/a/b")),
        ("UpdateService", True, lambda cloud: cloud.update_service("c", "s", force=True)),
        ("PutParameter", True, lambda cloud: cloud.create_parameter("/a/b", "x")),
        (
            "RegisterScalableTarget",
            True,
            lambda cloud: cloud.suspend("c", "s", Suspended(True, False, False)),
        ),
    ],
)
def test_a_page_in_place_of_an_answer_is_a_lost_answer(
    aws: Canned, operation: str, changes: bool, call: Callable[[AwsCloud], object]
) -> None:
    aws.answer(operation, *PAGES)
    cloud = aws.cloud()
    for _ in PAGES:
        with pytest.raises(Unreachable, match=f"{operation} could not be read") as caught:
            call(cloud)
        assert caught.value.effect_unknown is changes
    assert len(aws.requests) == len(PAGES)


def test_nobody_there_is_never_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        cloud = AwsCloud(Canned(url).session())
        with pytest.raises(Unreachable) as caught:
            cloud.update_service("local", "app", force=True)
    assert not caught.value.effect_unknown
    assert "AWS_ENDPOINT_URL" in caught.value.cure


def test_without_credentials_nothing_is_sent(aws: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(Refused, match="no usable AWS credentials"):
        AwsCloud(Session("eu-west-3", endpoint_url=aws.url)).services("local", ["app"])
    assert aws.requests == []
