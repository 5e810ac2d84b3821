"""Which commit is older: real git repositories, and everything that can be wrong with one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ecs_deployment import deploy as job
from ecs_deployment.commits import Git, Kind, Nowhere, Order, order
from ecs_deployment.known import Request
from ecs_deployment.outcome import Outcome, Result
from ecs_deployment.plan import Plan, plan
from ecs_deployment.refusals import Refusal
from ecs_deployment.survey import Setting, Wishes

from tests.deployment import builders as b
from tests.deployment.memory_cloud import World
from tests.deployment.memory_runs import ENVIRONMENT, place


def git(folder: Path, *arguments: str) -> str:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit(folder: Path, *options: str) -> str:
    git(folder, "commit", "-q", "--allow-empty", "-m", "x", *options)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """first <- second on main (tagged v1 and v2), and a branch from first."""
    folder = tmp_path_factory.mktemp("clone")
    git(folder, "init", "-q", "-b", "main")
    first = commit(folder)
    git(folder, "tag", "v1")
    second = commit(folder)
    git(folder, "tag", "-a", "-m", "x", "v2")
    git(folder, "checkout", "-q", "-b", "side", first)
    side = commit(folder, "--author=Bob <bob@example.com>")
    git(folder, "checkout", "-q", "main")
    return {"folder": str(folder), "first": first, "second": second, "side": side}


def test_the_commit_of_a_tag(repository: dict[str, str]) -> None:
    known = Git(Path(repository["folder"]))
    assert known.of_tag("v1") == repository["first"]
    assert known.of_tag("v2") == repository["second"]  # an annotated tag is peeled
    assert known.of_tag(repository["first"][:9]) == repository["first"]
    assert known.of_tag(f"sha-{repository['first'][:7]}") == repository["first"]
    assert known.of_tag(f"v1-3-g{repository['second'][:8]}") == repository["second"]
    assert known.of_tag("main") == ""  # where a branch is now says nothing of the image
    assert known.of_tag("demo") == ""
    assert known.of_tag("0123456789abcdef") == "0123456789abcdef"  # not in this clone, but a commit
    assert known.of_tag("--help") == ""
    assert known.head() == repository["second"]


@pytest.mark.parametrize(
    ("new", "running", "kind"),
    [
        ("first", "second", "older"),
        ("second", "first", "newer"),
        ("second", "second", "same"),
        ("side", "second", "apart"),
    ],
)
def test_the_order_in_a_clone(repository: dict[str, str], new: str, running: str, kind: Kind) -> None:
    known = Git(Path(repository["folder"]))
    found = order(known, repository[new], repository[running])
    assert found == Order(kind, repository[new], repository[running])
    assert order(known, repository[new][:10], repository[running]).kind == kind


STRANGER = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("new", "running"),
    [("", "second"), ("first", ""), ("", ""), (STRANGER, "second"), ("not a commit", "first")],
)
def test_what_is_not_known_is_unknown(repository: dict[str, str], new: str, running: str) -> None:
    known = Git(Path(repository["folder"]))
    assert order(known, repository.get(new, new), repository.get(running, running)).kind == "unknown"


def test_a_shallow_clone_does_not_say_apart(repository: dict[str, str], tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository['folder']}", "shallow")
    git(tmp_path / "shallow", "fetch", "-q", "--depth", "1", "origin", "side")
    known = Git(tmp_path / "shallow")
    assert order(known, repository["side"], repository["second"]).kind == "unknown"
    assert order(known, repository["first"], repository["second"]).kind == "unknown"


def test_without_git_or_a_clone_nothing_is_known(
    repository: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = repository["first"], repository["second"]
    assert order(Git(tmp_path / "nowhere"), first, second).kind == "unknown"
    assert order(Nowhere(), first, second).kind == "unknown"
    assert order(Nowhere(), first, first[:8]).kind == "same"
    monkeypatch.setenv("GIT_DIR", str(tmp_path))  # a hook's own
    assert Git(Path(repository["folder"])).older(first, second) is True
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Git(Path(repository["folder"])).of_tag("v1") == ""
    assert Git(Path(repository["folder"])).head() == ""
    assert Git(Path(repository["folder"])).older(first, second) is None


A, C = "a" * 40, "c" * 40


def planned(kind: Kind, **request: Any) -> Plan | Refusal:
    known = b.known(order=Order(kind, A, C if kind != "same" else A), commit=A)
    return plan(Request("staging", "demo", **request), known, b.SETTINGS)


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        ("newer", ""),
        ("same", ""),
        ("apart", "on different branches"),
        ("unknown", f"does not know both {A[:12]} and {C[:12]}"),
    ],
)
def test_any_order_but_older_goes_on(kind: str, note: str) -> None:
    decision = planned(kind)
    assert isinstance(decision, Plan)
    assert decision.commit == A
    assert [note in line for line in decision.notes] == ([True] if note else [])


def test_older_is_refused_unless_forced() -> None:
    refused = planned("older")
    assert isinstance(refused, Refusal)
    assert refused.what == f"demo is commit {A[:12]}, which is older than {C[:12]}, which runs."
    assert "--force" in refused.cure
    forced = planned("older", force=True)
    assert isinstance(forced, Plan)
    assert "deployed all the same" in forced.notes[0]


def deployed(world: World, tag: str, folder: str, **request: bool) -> Result:
    setting = Setting(
        world.cloud, ENVIRONMENT, world.clock, world.told.append, world.interrupts, commits=Git(Path(folder))
    )
    (result,) = job.deploy(
        setting,
        Request("staging", tag, **request),
        Wishes(probe=False),
    ).services
    return result


def test_an_older_deploy_is_refused_before_anything_is_changed(repository: dict[str, str]) -> None:
    world = place()
    world.cloud.images["v2"] = b.image(tag="v2")
    # The label says what the image was built from, whatever its tag is called.
    digests = frozenset({b.DIGEST, b.OTHER_DIGEST})
    world.cloud.images["hotfix"] = b.image(
        tag="hotfix", digest=b.OTHER_DIGEST, accepted=digests, commit=repository["first"]
    )
    assert deployed(world, "v2", repository["folder"]).outcome is Outcome.DEPLOYED
    assert world.entry().commit == repository["second"]
    before = world.cloud.updates[:]
    refused = deployed(world, "hotfix", repository["folder"])
    assert (refused.outcome, "older than" in refused.cause) == (Outcome.REFUSED, True)
    assert world.cloud.updates == before
    assert deployed(world, "hotfix", repository["folder"], force=True).outcome is Outcome.DEPLOYED
    assert world.entry().commit == repository["first"]
