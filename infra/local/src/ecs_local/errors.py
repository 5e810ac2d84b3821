"""The failures of the embedded ECS that its users meet, each with the exit code of the task that shows it.

Errors of the AWS API are another matter: they travel to the caller as AWS shapes them (`api.errors`).
"""

from __future__ import annotations

PORT_IN_USE = 98
"""How the engine's process ends when its port is taken: the number of EADDRINUSE, which no other failure has."""


class EngineError(Exception):
    """The embedded ECS cannot do what was asked. The message says what, and what to do next."""

    exit_code = 2


class PortInUseError(EngineError):
    """Another program listens on the port that was asked for."""

    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__(
            f"Port {port} on 127.0.0.1 is in use by another program. "
            "Stop that program, or start the engine on another port (port 0 takes a free one)."
        )


class EngineStartError(EngineError):
    """The engine's process ended, or did not answer in time, before it was ready."""


class EngineGoneError(EngineError):
    """The engine that was there a moment ago does not answer any more."""
