"""Commands in advice, made whole: the rooms that give it name the task, and here it gets environment and service.

What is advised can be pasted as it stands: "`inv app.status`" becomes "`inv app.status --env staging --service web`".
"""

from __future__ import annotations

import re
import shlex

_COMMAND = re.compile(
    r"\b(?P<task>inv (?:app\.[a-z]+|infra\.(?:plan|apply|destroy)))(?P<options>(?: --[a-z-]+(?: (?!--)[^\s`;,()]+)?)*)"
)


def inv(task: str, environment: str, *services: str, **options: str) -> str:
    """A command as one types it: inv("app.deploy", "staging", "web", tag="v7")."""
    named = {"env": environment, "service": ",".join(services), **options}
    return " ".join([f"inv {task}", *(f"--{k} {shlex.quote(v)}" for k, v in named.items() if v)])


def whole(text: str, environment: str, service: str = "") -> str:
    """The text with every command of ours in it complete; one that names its environment is left as it is."""

    def completed(found: re.Match[str]) -> str:
        options = found["options"]
        if " --env " in options or not environment:
            return found.group()
        named = "" if " --service " in options else service
        return inv(found["task"].removeprefix("inv "), environment, named) + options

    return _COMMAND.sub(completed, text)
