"""Ctrl-C, SIGTERM and `kill -9` in the middle of a deploy, on the real command: what is left, and who hands it back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ecs_deployment.outcome import Outcome

from tests.engine import wait_for
from tests.scenarios.place import Place

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def deploying(where: Place, tag: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`inv app.deploy` as a process, once its UpdateService has been sent and is in the journal."""
    entries = where.entries()
    numbers = {entry.number for entry in entries}
    ids = {number for entry in entries for number in entry.deployments}  # a taker copies those of a dead run
    command = [sys.executable, "-m", "invoke", "app.deploy", "--env", "local", "--tag", tag, *options]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **where.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )

    def under_way() -> bool:
        assert process.poll() is None, process.communicate()[0]
        newest = where.entries()[0]
        return newest.number not in numbers and bool(set(newest.deployments) - ids)

    try:
        wait_for(under_way, "the deploy to be under way")
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


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


def test_killed_outright_the_next_deploy_takes_over_at_once(where: Place) -> None:
    where.configure(minimumHealthyPercent=0)
    with deploying(where, "demo-2") as process:
        process.kill()
        process.wait()
    left = where.entries()[0]
    assert {debt.what for debt in left.debts} == {"floor", "suspension"}
    assert not left.outcome
    codes = {finding.code for finding in where.verify().findings}
    assert codes & {"owed", "unfinished"}
    (result,) = where.deploy("demo-2").services
    assert result.outcome is Outcome.DEPLOYED
    assert (percent(where), suspended(where), where.entries()[0].debts) == (0, False, ())
    assert where.verify("demo-2").findings == ()


def test_an_engine_that_dies_in_the_middle_is_undecided_and_no_traceback(fresh: Place) -> None:
    from ecs_local import client

    fresh.deploy("demo")
    with deploying(fresh, "demo-2") as process:
        engine = client.running(fresh.home)
        assert engine is not None
        os.kill(engine.pid, signal.SIGKILL)
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 7, output
    assert "Traceback" not in output
