"""Amazon's own event texts, made short enough to read: same words, without the ARNs and the repetition."""

from __future__ import annotations

import re

from ecs_deployment.model import IdleAlarm

_SERVICE = re.compile(r"^\(service [^)]*\) ")
_TASK = re.compile(r"\(task ([0-9a-f]{8})[0-9a-f]{24}\)")
_MORE = re.compile(r" For more information, see the Troubleshooting section[^.]*\.$")
_GROUP = re.compile(r"\(target-group arn:[^)]*:targetgroup/([^/)]+)/[^)]*\)")


def short(message: str) -> str:
    """An event of the service without its own name, with task ids of 8 digits and target groups by name."""
    message = _MORE.sub("", message)
    return _GROUP.sub(r"(target group \1)", _TASK.sub(r"(task \1)", _SERVICE.sub("", message)))


def outcome(word: str) -> str:
    """How a run ended, as people say it: the journal's "rolled_back" is "rolled back"."""
    return word.replace("_", " ")


def wakes(environment: str, service: str, idle: IdleAlarm | None) -> str:
    """What brings a service back from 0."""
    by_hand = f"`inv app.wake --env {environment} --service {service}` wakes it by hand"
    if idle and idle.wakes_by:
        return f"Its first request wakes it (alarm {idle.wakes_by}); {by_hand}."
    return f"Nothing wakes it by itself: {by_hand}."
