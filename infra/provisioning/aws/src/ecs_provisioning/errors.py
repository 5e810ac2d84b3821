"""How a stack can fail: the cause first, then what to do."""

from __future__ import annotations

from ecs_deployment.errors import DeployError


class StackFailed(DeployError):
    """The stack is not what it should be and was not brought back."""

    exit_code = 5


class Interrupted(DeployError):
    """A signal ended the wait; CloudFormation goes on by itself."""

    exit_code = 130


class Undecided(DeployError):
    """AWS could not be asked any more; CloudFormation goes on by itself."""

    exit_code = 7


class StackRolledBack(DeployError):
    """The change was undone: everything is as it was."""

    exit_code = 4
