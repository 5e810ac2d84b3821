"""Checks a template offline with AWS's own checker, from its warnings up."""

from __future__ import annotations

from dataclasses import dataclass

_COUNTED = ("WARN", "ERROR", "FATAL")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: rule, line (0 where there is none), what, and a way out where one is known."""

    rule: str
    line: int
    what: str
    cure: str


def lint(text: str, name: str = "template.yaml") -> list[Finding]:
    """What the checker finds. Remarks without consequence (INFO) are left out: they name what a change of a
    property would replace, which a change set tells when it matters.
    """
    from cloudformation_validate import (  # type: ignore[import-untyped] # it has no marker for its types
        CompositeEngine,
        TemplateContent,
    )

    report = CompositeEngine().validate_template(TemplateContent(text, name))
    return [
        Finding(one.rule_id, one.start_line or 0, one.message, one.suggested_fix or "")
        for one in report.diagnostics
        if one.severity.name in _COUNTED
    ]
