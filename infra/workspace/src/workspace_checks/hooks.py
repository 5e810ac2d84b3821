"""Installs the commit hooks into a clone, and takes them away again.

    git commit -> hooks/pre-commit         the runner's own (pre-commit or prek)
                    -> pre-commit.legacy   ours, first: `deps.fix --staged`, before the runner hides unstaged edits
                         -> pre-commit.yours   a hook that stood here before, if there was one
                    -> .pre-commit-config.yaml

A fixer that runs as one of the runner's hooks cannot make a commit with a stale lock succeed in one go wherever
the work tree holds unstaged edits: both runners have put them away by then. Both run `pre-commit.legacy` before.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from workspace_checks import git, tree
from workspace_checks.errors import WorkspaceError

RUNNERS = ("pre-commit", "prek")
_MARKS = ("https://pre-commit.com", "https://github.com/j178/prek")
_OURS = "Written by `inv repo.hooks`"
_FIXER = f"""\
#!/bin/sh
# {_OURS}, taken away by `inv repo.hooks --remove`.
# Brings the lock to what is staged, before the runner puts unstaged edits away.
if [ -x .ci/inv ]; then
    said=$(.ci/inv deps.fix --staged)
    code=$?
    case $said in
        "" | *"nothing to do.") ;; # as in most commits
        *) echo "$said" ;;
    esac
    [ "$code" -eq 0 ] || exit "$code"
fi
yours="$(dirname "$0")/pre-commit.yours" # a hook that stood here before
if [ -x "$yours" ]; then
    exec "$yours" "$@"
fi
"""


def install(root: Path, runner: str = "") -> list[str]:
    """Install the hooks of .pre-commit-config.yaml and the fixer before them; what was written, a line each.

    `runner` is `pre-commit` or `prek`; empty: pre-commit where it is there, else prek. Doing it twice changes
    nothing, and a hook of somebody else is kept and goes on being run.
    """
    top = tree.repository(root)
    if not (top / ".pre-commit-config.yaml").is_file():
        raise WorkspaceError(
            f"{top} has no .pre-commit-config.yaml.", "Write one: it names the hooks to install."
        )
    command = _command(runner)
    folder = _folder(top)
    hook, legacy, yours = (folder / name for name in ("pre-commit", "pre-commit.legacy", "pre-commit.yours"))
    own = [path for path in (hook, legacy, yours) if path.exists() and not _has(path, *_MARKS, _OURS)]
    if len(own) > 1:
        raise WorkspaceError(
            f"{_shown(own[0], top)} and {_shown(own[1], top)} are both hooks of yours.",
            f"Make one of them, leave it as {_shown(hook, top)} and try again.",
        )
    _put_back(folder)
    done = subprocess.run(
        [*command, "install"], cwd=top, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise WorkspaceError(
            f"{Path(command[-1]).name} could not install the hooks: {said[-1] if said else 'it said nothing'}",
            "Mend what it names and try again.",
        )
    if legacy.exists():
        legacy.rename(yours)
    legacy.write_text(_FIXER, encoding="utf-8")
    legacy.chmod(0o755)
    written = [
        f"{_shown(hook, top)}: the hooks of .pre-commit-config.yaml",
        f"{_shown(legacy, top)}: before them, the lock is brought to what is staged",
    ]
    if yours.exists():
        written.append(f"{_shown(yours, top)}: the hook that stood here before; it goes on being run")
    return written


def remove(root: Path) -> list[str]:
    """Take away what `install` wrote, and put back what stood there before; what was done, a line each."""
    top = tree.repository(root)
    return [f"{_shown(path, top)}: {what}" for path, what in _put_back(_folder(top))]


def _put_back(folder: Path) -> list[tuple[Path, str]]:
    """The folder of hooks as it was before any runner; hooks of every kind that the configuration names."""
    done = []
    for hook in sorted(folder.glob("pre-*")) + sorted(folder.glob("post-*")) + sorted(folder.glob("*-msg")):
        if _has(hook, *_MARKS):
            hook.unlink()
            done.append((hook, "taken away"))
    for legacy in sorted(folder.glob("*.legacy")):
        if _has(legacy, _OURS):
            legacy.unlink()
            done.append((legacy, "taken away"))
    for kept in sorted([*folder.glob("*.yours"), *folder.glob("*.legacy")]):
        hook = kept.with_suffix("")
        if not hook.exists():
            kept.rename(hook)
            done.append((hook, "put back"))
    return done


def _folder(top: Path) -> Path:
    elsewhere = git.attempt(top, "config", "--get", "core.hooksPath").stdout.decode(errors="replace").strip()
    if elsewhere:
        raise WorkspaceError(
            f"Git runs the hooks of {elsewhere} here (core.hooksPath) and no others.",
            "Run `git config --unset-all core.hooksPath`, or call `inv deps.fix --staged` from the hook there.",
        )
    common = os.fsdecode(git.run(top, "rev-parse", "--git-common-dir")).rstrip("\n")
    folder = top / common / "hooks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _command(runner: str) -> list[str]:
    """The runner to install with: of this environment, else the one on PATH."""
    for name in [runner] if runner else RUNNERS:
        if name == "pre-commit" and importlib.util.find_spec("pre_commit"):
            return [sys.executable, "-m", "pre_commit"]
        found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
        if found:
            return [found]
    raise WorkspaceError(
        f"{runner or 'Neither pre-commit nor prek'} was {'not ' if runner else ''}found.",
        "Run `inv deps.sync`, which installs what the lock names, or choose another --runner.",
    )


def _has(path: Path, *marks: str) -> bool:
    """Whether a file says one of these; a folder or what cannot be read does not."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(mark in text for mark in marks)


def _shown(path: Path, top: Path) -> str:
    return str(path.relative_to(top)) if path.is_relative_to(top) else str(path)
