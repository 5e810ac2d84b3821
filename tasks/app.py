"""Deploy, verify and look at the services of an environment."""

from __future__ import annotations

from tasks._app_build import build
from tasks._app_look import history, status, verify
from tasks._app_roll import abort, deploy, resume, rollback, sleep, wake
from tasks._app_watch import dashboard, logs, top

__all__ = [
    "abort",
    "build",
    "dashboard",
    "deploy",
    "history",
    "logs",
    "resume",
    "rollback",
    "sleep",
    "status",
    "top",
    "verify",
    "wake",
]
