"""What the engine does when a handler of its own is wrong: a clear 500, a line in the log, and it goes on."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from ecs_local.api import dispatch, ecs
from ecs_local.api.protocol import Request
from ecs_local.world import World

SIGNED = (
    "AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-3/ecs/aws4_request, SignedHeaders=host, Signature=0"
)
HEADERS = {"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters", "Authorization": SIGNED}


@dataclass
class Hub:
    """An engine without processes and registers."""

    world: World = field(default_factory=World)
    passive: Any = None
    base_url: str = "http://127.0.0.1:1"
    woken: int = 0

    def now(self) -> float:
        return 12.0

    def wake(self) -> None:
        self.woken += 1

    async def settle(self) -> None:
        self.wake()


def _ask(hub: Hub, body: bytes = b"{}") -> tuple[int, dict[str, Any]]:
    answer = asyncio.run(dispatch.answer(hub, Request("POST", "/", HEADERS, body)))
    return answer.status, json.loads(answer.body)


def test_every_call_wakes_the_scheduler() -> None:
    hub = Hub()
    assert _ask(hub) == (200, {"clusterArns": []})
    assert hub.woken == 1


@pytest.mark.parametrize("wrong", [{"clusterArns": [1]}, {"unheard": "a"}, {"clusterArns": "a"}])
def test_a_misshapen_answer_never_leaves(
    wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(ecs.OPERATIONS, "ListClusters", lambda *_: wrong)
    status, told = _ask(Hub())
    assert (status, told["__type"]) == (500, "InternalFailure")
    assert "ecs ListClusters: answer." in caplog.text


def test_a_handler_that_raises_is_a_500(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(call: Any, params: Any) -> Any:
        raise KeyError("gone")

    monkeypatch.setitem(ecs.OPERATIONS, "ListClusters", broken)
    assert _ask(Hub())[0] == 500
    assert "ListClusters failed" in caplog.text


@pytest.mark.parametrize("body", [b"[]", b'"a"', b"\xff", b"{", b'{"maxResults": "ten"}'])
def test_a_body_that_is_no_input_is_refused(body: bytes) -> None:
    status, told = _ask(Hub(), body)
    assert (status, told["__type"]) == (400, "SerializationException")
