"""Rules, patterns, fixed answers, redirects, matchers, counters, health checks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ecs_local.balancer_health import check_once, matches
from ecs_local.balancer_routing import choose_action, redirect_location
from ecs_local.http1 import Head
from ecs_local.world_balancer import Listener, ListenerRule, Target

from tests.local.balancer_rig import answer, replies, rig, until


def _head(target: str, host: str = "app.example.com:8080") -> Head:
    return Head("1.1", [(b"Host", host.encode())], True, b"GET", target.encode())


@pytest.mark.parametrize(
    ("target", "host", "name"),
    [
        ("/", "app.example.com", "default"),
        ("/api/x?y=/z", "app.example.com", "api"),
        ("/API/x", "app.example.com", "default"),
        ("/", "WWW.example.com:80", "www"),
        ("/api/x", "www.example.com", "api"),
        ("/v1", "app.example.com", "version"),
        ("/v10", "app.example.com", "default"),
        ("/[a]", "app.example.com", "brackets"),
        ("/a", "app.example.com", "default"),
    ],
)
def test_the_first_rule_by_priority_that_holds_decides(target: str, host: str, name: str) -> None:
    rules = [
        ListenerRule(1_000_000, [], [], {"name": "default"}),
        ListenerRule(30, [], ["/v?"], {"name": "version"}),
        ListenerRule(20, ["www.*"], [], {"name": "www"}),
        ListenerRule(10, [], ["/api/*"], {"name": "api"}),
        ListenerRule(40, ["*.example.com"], ["/[a]"], {"name": "brackets"}),
    ]
    assert choose_action(Listener("l", "b", 80, rules=rules), _head(target, host)) == {"name": name}


def test_no_rule_is_no_action() -> None:
    assert choose_action(Listener("l", "b", 80), _head("/")) is None


@pytest.mark.parametrize(
    ("action", "location"),
    [
        ({"Protocol": "HTTPS", "Port": "443"}, "https://app.example.com/a/b?c=d"),
        ({"Path": "/new/#{path}", "Query": ""}, "http://app.example.com:8080/new/a/b"),
        ({"Host": "www.#{host}", "Query": "#{query}&e=f"}, "http://www.app.example.com:8080/a/b?c=d&e=f"),
    ],
)
def test_redirects_fill_in_the_request(action: dict[str, Any], location: str) -> None:
    assert redirect_location(action, _head("/a/b?c=d"), 8080) == location


@pytest.mark.parametrize(
    ("matcher", "status", "expected"),
    [
        ("200", 200, True),
        ("200", 204, False),
        ("200-299", 204, True),
        ("200-299", 300, False),
        ("200, 302", 302, True),
    ],
)
def test_matchers(matcher: str, status: int, expected: bool) -> None:
    assert matches(matcher, status) is expected


def test_fixed_answers_and_redirects_need_no_target() -> None:
    async def main() -> None:
        fixed = {
            "type": "fixed-response",
            "StatusCode": "418",
            "ContentType": "text/plain",
            "MessageBody": "tea",
        }
        async with rig(fixed) as made:
            assert await made.get() == (418, b"tea")
        async with rig({"type": "redirect", "StatusCode": "HTTP_301", "Path": "/there"}) as made:
            status, head, _ = await made.exchange(
                b"GET /x HTTP/1.1\r\nhost: app\r\nconnection: close\r\n\r\n"
            )
            assert status == 301
            assert f"location: http://app:{made.listener.bound_port}/there" in head

    asyncio.run(main())


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(-1)


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def _sick(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(answer(b"", status="503 Service Unavailable"))


@pytest.mark.parametrize(
    ("behave", "ok", "reason", "description"),
    [
        (replies(b""), True, "", ""),
        (_sick, False, "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"),
        (_silence, False, "Target.Timeout", "Request timed out"),
        (_hang_up, False, "Target.FailedHealthChecks", "Health checks failed"),
    ],
)
def test_health_checks_say_what_they_found(behave: Any, ok: bool, reason: str, description: str) -> None:
    async def main() -> None:
        async with rig() as made:
            target = await made.target(behave, "initial")
            fact = await check_once(made.group, target, 0.3 if behave is _silence else 10.0)
            assert (fact.ok, fact.reason, fact.description) == (ok, reason, description)

    asyncio.run(main())


def test_a_refused_check_is_a_failed_one() -> None:
    async def main() -> None:
        async with rig() as made:
            fact = await check_once(made.group, Target("127.0.0.1", 1, "", 0.0), 10.0)
            assert fact.reason == "Target.FailedHealthChecks"

    asyncio.run(main())


def test_checks_begin_with_the_registration_and_end_with_the_draining() -> None:
    async def main() -> None:
        async with rig() as made:
            made.group.health_interval = 0.0
            target = await made.target(replies(b""), "initial")
            await until(lambda: len(made.facts) >= 3)
            assert {(fact.group, fact.target_id, fact.port) for fact in made.facts} == {
                ("group", "127.0.0.1", target.port)
            }
            await made.drain(target)
            await asyncio.sleep(0)
            before = len(made.facts)
            await asyncio.sleep(0.15)
            assert len(made.facts) == before

    asyncio.run(main())
