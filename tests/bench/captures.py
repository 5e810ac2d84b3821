"""What a deploy looks like on a terminal of 80 columns: `python -m tests.bench.captures` writes docs/captures/.

Needs tmux, whose screen is what is captured. Times, ids and ports differ from run to run.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ecs_local import client

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = "inv app.deploy --env local --tag"


class Terminal:
    """A shell in tmux with a screen of its own."""

    def __init__(self, socket: Path, columns: int, lines: int, environ: dict[str, str]) -> None:
        self._socket = str(socket)
        exports = " ".join(f"{name}={shlex.quote(value)}" for name, value in environ.items())
        self._tmux(
            "new-session", "-d", "-x", str(columns), "-y", str(lines), f"{exports} PS1='$ ' bash --norc"
        )
        self.wait(lambda text: text.strip() == "$", "a prompt")

    def type(self, text: str) -> None:
        """Type a line."""
        self._tmux("send-keys", "-l", text)
        self._tmux("send-keys", "Enter")

    def press(self, key: str) -> None:
        """Press a key, as in C-c."""
        self._tmux("send-keys", key)

    def clear(self) -> None:
        """An empty screen without a past."""
        self.type("clear")
        self.wait(lambda text: text.strip() == "$", "an empty screen")
        self._tmux("clear-history")

    def text(self) -> str:
        """The screen, and what has scrolled off it."""
        return self._tmux("capture-pane", "-p", "-J", "-S", "-")

    def wait(self, holds: Callable[[str], object], what: str) -> str:
        """The text once that holds."""
        end = time.monotonic() + 60
        while not holds(text := self.text()):
            if time.monotonic() > end:
                raise SystemExit(f"{what} did not come:\n{text}")
            time.sleep(0.05)  # tmux tells nobody that its screen has changed
        return text

    def close(self) -> None:
        """End the shell and its tmux."""
        self._tmux("kill-server")

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", self._socket, "-f", "/dev/null", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def terminal(home: Path, columns: int, lines: int) -> Iterator[Terminal]:
    """A terminal that knows `inv`, beside an engine that has run nothing yet."""
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ECS_LOCAL_HOME": str(home / "engine"),
        "INFRA_ENVIRONMENTS": str(home / "environments.toml"),
    }
    (home / "environments.toml").write_text('[environments.local]\nprovider = "local"\n')
    client.up(home / "engine", timeout=30)
    shown = Terminal(home / "tmux", columns, lines, environ)
    try:
        shown.type(f"cd {shlex.quote(str(ROOT))}")
        yield shown
    finally:
        shown.close()
        client.down(home / "engine")


def run(shown: Terminal, tag: str, *, until: str = "", then: str = "") -> tuple[str, str]:
    """Deploy a tag: the screen while it moved (where `until` stood on it), and all of it at the end."""
    shown.clear()
    shown.type(f"{DEPLOY} {tag}; echo exit code $?")
    moving = shown.wait(lambda text: until in text, until) if until else ""
    if then:
        shown.press(then)
    whole = shown.wait(lambda text: re.search(r"^exit code \d+$", text, re.MULTILINE), "the end")
    return moving, whole[: whole.rindex("exit code")].rstrip() + "\n" + _last_line(whole)


def _last_line(text: str) -> str:
    return next(line for line in reversed(text.splitlines()) if line.startswith("exit code")) + "\n"


def main() -> None:
    """Write the captures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--columns", type=int, default=80)
    options.add_argument("--lines", type=int, default=24)
    options.add_argument("--to", type=Path, default=ROOT / "docs" / "captures")
    chosen = options.parse_args()
    if shutil.which("tmux") is None:
        raise SystemExit("This needs tmux.\nInstall it, for example with `apt-get install tmux`.")
    home = Path(tempfile.mkdtemp(prefix="captures-"))
    found: dict[str, str] = {}
    try:
        with terminal(home, chosen.columns, chosen.lines) as shown:
            _, found["success"] = run(shown, "demo")
            _, found["rollback"] = run(shown, "demo-broken")
            engine = client.running(home / "engine")
            assert engine is not None
            client.fault(engine, "slow-health", seconds=30)
            found["moving"], found["interrupt"] = run(shown, "demo-2", until="becoming healthy", then="C-c")
            client.clear_faults(engine)
            shown.clear()
            shown.type("inv app.status --env local; echo exit code $?")
            found["status"] = shown.wait(lambda text: "exit code 0" in text, "the status")
    finally:
        shutil.rmtree(home, ignore_errors=True)
    chosen.to.mkdir(parents=True, exist_ok=True)
    for name, text in found.items():
        text = re.sub(r"\S+@[\w.-]+:\d+", "ann@laptop:4711", text.replace(str(home), "/tmp/home"))
        lines = [line.rstrip() for line in text.splitlines()]
        (chosen.to / f"{name}.txt").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
        print(f"{chosen.to / name}.txt")


if __name__ == "__main__":
    main()
