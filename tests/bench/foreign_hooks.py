"""The hooks of .pre-commit-hooks.yaml in another repository: `python -m tests.bench.foreign_hooks`.

A repository with a uv workspace takes deps-fix and deps-check from a clone of this one's HEAD, under pre-commit
and under prek, which install them as for anybody: with pip or uv, from a package index. Each line is a commit
and what became of it; the exit code is 0 when all of them ended as they should.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNNERS = {
    "pre-commit": (sys.executable, "-m", "pre_commit"),
    "prek": (str(Path(sys.executable).parent / "prek"),),
}
MANIFEST = (
    '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = []\n\n'
    '[tool.uv.workspace]\nmembers = ["parts/*"]\n'
)
MEMBER = '[project]\nname = "{}"\nversion = "1"\nrequires-python = ">=3.11"\n'
CONFIG = "default_install_hook_types: [pre-commit, pre-merge-commit]\nrepos:\n  - repo: {}\n    rev: {}\n    hooks:\n{}"


def main() -> int:
    """Every runner with and without the fixer; 0 when all ended as they should."""
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="foreign-") as place:
        ours = Path(place) / "ours"
        subprocess.run(["git", "clone", "--quiet", ROOT, ours], check=True)
        revision = _git(ours, {}, "rev-parse", "HEAD").stdout.strip()
        for runner, command in RUNNERS.items():
            for hooks in (("deps-check",), ("deps-fix", "deps-check")):
                folder = Path(place) / f"{runner} {len(hooks)}"
                environ = _environ(Path(place) / f"cache-{runner}")
                listed = "".join(f"      - id: {hook}\n" for hook in hooks)
                _repository(folder, environ, CONFIG.format(ours, revision, listed), command)
                wrong += _commits(folder, environ, runner, fixes=len(hooks) > 1)
    return 1 if wrong else 0


def _environ(cache: Path) -> dict[str, str]:
    """Ours without what concerns this clone, uv on PATH, and a cache of the runner's own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "VIRTUAL_ENV", "PYTHONPATH"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    runner = {"PRE_COMMIT_HOME": str(cache), "PREK_HOME": str(cache), "UV_PYTHON": sys.executable}
    who = {
        f"GIT_{role}_{what}": "a@example.com"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    return {**kept, **runner, **who, "PATH": path}


def _repository(folder: Path, environ: Mapping[str, str], config: str, command: tuple[str, ...]) -> None:
    (folder / "parts" / "one").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(MANIFEST)
    (folder / "parts" / "one" / "pyproject.toml").write_text(MEMBER.format("one"))
    (folder / ".pre-commit-config.yaml").write_text(config)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    subprocess.run(["uv", "lock", "--quiet"], cwd=folder, env=environ, check=True)
    _git(folder, environ, "add", ".")
    subprocess.run([*command, "install"], cwd=folder, env=environ, check=True, capture_output=True)


def _commits(folder: Path, environ: Mapping[str, str], runner: str, *, fixes: bool) -> int:
    """Commits with a fresh and with a stale lock, and a merge that makes it stale; how many ended wrongly."""
    wrong = _told(runner, "fresh lock", _commit(folder, environ), 0)
    (folder / "parts" / "two").mkdir()
    (folder / "parts" / "two" / "pyproject.toml").write_text(MEMBER.format("two"))
    _git(folder, environ, "add", ".")
    done = _commit(folder, environ)
    if fixes:
        # In one go where the runner lets a hook stage; else once more, with the right lock staged.
        again = _commit(folder, environ) if done[0] else done
        wrong += _told(runner, "stale lock, fixed", again, 0)
        wrong += "two" not in _git(folder, environ, "show", "HEAD:uv.lock").stdout
        wrong += bool(_git(folder, environ, "status", "--porcelain").stdout)
        wrong += _merge(folder, environ, runner)
    else:
        wrong += _told(runner, "stale lock, told", done, 1)
        wrong += "D004" not in done[1] and "D003" not in done[1]
    return wrong


def _merge(folder: Path, environ: Mapping[str, str], runner: str) -> int:
    """Each side has a manifest of its own; the merge is refused, and `git commit` ends it with the right lock."""
    _git(folder, environ, "checkout", "-q", "-b", "side")
    manifest = folder / "parts" / "two" / "pyproject.toml"
    manifest.write_text(
        manifest.read_text() + 'dependencies = ["one"]\n\n[tool.uv.sources]\none = { workspace = true }\n'
    )
    _git(folder, environ, "commit", "--no-verify", "-qam", "x")
    _git(folder, environ, "checkout", "-q", "-")
    (folder / "README").touch()
    _git(folder, environ, "add", ".")
    _git(folder, environ, "commit", "--no-verify", "-qm", "x")
    start = time.monotonic()
    done = _git(folder, environ, "merge", "--no-edit", "side", check=False)
    merged = (done.returncode, done.stdout + done.stderr, time.monotonic() - start)
    wrong = _told(runner, "stale merge, told", merged, 1)
    ended = _commit(folder, environ)
    wrong += _told(runner, "stale merge, fixed", ended if ended[0] == 0 else _commit(folder, environ), 0)
    asked = subprocess.run(
        ["uv", "lock", "--check"], cwd=folder, env=environ, capture_output=True, check=False
    )
    return wrong + (asked.returncode != 0) + bool(_git(folder, environ, "status", "--porcelain").stdout)


def _commit(folder: Path, environ: Mapping[str, str]) -> tuple[int, str, float]:
    start = time.monotonic()
    done = _git(folder, environ, "commit", "-m", "x", check=False)
    return done.returncode, done.stdout + done.stderr, time.monotonic() - start


def _told(runner: str, what: str, done: tuple[int, str, float], expected: int) -> int:
    code, text, seconds = done
    good = code == expected
    print(f"{'ok  ' if good else 'WRONG'} {runner:10} {what:18} exit {code}, {seconds:.1f} s")
    if not good:
        print(text)
    return 0 if good else 1


def _git(
    folder: Path, environ: Mapping[str, str], *arguments: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **environ}
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=check
    )


if __name__ == "__main__":
    sys.exit(main())
