"""boto3's exceptions -> ours: what happened, what to do next, and whether a change may have taken effect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions
from botocore.parsers import ResponseParserError

from ecs_deployment.aws import permissions
from ecs_deployment.errors import (
    CloudError,
    Conflict,
    Denied,
    Expired,
    NotFound,
    NotOffered,
    Refused,
    Throttled,
    Unreachable,
)

_THROTTLED = {
    "ConcurrentUpdateException",  # Application Auto Scaling: another update of the same target is under way
    "RequestLimitExceeded",
    "Throttling",
    "ThrottledException",
    "ThrottlingException",
    "TooManyRequestsException",
    "TooManyUpdates",  # SSM: the same parameter was written a moment ago
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure"}
_EXPIRED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "RequestExpired",
    "UnrecognizedClientException",
}
_CONFLICT = {
    "ConflictException",
    "ResourceInUseException",
    "UpdateInProgressException",
    "ParameterAlreadyExists",
}
_NOT_OFFERED = {
    "InvalidAction",
    "UnknownOperation",
    "UnknownOperationException",
    "UnsupportedFeatureException",  # Amazon ECS: "The specified task isn't supported in this Region."
}
_NOT_IMPLEMENTED = 501
_ACTION = re.compile(r"not authorized to perform:? ([\w-]+:\w+)")
# Two registrations of one family at once; rejected before any effect, and not retried by the SDK.
_BUSY = "Too many concurrent attempts"

_NEVER_SENT = (
    exceptions.EndpointConnectionError,
    exceptions.ConnectTimeoutError,
    exceptions.ProxyConnectionError,
)
# With the bare ConnectionError: SSLError is one, and a TLS connection may break after the request went out.
_MAYBE_SENT = (exceptions.ReadTimeoutError, exceptions.ConnectionError, exceptions.HTTPClientError)
_UNREADABLE = (ResponseParserError, ValueError, LookupError, TypeError, AttributeError)


@contextmanager
def translated(service: str, operation: str, *, changes: bool = False) -> Iterator[None]:
    """Turn what boto3 raises inside the block into our errors, and what reading its answer there raises.

    `changes` marks a mutating call: where its answer was lost, the error has `effect_unknown`.
    """
    name = permissions.action(service, operation)
    try:
        yield
    except exceptions.ClientError as error:
        raise _client_error(error, name, changes=changes) from error
    except (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
    ) as error:
        raise Refused(
            "There are no usable AWS credentials.",
            "Sign in (for example `aws sso login`) or set AWS_PROFILE.",
        ) from error
    except (exceptions.TokenRetrievalError, exceptions.SSOError) as error:
        raise Expired(f"The sign-in has run out: {error}", "Sign in again and repeat the command.") from error
    except _NEVER_SENT as error:
        raise Unreachable(
            f"AWS could not be reached for {name}.", "Check the network and AWS_ENDPOINT_URL.", operation=name
        ) from error
    except _MAYBE_SENT as error:
        if is_distrust(error):
            raise CloudError(
                f"The certificate of the endpoint is not trusted, so {name} was not sent: {error}.",
                "Where a proxy stands in between, name its certificates with AWS_CA_BUNDLE.",
                operation=name,
            ) from error
        raise Unreachable(
            f"The answer to {name} was lost ({type(error).__name__}).",
            _again(changes=changes),
            operation=name,
            effect_unknown=changes,
        ) from error
    except exceptions.BotoCoreError as error:
        raise CloudError(f"{name} could not be sent: {error}", operation=name) from error
    except _UNREADABLE as error:
        why = str(error).partition("\n")[0]  # botocore adds the whole page
        raise Unreachable(
            f"AWS's answer to {name} could not be read ({type(error).__name__}: {why}).",
            "Does a proxy, or the sign-in page of a network, answer in its place?",
            operation=name,
            effect_unknown=changes,
        ) from error


def is_distrust(error: Exception) -> bool:
    """Whether a connection failed because the other side's certificate is not trusted: then nothing was sent."""
    return isinstance(error, exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)


def _again(*, changes: bool) -> str:
    """What to do where nobody knows how a call ended."""
    if changes:
        return "Look at the service before repeating."
    return "That call only reads, so nothing was changed by it: repeat the command."


def _client_error(error: exceptions.ClientError, name: str, *, changes: bool) -> CloudError:
    code = error.response.get("Error", {}).get("Code", "")
    text = error.response.get("Error", {}).get("Message", "") or str(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _THROTTLED or _BUSY in text:
        return Throttled(
            f"AWS throttles {name}: {text}", "Wait a little and repeat.", code=code, operation=name
        )
    if code in _DENIED:
        found = _ACTION.search(text)
        action = found.group(1) if found else name
        return Denied(
            f"The credentials may not call {action}.",
            f"Allow {action} for this principal.",
            code=code,
            operation=action,
        )
    if code in _EXPIRED:
        return Expired(
            f"AWS no longer accepts the credentials ({code}).",
            "Sign in again and repeat the command.",
            code=code,
            operation=name,
        )
    if code in _CONFLICT:
        return Conflict(f"{name}: {text}", "Look at the service and repeat.", code=code, operation=name)
    if code in _NOT_OFFERED or status == _NOT_IMPLEMENTED:
        return NotOffered(
            f"The endpoint does not offer {name}.",
            "See where AWS_ENDPOINT_URL leads, and what the region has.",
            code=code,
            operation=name,
        )
    if code.endswith(("NotFoundException", "NotFound", "NotActiveException")):
        return NotFound(f"{name}: {text}", "Check the names in environments.toml.", code=code, operation=name)
    if status >= 500:
        return Unreachable(
            f"AWS failed at {name}: {text or status}",
            _again(changes=changes),
            code=code,
            operation=name,
            effect_unknown=changes,
        )
    return CloudError(f"{name} was rejected ({code}): {text}", code=code, operation=name)
