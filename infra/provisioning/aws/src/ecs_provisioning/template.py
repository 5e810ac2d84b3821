"""The template, as it stands in this package."""

from __future__ import annotations

from importlib.resources import files


def body() -> str:
    """Its text, exactly as AWS gets it."""
    return files("ecs_provisioning").joinpath("template.yaml").read_text(encoding="utf-8")
