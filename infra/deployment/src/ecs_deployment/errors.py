"""Expected failures: each has an exit code, one sentence on what happened and one on what to do next."""

from __future__ import annotations


class DeployError(Exception):
    """An expected failure. `cure` says what to do next; `exit_code` is what the task ends with."""

    exit_code = 1

    effect_unknown = False
    """A change may have taken effect all the same (its answer was lost): look before repeating."""

    def __init__(self, what: str, cure: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.what} {self.cure}".strip()


class Refused(DeployError):
    """Nothing was changed: the request, the settings or the world do not allow it."""

    exit_code = 2


class Interrupted(DeployError):
    """A signal came before any service had a result."""

    exit_code = 130


class SettingsError(Refused):
    """environments.toml cannot be used as it is; the message names file, key and cure."""


class LockHeld(Refused):
    """Another deployer with a living lease works on this service."""


class CloudError(DeployError):
    """An AWS call failed in a way the caller may have to act on.

    `code` is AWS's error code, `operation` the call as IAM names it (ecs:UpdateService).
    """

    exit_code = 7

    def __init__(
        self, what: str, cure: str = "", *, code: str = "", operation: str = "", effect_unknown: bool = False
    ) -> None:
        super().__init__(what, cure)
        self.code = code
        self.operation = operation
        self.effect_unknown = effect_unknown


class Throttled(CloudError):
    """AWS asked for fewer calls, and still did after the retries. For a poll this is "no news"."""


class Denied(CloudError):
    """The credentials lack a permission; the message names the IAM action."""

    exit_code = 2


class Expired(CloudError):
    """The credentials ran out: a refusal, and for whoever has begun to change something an outcome of its own."""

    exit_code = 2


class NotFound(CloudError):
    """The thing asked for does not exist (yet: AWS is eventually consistent)."""

    exit_code = 2


class NotOffered(NotFound):
    """The endpoint does not have this operation: an emulator, or a partition that is behind."""


class Conflict(CloudError):
    """AWS will not do this now: another change is under way, or it exists already."""


class Unreachable(CloudError):
    """No answer: the connection failed, was cut or timed out."""
