"""Going on from another machine: killed deploys resumed and aborted, and who gets the lock in the same instant."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

from ecs_deployment import events
from ecs_deployment.clock import RealClock
from ecs_deployment.errors import LockHeld
from ecs_deployment.journal import Held, Taking, journal_path, take
from ecs_deployment.outcome import Outcome, Result

from tests.scenarios.place import Place
from tests.scenarios.processes import deploying
from tests.tasks.command import inv, one_object


def going_on(where: Place, action: str, **request: Any) -> Result:
    (result,) = where.deploy("", request={"action": action, **request}, probe=False).services
    return result


def killed(where: Place, tag: str) -> str:
    """A deploy of that tag, killed outright once it rolls; the revision that was in place before."""
    before = where.snapshot().service.task_definition
    where.configure(minimumHealthyPercent=0)
    with deploying(where, tag) as process:
        process.kill()
        process.wait()
    assert {debt.what for debt in where.entries()[0].debts} == {"floor", "suspension"}
    return before


def nothing_is_borrowed(where: Place) -> None:
    seen = where.snapshot()
    assert (where.entries()[0].debts, bool(where.entries()[0].outcome)) == ((), True)
    assert not (seen.scaling and seen.scaling.suspended.scale_in)
    assert seen.service.configuration["minimumHealthyPercent"] == 0


def test_resume_proves_what_has_rolled_meanwhile_and_hands_back(where: Place) -> None:
    killed(where, "demo-2")
    left = where.entries()[0].deployments
    done = inv(where.environ, "app.resume", "--env", "local", "--json")
    assert done.returncode == 0, done
    document = one_object(done)
    (service,) = document["services"]
    assert (document["action"], service["tag"], service["outcome"]) == ("resume", "demo-2", "deployed")
    known = {e.revision.rpartition("/")[2]: e.digest for e in where.entries()}
    assert known[service["before"]] == service["before_digest"] != service["digest"]
    assert set(service["handed_back"]) == {"minimumHealthyPercent is 0 again", "scale-in resumed"}
    nothing_is_borrowed(where)
    assert where.verify("demo-2").findings == ()
    assert where.entries()[0].deployments == left  # followed, not rolled once more
    again = going_on(where, "resume")
    assert (again.outcome, "Nothing to resume" in again.summary) == (Outcome.UNCHANGED, True)


def test_resume_sees_a_failing_deploy_back(where: Place) -> None:
    before = killed(where, "demo-broken")
    result = going_on(where, "resume")
    assert (result.outcome, where.snapshot().service.task_definition) == (Outcome.ROLLED_BACK, before)
    nothing_is_borrowed(where)
    assert where.verify("demo").findings == ()


def test_abort_undoes_and_proves_the_revision_before(where: Place) -> None:
    before = killed(where, "demo-2")
    result = going_on(where, "abort")
    assert (result.outcome, where.snapshot().service.task_definition) == (Outcome.DEPLOYED, before)
    nothing_is_borrowed(where)
    assert where.verify("demo").findings == ()
    assert "Nothing to abort" in going_on(where, "abort").summary


def test_abort_takes_over_from_a_deploy_that_hangs(where: Place) -> None:
    # It holds the lock, and lives as far as anybody can tell; --force waits until it must have seen it.
    # The tasks of this one fail, so that its own next step would be to go back.
    before = where.snapshot().service.task_definition
    where.configure(deploymentCircuitBreaker={"enable": False, "rollback": False})
    with deploying(where, "demo-broken") as process:
        process.send_signal(signal.SIGSTOP)
        refused = going_on(where, "abort")
        assert (refused.outcome, "holds the lock" in refused.cause) == (Outcome.REFUSED, True)
        waits: list[str] = []

        def freed(event: events.Event) -> None:
            if isinstance(event, events.Said) and "takes over" in event.text and not waits:
                waits.append(event.text)
                process.send_signal(signal.SIGCONT)

        request = {"action": "abort", "force": True}
        (result,) = where.deploy("", sink=freed, request=request, probe=False).services
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 6, output
    assert (result.outcome, waits != []) == (Outcome.DEPLOYED, True)
    assert where.snapshot().service.task_definition == before
    assert where.entries()[0].debts == ()


def test_verify_wakes_what_sleeps_where_it_is_asked_to(where: Place) -> None:
    where.fall_asleep()
    assert where.verify().asleep
    assert where.snapshot().service.desired == 0
    done = inv(where.environ, "app.verify", "--env", "local", "--wake", "--json")
    assert done.returncode == 0, done
    (service,) = one_object(done)["services"]
    assert (service["asleep"], service["findings"]) == (False, [])
    assert any("woken and proven" in line for line in service["story"])
    assert where.entries()[0].action == "wake"


ROUNDS, DEPLOYERS = 8, 6


def test_of_deployers_in_the_same_instant_exactly_one_gets_the_lock(where: Place) -> None:
    path = journal_path("race", "local", "app")
    start, end = threading.Barrier(DEPLOYERS), threading.Barrier(DEPLOYERS)
    got: list[list[Held]] = [[] for _ in range(ROUNDS)]
    refused: list[LockHeld] = []
    wrong: list[BaseException] = []

    def deployer() -> None:
        for round_ in range(ROUNDS):
            start.wait(60)
            try:
                got[round_].append(
                    take(where.connection.cloud, path, Taking("deploy", "local", "app"), clock=RealClock())
                )
            except LockHeld as error:
                refused.append(error)
            except BaseException as error:  # noqa: BLE001 - told by the main thread
                wrong.append(error)
            if end.wait(60) == 0:
                for held in got[round_]:
                    held.close("deployed")

    run_all([deployer] * DEPLOYERS)
    assert wrong == []
    assert [len(winners) for winners in got] == [1] * ROUNDS
    assert len(refused) == ROUNDS * (DEPLOYERS - 1)
    assert [winners[0].entry.number for winners in got] == sorted({w[0].entry.number for w in got})


def run_all(acts: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
