"""The words of every report: outcomes, durations and facts as text that is safe to show anywhere. No colour here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ecs_deployment.commands import inv
from ecs_deployment.events import Progress
from ecs_deployment.masking import masked_text
from ecs_deployment.model import Traffic
from ecs_deployment.outcome import BY_A_SIGNAL, Outcome, Report, Result, Stage

SLOW = 300.0
"""Seconds above which a deploy is called slow."""

TOGETHER = "\N{NO-BREAK SPACE}"
"""A blank at which no line is broken; the screen shows it as one."""

Kind = Literal["", "good", "warning", "bad"]

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")

# Advice after which the same rollback is of no use once more.
_ELSEWHERE = re.compile(r"\bName (?:another one|one of these|a revision)\b|\bGo to another revision\b")


@dataclass(frozen=True)
class Wording:
    """An outcome in words, how good it is, and what its exit code means."""

    says: str
    kind: Kind
    code_means: str


WORDS = {
    Outcome.DEPLOYED: Wording("deployed and proven", "good", "done and proven"),
    Outcome.UNCHANGED: Wording("unchanged, it already runs this", "good", "done"),
    Outcome.ASLEEP: Wording("asleep at 0", "good", "done"),
    Outcome.DEPLOYED_WITH_LOSS: Wording(
        "deployed, but requests were lost", "warning", "a check found something"
    ),
    Outcome.REFUSED: Wording("refused, nothing was changed", "bad", "refused before anything was changed"),
    Outcome.ROLLED_BACK: Wording(
        "rolled back, the service is well on the earlier revision", "bad", "rolled back, and well"
    ),
    Outcome.FAILED: Wording("failed, and the service is not well", "bad", "failed and not well"),
    Outcome.SUPERSEDED: Wording("superseded by another deployment", "warning", "superseded"),
    Outcome.UNDECIDED: Wording("undecided, it was still rolling out", "warning", "undecided"),
    Outcome.INTERRUPTED: Wording("interrupted", "warning", "interrupted"),
    Outcome.UNEXPECTED: Wording("ended by something unexpected", "bad", "unexpected"),
}


_WELL = (Outcome.DEPLOYED, Outcome.UNCHANGED, Outcome.ASLEEP)

# The same outcomes of runs that are no deploys, in their own words.
_OF_ACTION = {
    ("rollback", Outcome.DEPLOYED): "back on {revision}, and proven",
    ("abort", Outcome.DEPLOYED): "undone, {revision} is proven",
    ("abort", Outcome.ASLEEP): "undone, asleep at 0",
    ("resume", Outcome.DEPLOYED): "finished, {revision} is proven",
    ("resume", Outcome.UNCHANGED): "nothing left to roll",
    ("abort", Outcome.UNCHANGED): "nothing left to undo",
    ("wake", Outcome.DEPLOYED): "awake and proven",
    ("wake", Outcome.UNCHANGED): "awake already",
    ("sleep", Outcome.UNCHANGED): "asleep already",
    ("wake", Outcome.FAILED): "did not wake",
}


def says(result: Result) -> str:
    """The outcome in words, as the run's own verb has it."""
    own = _OF_ACTION.get((result.action, result.outcome), WORDS[result.outcome].says)
    return own.format(revision=result.revision)


def clean(text: str) -> str:
    """One line that steers neither a terminal nor a CI runner, with what looks like a secret masked."""
    # Masked before and after: a value with a tab in it is known as it stands, one that an escape parts only without it.
    plain = _ESCAPES.sub("", masked_text(text)).replace("\t", "    ").replace("##[", "## [")
    if not plain.isprintable():
        plain = "".join(c if c.isprintable() or c == TOGETHER else " " for c in plain)
    return masked_text(plain).rstrip()


def duration(seconds: float) -> str:
    """ "4.2 s", "42 s", "3 min 05 s"."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60:02d} s"


def plural(number: int, noun: str) -> str:
    """ "1 request", "2 requests"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def arrow(before: str, after: str) -> str:
    """ "app:1 -> app:2", "app:1 (as before)", or the one of the two that there is."""
    if before and after:
        return f"{before} -> {after}" if before != after else f"{after} (as before)"
    return after or before


def traffic(seen: Traffic | None) -> str:
    """What the probe measured, or why it did not."""
    if seen is None:
        return "not measured"
    if not seen.measured:
        return f"not measured: {seen.why_not}" if seen.why_not else "not measured"
    gap = f", longest gap {seen.longest_gap_ms:,} ms" if seen.longest_gap_ms else ""
    return f"{plural(seen.requests, 'request')}, {seen.failed} lost{gap}"


def tasks(now: Progress) -> str:
    """Old and new tasks, and how many there should be."""
    pending = f" and {now.new_pending} pending" if now.new_pending else ""
    return f"old {now.old_running} running, new {now.new_running} running{pending}, desired {now.desired}"


def targets(now: Progress) -> str:
    """The new tasks' targets by state."""
    return ", ".join(f"{count} {state}" for state, count in now.targets) or "none yet"


def failures(now: Progress) -> str:
    """How many tasks failed to start, of how many that the breaker allows."""
    return f"{now.failures} of {now.failures_allowed}" if now.failures_allowed else str(now.failures)


def headline(result: Result, environment: str) -> str:
    """One service's outcome in one sentence."""
    return clean(f"{result.service} on {environment}: {says(result)}")


