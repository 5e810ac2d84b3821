"""The template, as it stands in this package, with the dashboard that `ecs_stats` draws."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from typing import cast

from ecs_stats.widgets import PLACEHOLDERS, Insights, as_text, dashboard_body

_HERE = '"{dashboard}"'
_ALLOWED = re.compile(r"^  (\w+):\n(?:    .*\n)*?    AllowedValues: \[(.*)\]$", re.MULTILINE)
_ALARM = (
    "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:${ClusterName}-${ServiceName}"
)
_ALARMS = (f"{_ALARM}-idle", f"{_ALARM}-wake")  # by name: a reference to what is not always there is refused


def allowed() -> dict[str, tuple[str, ...]]:
    """The values that a parameter takes, for those that take only some: AWS refuses others without naming them."""
    return {name: tuple(re.findall(r"[\w.-]+", listed)) for name, listed in _ALLOWED.findall(_text())}


def _text() -> str:
    return files("ecs_provisioning").joinpath("template.yaml").read_text(encoding="utf-8")


def body(values: Mapping[str, str] | None = None, environment: str = "") -> str:
    """Its text, exactly as AWS gets it. What the dashboard shows depends on the values of two parameters.

    Raises `Refused` where the dashboard would be over CloudWatch's limits.
    """
    given = values or {}
    names = replace(
        PLACEHOLDERS,
        insights=cast("Insights", given.get("ContainerInsights") or "enhanced"),
        alarms=() if given.get("IdlePeriods") == "0" else _ALARMS,
        environment=environment,
    )
    drawn = as_text(dashboard_body(names)).replace("'", "''")
    return _text().replace(_HERE, f"'{drawn}'")
