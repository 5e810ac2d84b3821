"""The worker with real processes: pulling, starting, printing, checking, stopping, dying."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from ecs_local.facts import ContainerHealth, ImageResolved, ProcessExited, ProcessStarted, StartFailed
from ecs_local.world import Parameter

from tests.local.worker_rig import ADDRESS, Rig, rig, shell, until
from tests.waiting import wait_for


def run(tmp_path: Path, scenario: Callable[[Rig], Awaitable[None]]) -> None:
    async def main() -> None:
        async with rig(tmp_path) as made:
            await scenario(made)

    asyncio.run(main())


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        pytest.skip("no /proc")
    return state != "Z"


def test_a_task_runs_prints_and_ends_with_its_exit_code(tmp_path: Path) -> None:
    async def scenario(made: Rig) -> None:
        task = await made.up(shell("echo out; echo err >&2; printf 'no newline'; exit 7"))
        await until(lambda: made.of(ProcessExited))
        assert made.facts == [
            ImageResolved(task.arn, "app", "sha256:1"),
            ProcessStarted(task.arn, "app"),
            ProcessExited(task.arn, "app", 7),
        ]
        assert made.printed == ["out", "err", "no newline"]
        assert made.resolved == ["shell"]

    run(tmp_path, scenario)


def test_nothing_starts_before_the_pull_is_over(tmp_path: Path) -> None:
    async def scenario(made: Rig) -> None:
        task = made.task(shell("true"))
        await until(lambda: made.of(ImageResolved))
        made.worker.reconcile(1.5)
        await asyncio.sleep(0.05)
        assert not made.of(ProcessStarted)
        task.pull_stopped_at = 2.0
        made.worker.reconcile(2.0)
        made.worker.reconcile(2.0)
        await until(lambda: made.of(ProcessExited))
        assert len(made.of(ProcessStarted)) == 1

    run(tmp_path, scenario)


def test_a_stopped_task_gets_sigterm_once_and_may_finish(tmp_path: Path) -> None:
    async def scenario(made: Rig) -> None:
        task = await made.up(
            shell(
                "trap 'echo term' TERM; echo ready; while :; do sleep 0.05; [ -e $HOME/go ] && exit 0; done"
            )
        )
        await until(lambda: "ready" in made.printed)
        made.move(task, "STOPPING")
        await until(lambda: "term" in made.printed)
        (tmp_path / "tasks" / task.id / "go").touch()
        await until(lambda: made.of(ProcessExited))
        assert made.of(ProcessExited) == [ProcessExited(task.arn, "app", 0)]
        assert made.printed.count("term") == 1
        made.move(task, "DEPROVISIONING")
        assert not (tmp_path / "tasks" / task.id).exists()

    run(tmp_path, scenario)


def test_who_ignores_sigterm_is_killed_after_the_stop_timeout(tmp_path: Path) -> None:
    async def scenario(made: Rig) -> None:
        deaf = shell("trap '' TERM; echo ready; while :; do sleep 0.05; done", stopTimeout=0.2)
        task = await made.up(deaf, shell("sleep 60", "quick", stopTimeout=0.1))
        await until(lambda: "ready" in made.printed and len(made.of(ProcessStarted)) == 2)
        made.move(task, "STOPPING")
        await until(lambda: len(made.of(ProcessExited)) == 2)
        assert {(fact.container, fact.exit_code) for fact in made.of(ProcessExited)} == {
            ("app", 137),
            ("quick", 143),
        }

    run(tmp_path, scenario)


def test_a_container_ends_with_its_first_process(tmp_path: Path) -> None:
    async def scenario(made: Rig) -> None:
        await made.up(shell("sleep 600 & echo $!; exit 0"))
        await until(lambda: made.of(ProcessExited))
        pid = int(made.printed[0])
        await until(lambda: not alive(pid))

    run(tmp_path, scenario)


def test_containers_without_a_process_are_reported_too(tmp_path: Path) -> None:
    async def scenario(made: Rig) -> None:
        task = made.task(shell("true"))
        await until(lambda: made.of(ImageResolved))
        made.move(task, "STOPPING")
        await until(lambda: made.of(ProcessExited))
        assert made.of(ProcessExited) == [ProcessExited(task.arn, "app", None)]

    run(tmp_path, scenario)


def test_who_waits_for_another_container_ends_without_a_start(tmp_path: Path) -> None:
    async def scenario(made: Rig) -> None:
        waiting = shell("echo never", "waiting", dependsOn=[{"containerName": "app", "condition": "HEALTHY"}])
        task = await made.up(shell("sleep 60"), waiting)
        await until(lambda: made.of(ProcessStarted))
        made.move(task, "STOPPING")
        await until(lambda: len(made.of(ProcessExited)) == 2)
        assert ProcessExited(task.arn, "waiting", None) in made.facts
        assert made.printed == []

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("condition", "first", "failed"),
    [
        ("START", "sleep 60", False),
        ("COMPLETE", "exit 3", False),
        ("SUCCESS", "exit 0", False),
        ("SUCCESS", "exit 3", True),
    ],
)
def test_containers_start_after_those_they_depend_on(
    tmp_path: Path, condition: str, first: str, failed: bool
) -> None:
    async def scenario(made: Rig) -> None:
        later = shell("echo later", "later", dependsOn=[{"containerName": "app", "condition": condition}])
        await made.up(later, shell(f"echo first; {first}"))
        if failed:
            await until(lambda: made.of(StartFailed))
            assert "dependency container app exited with 3" in made.of(StartFailed)[0].reason
        else:
            await until(lambda: "later" in made.printed)
            assert [fact.container for fact in made.of(ProcessStarted)] == ["app", "later"]

    run(tmp_path, scenario)


_PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
_SECRETS = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
_ASM = {"name": "KEY", "valueFrom": "arn:aws:secretsmanager:eu-west-3:000000000000:secret:key"}
_SSM = {"name": "KEY", "valueFrom": "/app/key"}
_PARAMETER = (
    "unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: "
)
_PLATFORM = "image Manifest does not contain descriptor matching platform 'linux/amd64'"


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        (shell("true") | {"image": "missing"}, f"{_PULL}failed to resolve ref missing: missing: not found"),
        (shell("true") | {"image": "arm"}, _PULL + _PLATFORM),
        (shell("true", secrets=[_SSM]), f"{_SECRETS}{_PARAMETER}/app/key"),
        (shell("true", secrets=[_ASM]), f"{_SECRETS}unable to retrieve secret from asm: "),
    ],
)
def test_what_cannot_be_pulled_fails_the_task(
    tmp_path: Path, definition: dict[str, object], reason: str
) -> None:
    async def scenario(made: Rig) -> None:
        made.task(definition)
        await until(lambda: made.facts)
        made.worker.reconcile(2.0)
        (fact,) = made.facts
        assert isinstance(fact, StartFailed)
        assert (fact.reason[: len(reason)], fact.stop_code) == (reason, "TaskFailedToStart")

    run(tmp_path, scenario)


def test_a_command_that_is_not_there_fails_the_task(tmp_path: Path) -> None:
    async def scenario(made: Rig) -> None:
        await made.up({"name": "app", "image": "shell"})
        await until(lambda: made.of(StartFailed))
        assert made.of(StartFailed)[0].reason.startswith("CannotStartContainerError: ")
        assert '"image-command": executable file not found in $PATH' in made.of(StartFailed)[0].reason

    run(tmp_path, scenario)


def test_the_environment_is_the_container_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_THE_ENGINE", "1")

    async def scenario(made: Rig) -> None:
        made.world.parameters["/app/key"] = Parameter("/app/key", "hidden", "SecureString", 1, 0.0)
        arn = "arn:aws:ssm:eu-west-3:000000000000:parameter/app/key"
        task = await made.up(
            shell(
                "env; pwd; read x || echo no-input",
                environment=[{"name": "FROM", "value": "definition"}],
                secrets=[{"name": "KEY", "valueFrom": arn}],
                portMappings=[{"containerPort": 8080}],
            )
        )
        await until(lambda: made.of(ProcessExited))
        assert {"FROM=definition", "KEY=hidden", f"HOST={task.address}", "PORT=8080", "no-input"} <= set(
            made.printed
        )
        assert f"ECS_LOCAL_TASK_ARN={task.arn}" in made.printed
        assert str((tmp_path / "content").resolve()) in made.printed
        assert not [line for line in made.printed if line.startswith("OF_THE_ENGINE")]

    run(tmp_path, scenario)


@pytest.mark.skipif(sys.platform != "linux", reason="loopback addresses of one's own exist on Linux alone")
def test_a_port_that_is_taken_is_replaced_and_told(tmp_path: Path) -> None:
    async def scenario(made: Rig) -> None:
        with socket.create_server((ADDRESS, 0)) as other:
            port = other.getsockname()[1]
            variables = [{"name": "PORT", "value": str(port)}]
            task = await made.up(
                shell("echo $PORT", portMappings=[{"containerPort": port}], environment=variables)
            )
            await until(lambda: made.of(ProcessExited))
            assert task.ports["app", port] != port
            assert made.printed == [str(task.ports["app", port])]

    run(tmp_path, scenario)


def test_a_machine_without_such_an_address_gets_127_0_0_1(tmp_path: Path) -> None:
    async def scenario(made: Rig) -> None:
        task = await made.up(shell("echo $HOST", portMappings=[{"containerPort": 8080}]), address="192.0.2.1")
        await until(lambda: made.of(ProcessExited))
        assert task.address == "127.0.0.1"
        assert task.ports["app", 8080] != 8080
        assert made.printed == ["127.0.0.1"]

    run(tmp_path, scenario)


def test_the_container_s_own_check_decides_its_health(tmp_path: Path) -> None:
    async def scenario(made: Rig) -> None:
        check = {"command": ["CMD-SHELL", "test -e $HOME/well"], "interval": 1, "timeout": 60, "retries": 2}
        task = await made.up(shell("touch $HOME/well; sleep 60", healthCheck=check))
        await until(lambda: ContainerHealth(task.arn, "app", "HEALTHY") in made.facts)
        (tmp_path / "tasks" / task.id / "well").unlink()
        await until(lambda: ContainerHealth(task.arn, "app", "UNHEALTHY") in made.facts)
        assert len(made.of(ContainerHealth)) == 2

    run(tmp_path, scenario)


def test_a_check_that_hangs_is_a_failed_one(tmp_path: Path) -> None:
    async def scenario(made: Rig) -> None:
        check = {"command": ["CMD", "/bin/sleep", "600"], "interval": 1, "timeout": 1, "retries": 1}
        task = await made.up(shell("sleep 60", healthCheck=check))
        await until(lambda: made.of(ContainerHealth) == [ContainerHealth(task.arn, "app", "UNHEALTHY")])

    run(tmp_path, scenario)


def test_stop_leaves_no_process(tmp_path: Path) -> None:
    pids: list[int] = []

    async def scenario(made: Rig) -> None:
        await made.up(shell("trap '' TERM; sleep 600 & echo $!; echo $$; wait"))
        await until(lambda: len(made.printed) == 2)
        pids.extend(map(int, made.printed))
        assert all(map(alive, pids))

    run(tmp_path, scenario)
    wait_for(lambda: not any(map(alive, pids)), "the end of what was killed")


def test_a_killed_engine_leaves_no_process(tmp_path: Path) -> None:
    """SIGKILL to the process that started them: containers and their children end all the same."""
    script = """
        import asyncio, sys
        from pathlib import Path
        from ecs_local.worker_guard import Guard

        async def main():
            guard = Guard()
            command = ("/bin/sh", "-c", "trap '' TERM HUP; sleep 600 & echo $!; echo $$; wait")
            spawned = await guard.spawn(command, directory=Path("/"), environment={"PATH": sys.argv[1]})
            for _ in range(2):
                print((await spawned.output.readline()).decode(), end="", flush=True)
            await spawned.process.wait()

        asyncio.run(main())
    """
    engine = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), os.environ["PATH"]], stdout=subprocess.PIPE, text=True
    )
    with engine:
        assert engine.stdout is not None
        pids = [int(engine.stdout.readline()) for _ in range(2)]
        assert all(map(alive, pids))
        engine.send_signal(signal.SIGKILL)
        engine.wait()
    wait_for(lambda: not any(map(alive, pids)), "the end of the task")
