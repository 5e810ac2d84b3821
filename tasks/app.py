"""Deploy, verify and look at the services of an environment."""

from __future__ import annotations

from tasks._app_look import history, status, verify
from tasks._app_roll import build, deploy
from tasks._app_sleep import sleep, wake
from tasks._app_undo import abort, resume, rollback
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
