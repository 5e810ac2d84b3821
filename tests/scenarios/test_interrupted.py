"""Ctrl-C, SIGTERM and `kill -9` in the middle of a deploy, on the real command: what is left, and who hands it back."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from ecs_deployment.clock import RealClock
from ecs_deployment.journal import Taking, journal_path, take
from ecs_deployment.outcome import Outcome
from ecs_local import client

from tests.engine import wait_for
from tests.scenarios.place import Place
from tests.scenarios.processes import command, deploying, slow, started, until


def percent(where: Place) -> int:
    return int(where.snapshot().service.configuration["minimumHealthyPercent"])


def suspended(where: Place) -> bool:
    scaling = where.snapshot().scaling
    assert scaling is not None
    return scaling.suspended.scale_in


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_rolls_back_and_hands_back(where: Place, number: signal.Signals) -> None:
    where.configure(minimumHealthyPercent=0)
    before = where.snapshot().service.task_definition
    with deploying(where, "demo-2") as process:
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert f"The service went back to {before.rpartition('/')[2]}." in output
    assert (where.snapshot().service.task_definition, percent(where), suspended(where)) == (before, 0, False)
    newest = where.entries()[0]
    assert (newest.outcome, newest.debts) == ("interrupted", ())
    assert where.verify("demo").findings == ()


def test_the_second_signal_leaves_at_once_and_the_next_deploy_hands_back(where: Place) -> None:
    where.configure(minimumHealthyPercent=0)
    with deploying(where, "demo-2", "--on-failure", "rollback") as process:
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    for command_that_goes_on in ("inv app.resume --env local", "inv app.abort --env local"):
        assert command_that_goes_on in output
    assert where.entries()[0].outcome == "interrupted"
    (result,) = where.deploy("demo-2").services
    assert result.outcome in (Outcome.DEPLOYED, Outcome.UNCHANGED)
    assert (percent(where), suspended(where), where.entries()[0].debts) == (0, False, ())


def test_leave_lets_it_roll_and_says_so(where: Place) -> None:
    with deploying(where, "demo-2", "--on-failure", "leave") as process:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    wait_for(lambda: len(where.snapshot().service.deployments) == 1, "the rollout to go on by itself")
    assert where.snapshot().service.task_definition.endswith(where.entries()[0].revision.rpartition(":")[2])


def test_an_engine_that_dies_in_the_middle_is_undecided_and_no_traceback(fresh: Place) -> None:
    fresh.deploy("demo")
    with deploying(fresh, "demo-2") as process:
        engine = client.running(fresh.home)
        assert engine is not None
        os.kill(engine.pid, signal.SIGKILL)
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 7, output
    assert "Traceback" not in output


NOTHING = "Interrupted before anything was changed: what runs is what ran before."


def test_a_signal_while_it_only_looks_changes_nothing(where: Place) -> None:
    before = where.entries()[0].number
    with slow(where, "DescribeTaskDefinition", 60) as arrived, started(where, command("demo-2")) as process:
        until(process, arrived, "the deploy to look")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=50)  # and not when the answer comes
    assert (process.returncode, NOTHING in output) == (130, True), output
    assert where.entries()[0].number == before


def test_a_signal_while_the_lock_is_being_written_gives_it_back(where: Place) -> None:
    """An entry whose writer is gone and does not say so would lock others out for as long as a lease."""
    before = where.snapshot().service
    with slow(where, "PutParameter", 1) as arrived, started(where, command("demo-2")) as process:
        until(process, arrived, "the call")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)  # twice: it tears nothing of what the first unwinds
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    newest, service = where.entries()[0], where.snapshot().service
    assert (newest.tag, newest.outcome) == ("demo-2", "interrupted")
    assert (service.task_definition, service.deployments) == (before.task_definition, before.deployments)


def test_a_signal_while_it_waits_for_the_lock(where: Place) -> None:
    cloud, journal = where.connection.cloud, where.connection.environment.journal
    held = take(
        cloud, journal_path(journal, "local", "app"), Taking("deploy", "local", "app"), clock=RealClock()
    )
    try:
        waiting = command("demo-2", "--wait-for-lock", "60", "--json")
        with started(where, waiting, stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            line = next(line for line in process.stderr if "waiting for the lock" in line)
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=60)
        assert line
        document = json.loads(output)
        assert (process.returncode, document["exit_code"]) == (130, 130)
        assert document["services"][0]["summary"] == NOTHING
        assert where.entries()[0].number == held.entry.number
    finally:
        held.close("interrupted")


def test_a_second_signal_while_it_hands_back_leaves_the_rest_to_the_next(where: Place) -> None:
    """As a CI runner cancels: INT, TERM while a call does not answer, and KILL 2.5 s later."""
    where.configure(minimumHealthyPercent=0)
    with deploying(where, "demo-2") as process, slow(where, "RegisterScalableTarget", 60) as arrived:
        process.send_signal(signal.SIGINT)
        until(process, arrived, "the hand-back")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=50)  # sooner than the answer
        left = where.entries()[0]
    assert process.returncode == 130, output
    assert (left.outcome, "suspension" in {debt.what for debt in left.debts}) == ("interrupted", True)
    assert where.deploy("demo-2").exit_code == 0
    assert (percent(where), suspended(where), where.entries()[0].debts) == (0, False, ())


def test_a_second_signal_in_the_call_that_begins_the_rollout_claims_nothing(where: Place) -> None:
    before = where.snapshot().service.task_definition
    with slow(where, "UpdateService", 60) as arrived, started(where, command("demo-2")) as process:
        until(process, arrived, "the call")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=50)
    assert process.returncode == 130, output
    assert "Whether the rollout began is not known." in output
    assert "inv app.resume --env local" in output
    assert where.entries()[0].outcome == "interrupted"
    wait_for(lambda: where.snapshot().service.task_definition != before, "what nobody could know: it began")


def test_whoever_reads_may_leave_and_the_deploy_goes_on(where: Place) -> None:
    shell = f"nohup {shlex.join(command('demo-2'))} <&- | head -1"
    with started(where, ["sh", "-c", shell]) as process:
        output, _ = process.communicate(timeout=60)
    assert "Traceback" not in output
    assert "Exception" not in output
    assert (where.entries()[0].tag, where.entries()[0].outcome) == ("demo-2", "deployed"), output


def test_in_the_background_and_under_nohup_only_term_ends_it(where: Place) -> None:
    """A shell without job control, and nohup, ignore signals for what they start: that is respected."""
    shell = f"trap '' INT HUP; exec {shlex.join(command('demo-2'))}"
    with slow(where, "UpdateService", 1) as arrived, started(where, ["sh", "-c", shell]) as process:
        until(process, arrived, "the rollout")
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGINT):
            process.send_signal(number)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "A second signal leaves at once." in output
    assert where.entries()[0].outcome == "interrupted"
    assert not where.entries()[0].debts


def serving(home: Path) -> list[int]:
    """The engines of that home, by their command lines."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and f"\0{home}\0".encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def test_a_signal_while_the_engine_starts(tmp_path: Path, where: Place) -> None:
    home = tmp_path / "engine"
    with started(
        where, command("demo", "--json"), environ={"ECS_LOCAL_HOME": str(home)}, stderr=None
    ) as process:
        until(process, home.exists, "the engine to be started")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    try:
        assert process.returncode == 130
        assert (json.loads(output)["outcome"], json.loads(output)["exit_code"]) == ("interrupted", 130)
    finally:  # it may be too young to be found by its file
        for pid in serving(home):
            os.kill(pid, signal.SIGTERM)
