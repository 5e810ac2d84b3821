"""Random changes of a workspace and its lock, for the comparison of our verdict with uv's."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

from tests.workspace.lock_workspace import POOL, WORKSPACE, Member, Workspace, example

BOUNDS = (
    "",
    ">=1",
    ">=0.1",
    ">= 1.0",
    ">=1,<99",
    "<99,>=1",
    "!=0.0.1",
    ">=1.0.0",
    "~=1.0",
    ">=1,!=0.0.1",
    "<1000.0",
)
MARKERS = (
    "python_version >= '3.12'", 'python_full_version >= "3.12"', "sys_platform == 'win32'", "python_version >= '3.8'",
    "python_version < '3'", "sys_platform != 'win32' and python_version < '3.13'", "os_name == 'nt'",
    "python_version == '3.12'", "python_version > '3.11'", "python_version <= '3.13'", "platform_machine in 'x86_64'",
    "(sys_platform == 'linux' or sys_platform == 'darwin') and python_version >= '3.12'",
    "'linux' == sys_platform", "implementation_name == 'cpython'",
)  # fmt: skip


@dataclass
class State:
    """A workspace and the text of its lock."""

    workspace: Workspace
    lock: str

    def files(self) -> dict[str, str]:
        """Path -> text of everything."""
        return {**self.workspace.written(), "uv.lock": self.lock}


def start(lock: str) -> State:
    """The example with its own lock."""
    return State(example(), lock)


def _any(rng: random.Random, state: State) -> Member:
    return rng.choice(list(state.workspace.members.values()))


def _root(state: State) -> Member:
    return state.workspace.members["."]


def _need(rng: random.Random) -> str:
    marker = f" ; {rng.choice(MARKERS)}" if rng.random() < 0.4 else ""
    return rng.choice(POOL) + rng.choice(BOUNDS) + marker


def add_need(rng: random.Random, state: State) -> None:
    _any(rng, state).needs.append(_need(rng))


def drop_need(rng: random.Random, state: State) -> None:
    member = _any(rng, state)
    if member.needs:
        member.needs.pop(rng.randrange(len(member.needs)))


def rebound(rng: random.Random, state: State) -> None:
    member = _any(rng, state)
    for at, need in enumerate(member.needs):
        name, _, marker = need.partition(";")
        bare = re.match(r"[\w.\[\]-]+", name.strip())
        if bare and rng.random() < 0.6:
            member.needs[at] = bare[0] + rng.choice(BOUNDS) + (f" ; {marker.strip()}" if marker else "")


def remark(rng: random.Random, state: State) -> None:
    member = _any(rng, state)
    if member.needs:
        at = rng.randrange(len(member.needs))
        bare = member.needs[at].partition(";")[0].strip()
        member.needs[at] = f"{bare} ; {rng.choice(MARKERS)}" if rng.random() < 0.8 else bare


def respell(rng: random.Random, state: State) -> None:
    """Nothing that means anything: case, spaces, order, quotes, trailing zeros."""
    member = _any(rng, state)
    rng.shuffle(member.needs)
    for at, need in enumerate(member.needs):
        name, _, marker = need.partition(";")
        head = re.match(r"([\w.-]+)(.*)", name.strip())
        if head is None:
            continue
        shown = head[1].upper() if rng.random() < 0.5 else head[1].replace("-", "_")
        tail = ",".join(reversed(head[2].split(","))) if "[" not in head[2] else head[2]
        tail = (
            re.sub(r"(\d)$", r"\1.0", tail)
            if rng.random() < 0.3 and "~" not in tail and "[" not in tail
            else tail
        )
        member.needs[at] = f"{shown} {tail}" + (f";{marker}".replace("'", '"') if marker else "")


def describe(rng: random.Random, state: State) -> None:
    _any(rng, state).description = f"text {rng.randrange(9)}"


def extra_on_need(rng: random.Random, state: State) -> None:
    member = _any(rng, state)
    for at, need in enumerate(member.needs):
        if need.startswith("one"):
            member.needs[at] = rng.choice(["one", "one[more]", "one [more]", "ONE[More]"])


def add_extra(rng: random.Random, state: State) -> None:
    member = _any(rng, state)
    member.extras[rng.choice(["more", "b", "c", "Dev-X"])] = [_need(rng) for _ in range(rng.randrange(3))]


def drop_extra(rng: random.Random, state: State) -> None:
    member = _any(rng, state)
    if member.extras:
        del member.extras[rng.choice(list(member.extras))]


def add_group(rng: random.Random, state: State) -> None:
    member = _any(rng, state)
    member.groups[rng.choice(["dev", "docs", "Lint"])] = [_need(rng) for _ in range(rng.randrange(3))]


def drop_group(rng: random.Random, state: State) -> None:
    member = _any(rng, state)
    if member.groups:
        del member.groups[rng.choice(list(member.groups))]


def include_group(rng: random.Random, state: State) -> None:
    member = _any(rng, state)
    if member.groups:
        name = rng.choice(list(member.groups))
        member.groups[rng.choice(["dev", "all"])] = [{"include-group": name}, _need(rng)]


def add_member(rng: random.Random, state: State) -> None:
    name = rng.choice(["new", "newer"])
    state.workspace.members[f"packages/{name}"] = Member(name, build=rng.random() < 0.5, needs=[_need(rng)])


def drop_member(rng: random.Random, state: State) -> None:
    folders = [folder for folder in state.workspace.members if folder != "."]
    if folders:
        folder = rng.choice(folders)
        del state.workspace.members[folder]
        if rng.random() < 0.3:
            state.workspace.files[f"{folder}/left.txt"] = "still here\n"


def rename_member(rng: random.Random, state: State) -> None:
    member = _any(rng, state)
    member.name = rng.choice([f"{member.name}-x", member.name.upper(), "four"])


def move_member(rng: random.Random, state: State) -> None:
    folders = [folder for folder in state.workspace.members if folder != "."]
    if folders:
        folder = rng.choice(folders)
        state.workspace.members[rng.choice(["packages/moved", "other/moved"])] = state.workspace.members.pop(
            folder
        )


def source(rng: random.Random, state: State) -> None:
    member = _any(rng, state)
    name = rng.choice(["one", "two", "four", "six", "absent"])
    value = rng.choice([*WORKSPACE.values(), "{ git = 'https://example.com/x' }", '{ path = "../two" }'])
    member.sources[name] = value


def unsource(rng: random.Random, state: State) -> None:
    member = _any(rng, state)
    if member.sources:
        del member.sources[rng.choice(list(member.sources))]


def need_member(rng: random.Random, state: State) -> None:
    member = _any(rng, state)
    name = rng.choice(["two", "four", "root"])
    member.needs.append(name)
    if rng.random() < 0.8:
        member.sources[name] = WORKSPACE["workspace"]


def python(rng: random.Random, state: State) -> None:
    _any(rng, state).python = rng.choice(
        [
            ">=3.11",
            ">= 3.11.0",
            ">=3.10",
            ">=3.11,<3.14",
            "~=3.11",
            ">=3.11,!=3.12.1",
            None,
            "<3.15,>=3.11",
            "==3.11.*",
        ]
    )


def version(rng: random.Random, state: State) -> None:
    _any(rng, state).version = rng.choice(["1.0", "1", "1.0.0", "2.0rc1", "2.0.rc1", "1.1", None])


def build(rng: random.Random, state: State) -> None:
    member = _any(rng, state)
    member.build = not member.build


def package(rng: random.Random, state: State) -> None:
    member = _any(rng, state)
    member.uv = [line for line in member.uv if not line.startswith(("package", "managed"))]
    member.uv += rng.choice(
        [[], ["package = true"], ["package = false"], ["managed = false"], ["managed = true"]]
    )


def setting(rng: random.Random, state: State) -> None:
    lines = [
        'constraint-dependencies = ["six<99"]',
        'constraint-dependencies = ["absent<9"]', "constraint-dependencies = []",
        'override-dependencies = ["six>=1.16"]', 'resolution = "lowest-direct"', 'resolution = "highest"',
        'prerelease = "allow"', 'fork-strategy = "fewest"', "compile-bytecode = true", 'default-groups = ["dev"]',
        'build-constraint-dependencies = ["setuptools<99"]', 'environments = ["sys_platform == \'linux\'"]',
        'dev-dependencies = ["zipp"]', 'exclude-newer = "2026-01-01T00:00:00Z"', 'required-version = ">=0.4"',
        'exclude-dependencies = ["zipp"]', "dev-dependencies = []", 'index-strategy = "first-index"',
    ]  # fmt: skip
    member = _root(state) if rng.random() < 0.8 else _any(rng, state)
    line = rng.choice(lines)
    key = line.partition(" ")[0]
    if any(kept.startswith(f"{key} ") for kept in member.uv):
        member.uv = [kept for kept in member.uv if not kept.startswith(f"{key} ")]
    else:
        member.uv.append(line)


def globs(rng: random.Random, state: State) -> None:
    work = state.workspace
    work.globs = rng.choice([
        ["packages/*"], ["./packages/*/"], ["packages/one", "packages/t*"],
        ["packages/*", "nowhere/*"], ["packages/[ot]*"],
        ["packages/????", "packages/*"],
        ["packages/one", "packages/two", "packages/three", "packages/four"], ["packages/none"],
    ])  # fmt: skip


def excludes(rng: random.Random, state: State) -> None:
    state.workspace.exclude = rng.choice(
        [
            [],
            ["packages/four"],
            ["packages/f*"],
            ["nowhere"],
            ["packages/t?o"],
            ["pack*four"],
            ["packages/*/x"],
            ["*/four"],
        ]
    )


def unproject(rng: random.Random, state: State) -> None:
    """A root that is nothing but a workspace."""
    root = _root(state)
    root.project = not root.project
    root.uv = [line for line in root.uv if not line.startswith("package")]


def lock_edit(rng: random.Random, state: State) -> None:
    """A hand in the lock: of a version, a row, a bracket, a name."""
    lines = state.lock.splitlines()
    at = rng.randrange(len(lines))
    kind = rng.randrange(8)
    if kind == 0:
        lines.pop(at)
    elif kind == 1:
        lines.insert(at, lines[at])
    elif kind == 2:
        state.lock = state.lock.replace('specifier = ">=1.16"', 'specifier = ">=1.15"', 1)
        return
    elif kind == 3:
        state.lock = state.lock.replace('    { name = "six" },', '    { name = "sixth" },', 1)
        return
    elif kind == 4:
        state.lock = state.lock.replace('version = "1.0"', 'version = "1.1"', 1)
        return
    elif kind == 5:
        blocks = state.lock.split("\n[[package]]\n")
        blocks.pop(rng.randrange(1, len(blocks)))
        state.lock = "\n[[package]]\n".join(blocks)
        return
    elif kind == 6:
        lines.insert(at, rng.choice(["# a comment", "", "   "]))
    else:
        state.lock = re.sub(r"sha256:\w{4}", "sha256:0000", state.lock, count=1)
        return
    state.lock = "\n".join([*lines, ""])


Mutation = Callable[[random.Random, State], None]

ALL: tuple[Mutation, ...] = (
    add_need, drop_need, rebound, remark, respell, describe, extra_on_need, add_extra, drop_extra, add_group,
    drop_group, include_group, add_member, drop_member, rename_member, move_member, source, unsource, need_member,
    python, version, build, package, setting, globs, excludes, lock_edit, unproject, respell, remark, rebound,
)  # fmt: skip


def mutated(seed: int, lock: str, relock: Callable[[State], str | None]) -> tuple[State, list[str]]:
    """One to three random changes, locked anew in between with a chance of a third; and their names."""
    rng = random.Random(seed)
    state, names = start(lock), []
    for _ in range(rng.choice([1, 1, 2, 2, 3])):
        mutation = rng.choice(ALL)
        mutation(rng, state)
        names.append(mutation.__name__)
        if rng.random() < 0.35:
            locked = relock(deepcopy(state))
            if locked is not None:
                state.lock = locked
                names.append("lock")
    return state, names
