"""Which of two commits is older, where this clone's history knows both. Asked before planning; never fails a deploy."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

_SECONDS = 5.0  # for a question that git answers at once
_FULL = 40
# What the usual build jobs make of a commit: its hash, docker/metadata-action's sha-<hash>, git describe's -g<hash>.
_IN_TAG = re.compile(r"(?:sha-|.*-g)?([0-9a-f]{7,40})")

Kind = Literal["older", "same", "newer", "apart", "unknown"]


@dataclass(frozen=True)
class Order:
    """How the commit that is to be deployed stands to the running one's; "" where one is not known."""

    kind: Kind
    commit: str
    running: str


class Commits(Protocol):
    """What can be asked of a history."""

    def of_tag(self, tag: str) -> str:
        """The commit that an image tag was built from; "" where it is not known."""

    def older(self, one: str, other: str) -> bool | None:
        """Whether `one` is an ancestor of `other`; None where the history does not know both."""


class Nowhere:
    """No history."""

    def of_tag(self, tag: str) -> str:
        """The commit where the tag itself is one."""
        found = _IN_TAG.fullmatch(tag)
        return found[1] if found else ""

    def older(self, one: str, other: str) -> bool | None:
        """Nobody knows."""
        del one, other
        return None


class Git:
    """The history of a clone. Whatever goes wrong (no git, no clone, a shallow one) is "not known"."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository

    def head(self) -> str:
        """The commit that is checked out; "" where there is none."""
        code, found = self._ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return found if code == 0 else ""

    def of_tag(self, tag: str) -> str:
        """The commit of the git tag of that name, or that the image tag spells.

        A branch of that name is not asked: where it points to now says nothing about when the image was built.
        """
        code, tagged = self._ask("rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}")
        if code == 0:
            return tagged
        spelt = Nowhere().of_tag(tag)
        if not spelt:
            return ""
        code, known = self._ask("rev-parse", "--verify", "--quiet", f"{spelt}^{{commit}}")
        return known if code == 0 else spelt

    def older(self, one: str, other: str) -> bool | None:
        """`git merge-base --is-ancestor`. Where a shallow clone says no, its history may just be cut off."""
        code, _ = self._ask("merge-base", "--is-ancestor", one, other)
        if code == 0:
            return True
        if code != 1 or self._ask("rev-parse", "--is-shallow-repository") != (0, "false"):
            return None
        return False

    def _ask(self, *arguments: str) -> tuple[int, str]:
        # A hook's GIT_DIR would lead to another repository; a partial clone must not fetch for a question.
        environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        environ |= {"GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0"}
        try:
            done = subprocess.run(
                ["git", "-C", str(self._repository), *arguments],
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return -1, ""
        return done.returncode, done.stdout.strip()


def order(commits: Commits, commit: str, running: str) -> Order:
    """How `commit` stands to `running`: full or abbreviated hashes, "" or anything else for not known."""
    new, old = (text if _IN_TAG.fullmatch(text) and len(text) <= _FULL else "" for text in (commit, running))
    if not new or not old:
        return Order("unknown", new, old)
    if new.startswith(old) or old.startswith(new):
        return Order("same", new, old)
    if (older := commits.older(new, old)) is None:
        return Order("unknown", new, old)
    if older:
        return Order("older", new, old)
    return Order("newer" if commits.older(old, new) else "apart", new, old)
