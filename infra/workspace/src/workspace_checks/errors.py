"""Expected failures: each has an exit code, one sentence on what happened and one on what to do next."""

from __future__ import annotations


class WorkspaceError(Exception):
    """The check could not be made, or nothing was done. `cure` says what to do next."""

    exit_code = 2

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure


class StaleLock(WorkspaceError):
    """The lockfile is not what the manifests ask for."""

    exit_code = 3
