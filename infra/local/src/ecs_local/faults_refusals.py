"""Errors that planted faults answer calls with: code, text and status as each service of AWS writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ecs_local.api.errors import AwsError
from ecs_local.api.protocol import Wanted
from ecs_local.faults import Fault, strike_call
from ecs_local.limits import rate_exceeded

_CALLER = "arn:aws:sts::000000000000:assumed-role/deploy/local"
_IAM_PREFIX = {"elbv2": "elasticloadbalancing"}
_SERVER_ERRORS = {
    "ecs": "ServerException",
    "ecr": "ServerException",
    "ssm": "InternalServerError",
    "application-autoscaling": "InternalServiceException",
}
_UNAVAILABLE = "Service Unavailable. Please try again later."
_REVISIONS = "Too many concurrent attempts to create a new revision of the specified family."  # prefect#10102


def refusal(planted: Iterable[Fault], wanted: Wanted, named: Iterable[str]) -> AwsError | None:
    """What a call is refused with if that was planted; the fault counts."""
    texts = tuple(named)
    for kind, error in _REFUSALS.items():
        if kind == "too-many-revisions" and wanted.operation != "RegisterTaskDefinition":
            continue
        if strike_call(planted, kind, wanted.operation, texts):
            return error(wanted)
    return None


def _denied(wanted: Wanted) -> AwsError:
    name = wanted.service.name
    action = f"{_IAM_PREFIX.get(name, name)}:{wanted.operation}"
    text = (
        f"User: {_CALLER} is not authorized to perform: {action} "
        f"because no identity-based policy allows the {action} action"
    )
    return AwsError("AccessDenied", text, 403) if _form(wanted) else AwsError("AccessDeniedException", text)


def _expired(wanted: Wanted) -> AwsError:
    text = "The security token included in the request is expired"
    return AwsError("ExpiredToken", text, 403) if _form(wanted) else AwsError("ExpiredTokenException", text)


def _form(wanted: Wanted) -> bool:
    return wanted.service.protocol == "query"


_REFUSALS: dict[str, Callable[[Wanted], AwsError]] = {
    "throttling": lambda wanted: rate_exceeded(wanted.service.name),
    "too-many-revisions": lambda _: AwsError("ClientException", _REVISIONS),
    "access-denied": _denied,
    "expired-credentials": _expired,
    "server-error": lambda wanted: AwsError(
        _SERVER_ERRORS.get(wanted.service.name, "InternalFailure"), _UNAVAILABLE, 500
    ),
}