def facts(result: Result) -> list[tuple[str, str]]:
    """(label, text) of what there is to say about one service, the cause of a failure first; clean."""
    changed = result.outcome not in (Outcome.REFUSED, Outcome.UNCHANGED, Outcome.ASLEEP)
    measures = changed and result.action != "sleep"
    rows = [
        ("Cause", "" if result.cause == BY_A_SIGNAL else result.cause),
        ("Advice", result.advice),
        ("Now", result.summary),
        ("Revision", arrow(result.before, result.revision)),
        ("Digest", result.digest),
        ("Deployment", result.deployment_id),
        (
            "Sleep",
            f"it was at 0 and was brought to 1 for this {result.action}"
            if result.was_asleep and changed
            else "",
        ),
        ("Traffic", traffic(result.probe) if measures and result.stages else ""),
        ("Unchecked", ", ".join(result.unchecked)),
        ("Stages", ", ".join(map(_stage, result.stages))),
        ("Given back", ", ".join(result.handed_back)),
        *(("Still owed", debt) for debt in result.owed),
        *(("Note", note) for note in result.notes),
    ]
    return [(label, clean(text)) for label, text in rows if text]


def _stage(stage: Stage) -> str:
    return f"{stage.name} {duration(stage.seconds)}".replace(" ", TOGETHER)


def total(report: Report) -> str:
    """The cost of the run and what its exit code means."""
    calls = plural(report.api_calls, "API call")
    means = WORDS[report.outcome].code_means if report.services else "nothing was asked for"
    refused = [result.service for result in report.services if result.outcome is Outcome.REFUSED]
    if report.services and report.outcome is Outcome.REFUSED and len(refused) < len(report.services):
        means = clean(f"{', '.join(refused)} refused, and not changed")
    return f"{duration(report.seconds)}, {calls}, exit code {report.exit_code} ({means})"


def slowness(report: Report) -> str:
    """The warning of a slow deploy, "" for one that was quick enough."""
    if report.seconds <= SLOW:
        return ""
    longest = max((s for r in report.services for s in r.stages), key=lambda s: s.seconds, default=None)
    most = f" Most of it went into {clean(longest.name)}, {duration(longest.seconds)}." if longest else ""
    return f"Slower than {SLOW:.0f} s, which is what a deploy should stay under.{most}"


def next_steps(report: Report) -> Sequence[str]:
    """The commands that go on from here, each with its purpose."""

    def look(task: str, why: str) -> str:
        return f"{inv(task, report.environment, *report.chosen)}: {why}"

    status = look("app.status", "what runs now")
    resume = look("app.resume", "goes on from here")
    # What a resume saw go back may have been well, and only interrupted.
    anew = [
        f"{one}: {'starts anew' if report.action == 'resume' else 'once the cause is mended'}"
        for one in _anew(report)
    ]
    again = [look("app.verify", "look again, reading only")]
    over = [f"{one}: starts anew, once nothing rolls" for one in _anew(report)]
    deploys_instead = all("`inv app.deploy" in result.advice for result in report.services)
    leads_elsewhere = report.action == "rollback" and all(
        _ELSEWHERE.search(result.advice) for result in report.services
    )
    kept = all(result.kept for result in report.services)
    if not report.services:
        return []
    if report.action == "sleep" and report.outcome in (Outcome.INTERRUPTED, Outcome.UNDECIDED):
        begun = any(result.deployment_id for result in report.services)
        sleeps = look("app.sleep", "goes on from here" if begun else "starts anew")
        return [clean(step) for step in (sleeps, *([look("app.wake", "undoes it")] if begun else []))]
    if any(result.unsettled for result in report.services):
        on = (resume, look("app.abort", "undoes it"), status) if kept else (status, *over)
        return [clean(step) for step in on]
    steps = {
        Outcome.DEPLOYED: again,
        Outcome.UNCHANGED: again,
        Outcome.ASLEEP: [look("app.wake", "wake it by hand")],
        Outcome.DEPLOYED_WITH_LOSS: [look("app.verify", "is all well by now?")],
        Outcome.REFUSED: []
        if deploys_instead
        else [look("app.history", "what was proven")]
        if leads_elsewhere
        else [f"{_again(report)}: once the cause is mended"],
        Outcome.ROLLED_BACK: anew,
        Outcome.FAILED: [status, *anew],
        Outcome.SUPERSEDED: [look("app.status", "which deployment runs now")],
        Outcome.UNDECIDED: [resume, status] if kept else [status, *over],
        Outcome.INTERRUPTED: again
        if all(r.proven for r in report.services)
        else [f"{one}: starts anew" for one in _anew(report)],
        Outcome.UNEXPECTED: [status],
    }
    return [clean(step) for step in steps[report.outcome]]


def _again(report: Report) -> str:
    """The command of this run once more."""
    tag = report.tag if report.action == "deploy" else ""
    return inv(f"app.{report.action}", report.environment, *report.chosen, tag=tag, to=report.to)


def _anew(report: Report) -> list[str]:
    """What tries the same change once more: a resume that is over has nothing left to resume.

    Its services may have been left by runs of different tags, and some of them be well by now.
    """
    if report.action != "resume":
        return [_again(report)]
    wrong = [one for one in report.services if one.outcome not in _WELL]
    commands = []
    for tag in dict.fromkeys(one.tag for one in wrong):
        of_tag = [one.service for one in wrong if one.tag == tag]
        named = report.chosen if len(of_tag) == len(report.services) else of_tag
        commands.append(inv("app.deploy" if tag else "app.resume", report.environment, *named, tag=tag))
    return commands
