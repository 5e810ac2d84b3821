"""The journal's part of the port: parameters of SSM's Parameter Store, and how old each is by AWS's own clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ecs_deployment.aws.failures import translated
from ecs_deployment.aws.session import Session
from ecs_deployment.cloud import Stored
from ecs_deployment.errors import NotFound


class ParameterStore:
    """Reads, creates, overwrites and deletes. Only a create can lose: a name that is taken stays as it is."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list_parameters(self, path: str) -> list[Stored]:
        """ssm:GetParametersByPath, every page."""
        found: list[Stored] = []
        with translated("ssm", "GetParametersByPath"):
            for page in self._session.read("ssm").get_paginator("get_parameters_by_path").paginate(Path=path):
                found += [_stored(row, page) for row in page["Parameters"]]
        return found

    def read_parameter(self, name: str) -> Stored | None:
        """ssm:GetParameter; None where there is none."""
        try:
            with translated("ssm", "GetParameter"):
                answer = self._session.read("ssm").get_parameter(Name=name)
                return _stored(answer["Parameter"], answer)
        except NotFound:
            return None

    def create_parameter(self, name: str, value: str) -> bool:
        """ssm:PutParameter without overwriting; False where the name is taken."""
        ssm = self._session.change("ssm")
        with translated("ssm", "PutParameter", changes=True):
            try:
                ssm.put_parameter(Name=name, Value=value, Type="String", Tier="Standard", Overwrite=False)
            except ssm.exceptions.ParameterAlreadyExists:
                return False
        return True

    def overwrite_parameter(self, name: str, value: str) -> int:
        """ssm:PutParameter over an existing one; the new version."""
        with translated("ssm", "PutParameter", changes=True):
            answer = self._session.change("ssm").put_parameter(
                Name=name, Value=value, Type="String", Overwrite=True
            )
            version: int = answer["Version"]
        return version

    def delete_parameter(self, name: str) -> None:
        """ssm:DeleteParameter; one that is gone already is no error."""
        try:
            with translated("ssm", "DeleteParameter", changes=True):
                self._session.change("ssm").delete_parameter(Name=name)
        except NotFound:
            return


def _stored(row: Mapping[str, Any], answer: Mapping[str, Any]) -> Stored:
    """Age by AWS's own clock: the entry's LastModifiedDate against the answer's Date header."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    now = parsedate_to_datetime(date) if date else datetime.now(UTC)
    return Stored(row["Name"], row["Value"], row["Version"], (now - row["LastModifiedDate"]).total_seconds())
