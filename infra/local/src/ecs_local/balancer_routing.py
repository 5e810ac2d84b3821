"""Where a request goes: rule, target group, target. Pure functions over the world.

AWS runs a load balancer on several nodes that learn of a change one after the other. Here are two: one knows
at once that a target was deregistered, the other after `profile.routing_skew` seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import translate
from functools import lru_cache

from ecs_local.http1 import Head
from ecs_local.world import Content
from ecs_local.world_balancer import Listener, Target, TargetGroup


def choose_action(listener: Listener, head: Head) -> Content | None:
    """The action of the first rule, by priority, whose conditions hold; None where no rule is there."""
    host = (head.get(b"host") or b"").decode("latin-1").rpartition(":")
    name = (host[0] or host[2]).lower()
    path = head.target.decode("latin-1").partition("?")[0]
    for rule in sorted(listener.rules, key=lambda one: one.priority):
        hosts = not rule.host_patterns or any(_matches(one.lower(), name) for one in rule.host_patterns)
        if hosts and (not rule.path_patterns or any(_matches(one, path) for one in rule.path_patterns)):
            return rule.action
    return None


def eligible(
    group: TargetGroup, now: float, skew: float, was_healthy: Callable[[Target], bool]
) -> list[Target]:
    """The targets that a node, which lags `skew` seconds behind, sends new requests to.

    Healthy ones; where there is none, all unhealthy ones (fail-open). `initial` and `unused` get nothing, and
    a draining one only from a node that has not heard of it.
    """
    healthy, unhealthy = [], []
    for target in group.targets.values():
        late = target.draining_since is not None and now - target.draining_since < skew
        if target.state == "healthy" or (target.state == "draining" and late and was_healthy(target)):
            healthy.append(target)
        elif target.state == "unhealthy":
            unhealthy.append(target)
    return healthy or unhealthy


def redirect_location(action: Content, head: Head, port: int) -> str:
    """The Location of a redirect action, with its #{...} filled in from the request."""
    host = (head.get(b"host") or b"").decode("latin-1")
    path, _, query = head.target.decode("latin-1").partition("?")
    values = {
        "protocol": "http",
        "host": host.rpartition(":")[0] or host,
        "port": str(port),
        "path": path.lstrip("/"),
        "query": query,
    }

    def fill(text: str) -> str:
        return re.sub(r"#\{(\w+)\}", lambda found: values.get(found[1], found[0]), text)

    protocol = fill(action.get("Protocol") or "#{protocol}").lower()
    port_text = fill(action.get("Port") or "#{port}")
    shown = "" if (protocol, port_text) in (("http", "80"), ("https", "443")) else f":{port_text}"
    query_text = fill(action.get("Query", "#{query}"))
    return (
        f"{protocol}://{fill(action.get('Host') or '#{host}')}{shown}{fill(action.get('Path') or '/#{path}')}"
        + (f"?{query_text}" if query_text else "")
    )


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern.replace("[", "[[]")))  # only * and ? are special to a load balancer


def _matches(pattern: str, text: str) -> bool:
    return _pattern(pattern).match(text) is not None
