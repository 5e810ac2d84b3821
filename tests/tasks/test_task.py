"""Every way a task can end, seen from outside: exit code, stdout and stderr of a real `inv`."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from invoke.exceptions import Exit

from tasks import _ends

ROOT = Path(__file__).resolve().parents[2]

SAMPLE = '''
import sys
from invoke.collection import Collection
sys.path.insert(0, ROOT)
del sys.modules[__name__]
from tasks._given import switch, text
from tasks._task import task

CODE, HOW, JSON = text("code", "Exit code."), text("how", "How to end."), switch("json", "One object.")


class Refused(Exception):
    exit_code = 2
    what = "The tag is not there."
    cure = "Publish it first."


class Plain(Exception):
    exit_code = 5


@task()
def fine(given):
    """Fine."""
    print("dry" if given.dry else "wet")


@task(CODE)
def code(given):
    """Ends with a code."""
    return int(given[CODE])


@task()
def refused(given):
    """Refused."""
    raise Refused


@task()
def plain(given):
    """Plain."""
    raise Plain("It broke.")


@task()
def bug(given):
    """A bug."""
    raise ValueError("first line\\nsecond line")


@task()
def missing(given):
    """An OSError has no exit code, and sys.exit keeps its own."""
    open("/none/such")


@task()
def leaves(given):
    """Leaves."""
    sys.exit(9)


@task()
def pipe(given):
    """A broken pipe that is not stdout."""
    raise BrokenPipeError("the API hung up")


@task()
def talks(given):
    """Talks without end."""
    while True:
        print("word " * 1000)


@task()
def waits(given):
    """Waits for a signal."""
    import time
    try:
        print("ready", flush=True)
        while True:  # a signal that comes just before a long sleep would be heard only after it
            time.sleep(0.05)
    finally:
        print("unwound", flush=True)


@task(HOW, JSON)
def ends(given):
    """Ends in every way, with --json."""
    import os, signal, time
    from invoke.exceptions import Exit
    how = given[HOW]
    if how == "refused":
        raise Refused
    if how == "bug":
        raise ValueError("password=hunter2")
    if how == "exit":
        raise Exit("Enough.", code=5)
    if how == "interrupted":
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    print('{"environment": null, "outcome": "done",')
    if how == "full":
        raise OSError(28, "No space left on device")
    print('"exit_code": 3}')
    if how == "late":
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.05)
    return 3


ns = Collection(fine, code, refused, plain, bug, missing, leaves, pipe, talks, waits, ends)
'''


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    source = SAMPLE.replace("ROOT", repr(str(ROOT)), 1)
    (folder / "tasks.py").write_text(source, encoding="utf-8")
    (folder / "scratch").mkdir()
    return folder


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "invoke", *arguments]


def inv(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TMPDIR": str(tree / "scratch")}
    return subprocess.run(
        command(*arguments),
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "stdout", "stderr"),
    [
        (["fine"], 0, "wet\n", ""),
        (["fine", "--dry"], 0, "dry\n", ""),
        (["--dry", "fine"], 0, "dry\n", ""),
        (["code", "--code", "0"], 0, "", ""),
        (["code", "--code", "4"], 4, "", ""),
        (["code", "--code", "3", "fine"], 3, "", ""),
        (["refused"], 2, "", "The tag is not there.\nPublish it first.\n"),
        (["plain"], 5, "", "It broke.\n"),
        (["leaves"], 9, "", ""),
    ],
)
def test_how_a_task_ends(tree: Path, arguments: list[str], code: int, stdout: str, stderr: str) -> None:
    done = inv(tree, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (code, stdout, stderr)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("bug", "Unexpected: ValueError: first line"),
        ("missing", "Unexpected: FileNotFoundError: [Errno 2] No such file or directory: '/none/such'"),
        ("pipe", "Unexpected: BrokenPipeError: the API hung up"),
    ],
)
def test_the_unexpected_is_one_line_and_a_file(tree: Path, name: str, first: str) -> None:
    done = inv(tree, name)
    assert done.returncode == 1
    line, advice = done.stderr.splitlines()
    assert line == first
    file = next(Path(word.rstrip(",")) for word in advice.split() if word.startswith("/"))
    assert "Traceback (most recent call last)" in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o077 == 0  # only for this user


@pytest.fixture
def waiting(tree: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command("waits"), cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_unwinds_and_ends_with_130(waiting: subprocess.Popen[str], number: signal.Signals) -> None:
    waiting.send_signal(number)
    assert waiting.communicate(timeout=60) == ("unwound\n", "Interrupted.\n")
    assert waiting.returncode == 130


def test_a_reader_that_leaves_is_no_error(tree: Path) -> None:
    with subprocess.Popen(
        command("talks"), cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("word ")
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 141


@pytest.mark.parametrize(
    ("how", "code", "outcome"),
    [
        ("well", 3, "done"),
        ("refused", 2, "refused"),
        ("bug", 1, "unexpected"),
        ("exit", 5, "unexpected"),
        ("interrupted", 130, "interrupted"),
        ("late", 3, "done"),  # the object was out when the signal came
    ],
)
def test_with_json_every_end_is_one_object(tree: Path, how: str, code: int, outcome: str) -> None:
    done = inv(tree, "ends", "--how", how, "--json")
    shown = json.loads(done.stdout)
    assert (done.returncode, shown["exit_code"], shown["outcome"]) == (code, code, outcome)
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "annotation"),
    [
        ("refused", "::error title=refused::The tag is not there.%0APublish it first."),
        ("plain", "::error title=failed::It broke."),
        ("code --code 4", None),  # the task itself has said why
    ],
)
def test_in_github_actions_an_error_is_an_annotation(
    tree: Path, arguments: str, annotation: str | None
) -> None:
    environment = {**os.environ, "GITHUB_ACTIONS": "true"}
    done = subprocess.run(
        command(*arguments.split()), cwd=tree, env=environment, capture_output=True, text=True, timeout=60
    )
    assert [line for line in done.stderr.splitlines() if line.startswith("::")] == [annotation] * bool(
        annotation
    )


def test_a_crash_without_a_place_for_its_file_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
    end = _ends.unexpected(ValueError("token=hunter2 is wrong"))
    assert end.code == 1
    assert "ValueError: token=*** is wrong" in str(end.message)
    assert str(end.message).endswith("Please report this.")


def test_the_advice_of_an_error_can_be_pasted() -> None:
    end = Exit("It is under way.\nSee `inv app.status`.", code=2)
    told = _ends.told(end, {"env": "staging", "service": "web"}, None)
    assert (told.code, told.message) == (
        2,
        "It is under way.\nSee `inv app.status --env staging --service web`.",
    )


def test_an_object_that_was_cut_off_is_followed_by_no_second_one(tree: Path) -> None:
    done = inv(tree, "ends", "--how", "full", "--json")
    assert done.returncode == 1
    assert done.stdout.count("environment") <= 1
    assert done.stderr.startswith("The output cannot be written: No space left on device.")


def test_what_was_read_or_looks_secret_is_in_no_crash_file(tree: Path) -> None:
    done = inv(tree, "ends", "--how", "bug")
    assert "Unexpected: ValueError: password=***" in done.stderr
    file = next(Path(word.rstrip(",")) for word in done.stderr.split() if word.startswith("/"))
    assert "hunter2" not in file.read_text()


@pytest.mark.parametrize("arguments", ["fine", "ends --json", "--list"])
def test_a_full_disk_behind_stdout_is_a_sentence(tree: Path, arguments: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command(*arguments.split()), cwd=tree, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "The output cannot be written: No space left on device.",
        "Make room there and repeat the command.",
    ]


@pytest.mark.parametrize(("arguments", "code"), [("fine", 0), ("ends --json", 3), ("refused", 2)])
def test_a_closed_stdout_changes_no_exit_code(tree: Path, arguments: str, code: int) -> None:
    shell = f"exec {shlex.join(command(*arguments.split()))} >&-"
    done = subprocess.run(["sh", "-c", shell], cwd=tree, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
