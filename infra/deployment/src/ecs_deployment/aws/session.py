"""One session, its clients and the count of requests they send."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import boto3
from botocore import exceptions
from botocore.config import Config

from ecs_deployment.aws.failures import is_distrust
from ecs_deployment.errors import Refused

# The installed default is standard/3 and its own guide says legacy/5, so nothing is left to the default.
_TIMES = Config(connect_timeout=5, read_timeout=20)
_TIMES_OF_READS = Config(read_timeout=10)
_READS = 8
_HANGING = 3  # of these attempts: a lock is renewed between two reads, and half a minute of silence is enough
_READS_LOCAL = 3  # an engine on this machine that refuses a connection is gone
_CHANGES = 1


class Session:
    """boto3 clients by name: `read` retries, `change` sends each request once.

    boto3 finds credentials as always, and AWS_ENDPOINT_URL is honoured; for an engine on this machine both
    are given, and no proxy is asked for the way to it.
    """

    def __init__(
        self, region: str, *, endpoint_url: str | None = None, credentials: Mapping[str, str] | None = None
    ) -> None:
        self.region = region
        with _surroundings():
            self._session = boto3.Session(region_name=region, **(credentials or {}))
        self._endpoint_url = endpoint_url
        self.operations: Counter[tuple[str, str]] = Counter()
        """How often each (service, operation) was sent, as boto3 names them; retries count as what they cost."""
        self._lock = threading.RLock()  # a survey asks on several threads, and only clients are made for that
        reads = _READS_LOCAL if endpoint_url else _READS
        self.read = cache(lambda service: self._client(service, reads, _TIMES.merge(_TIMES_OF_READS)))
        self.change = cache(lambda service: self._client(service, _CHANGES, _TIMES))

    def _client(self, service: str, attempts: int, times: Config) -> Any:
        config = times.merge(Config(retries={"mode": "standard", "total_max_attempts": attempts}))
        direct = Config(proxies={}) if self._endpoint_url else Config()
        with _surroundings(), self._lock:
            client = self._session.client(
                service, endpoint_url=self._endpoint_url, config=config.merge(direct)
            )
        client.meta.events.register("before-send", partial(self._count, service))  # emitted for every attempt
        named = (
            client.meta.service_model.service_id.hyphenize()
        )  # botocore asks the handlers of the service first
        client.meta.events.register_first(f"needs-retry.{named}", _enough)
        client.meta.events.register("before-parse", _check_page)
        return client

    def _count(self, service: str, event_name: str, **_: Any) -> None:
        with self._lock:
            self.operations[service, event_name.rpartition(".")[2]] += 1

    @property
    def calls(self) -> int:
        """API requests sent so far, retries included."""
        return self.operations.total()


def _enough(attempts: int, caught_exception: Exception | None, **_: Any) -> bool | None:
    """False where another attempt would only keep a run from renewing its locks, or can change nothing."""
    hangs = isinstance(caught_exception, (exceptions.ReadTimeoutError, exceptions.ConnectTimeoutError))
    if (hangs and attempts >= _HANGING) or (caught_exception and is_distrust(caught_exception)):
        return False
    return None


def _check_page(operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:
    """Raise for a page that is not from AWS: botocore takes it for an empty answer."""
    answers = operation_model.output_shape is not None  # others, such as SetAlarmState, have an empty body
    json = operation_model.service_model.resolved_protocol == "json"
    if answers and json and response_dict["status_code"] < 300:
        body = response_dict["body"].strip()
        if not (body.startswith(b"{") and body.endswith(b"}")):
            raise ValueError("no JSON object")


@contextmanager
def _surroundings() -> Iterator[None]:
    """What the user's own AWS configuration may get wrong, refused in a sentence."""
    try:
        yield
    except exceptions.ProfileNotFound as error:
        raise Refused(f"{error}.", "Set AWS_PROFILE to one that ~/.aws/config has.") from error
    except (exceptions.ConfigParseError, exceptions.ConfigNotFound) as error:
        raise Refused(
            f"The AWS configuration cannot be read: {error}", "Mend or unset AWS_CONFIG_FILE."
        ) from error
    except (ValueError, exceptions.InvalidEndpointConfigurationError) as error:
        url = os.environ.get("AWS_ENDPOINT_URL", "")
        raise Refused(
            f"AWS_ENDPOINT_URL {url!r} is no usable address: {error}",
            "Write it with its scheme, for example http://127.0.0.1:4566, or unset it.",
        ) from error


def local_session(environment: Mapping[str, str]) -> Session:
    """A session with an engine on this machine, from the variables it prints for any AWS client."""
    return Session(
        environment["AWS_REGION"],
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        credentials={
            "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        },
    )
