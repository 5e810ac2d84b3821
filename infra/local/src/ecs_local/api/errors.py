"""How a handler refuses a call: an error as the AWS service itself would send it."""

from __future__ import annotations


class AwsError(Exception):
    """An error answer. `code` is AWS's own (`ClusterNotFoundException`), `status` the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
