"""Deploy, verify and look at the services of an environment."""

from __future__ import annotations

from tasks._app_look import status, verify
from tasks._app_roll import build, deploy

__all__ = ["build", "deploy", "status", "verify"]
