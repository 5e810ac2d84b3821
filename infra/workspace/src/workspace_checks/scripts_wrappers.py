"""Takes the wrappers off a command: what `sudo -E timeout 5m uv run --frozen inv app.status` calls is `inv`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workspace_checks.scripts_words import Command, Word, assignment, commands

_DEEPEST = 10  # wrappers within wrappers

# Each wrapper with those of its options that take a value of their own, and how many words follow before the
# command itself begins.
_WRAPPERS: dict[str, tuple[frozenset[str], int]] = {
    "exec": (frozenset({"-a"}), 0),
    "command": (frozenset(), 0),
    "builtin": (frozenset(), 0),
    "nohup": (frozenset(), 0),
    "time": (frozenset({"-f", "-o"}), 0),
    "nice": (frozenset({"-n"}), 0),
    "ionice": (frozenset({"-c", "-n"}), 0),
    "stdbuf": (frozenset({"-i", "-o", "-e"}), 0),
    "setsid": (frozenset(), 0),
    "sudo": (frozenset({"-u", "-g", "-C", "-D", "-h", "-p"}), 0),
    "env": (frozenset({"-u", "-C", "-S"}), 0),
    "cross-env": (frozenset(), 0),
    "timeout": (frozenset({"-k", "-s", "--kill-after", "--signal"}), 1),
    "flock": (frozenset({"-w", "-E"}), 1),
    "xargs": (frozenset({"-a", "-d", "-E", "-I", "-L", "-n", "-P", "-s"}), 0),
    "corepack": (frozenset(), 0),
    "npx": (frozenset({"-p", "--package", "-c"}), 0),
    "uvx": (frozenset({"--from", "--with", "-p", "--python"}), 0),
}
_RUNNERS = {  # the same, where a word of their own stands in between
    ("uv", "run"): frozenset(
        {"--with", "--with-editable", "--with-requirements", "-p", "--python", "--package", "--project"}
        | {"--directory", "--extra", "--no-extra", "--group", "--no-group", "--only-group", "--env-file"}
        | {"--index", "--default-index", "--index-url", "--extra-index-url", "--cache-dir", "--config-file"}
    ),
    ("poetry", "run"): frozenset[str](),
    ("pdm", "run"): frozenset[str](),
    ("hatch", "run"): frozenset[str](),
    ("pipx", "run"): frozenset({"--spec", "--python"}),
    ("pnpm", "exec"): frozenset[str](),
    ("pnpm", "dlx"): frozenset[str](),
    ("npm", "exec"): frozenset[str](),
    ("yarn", "exec"): frozenset[str](),
    ("yarn", "dlx"): frozenset[str](),
}
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ash"})
_PYTHON = re.compile(r"(python|pypy)(3(\.\d+)?)?|py")
_AS_PROGRAM = {"invoke": "inv", "pre_commit": "pre-commit"}


def unwrapped(command: Command) -> Iterator[Command]:
    """The commands that it comes down to: itself, the one it wraps, or those of `sh -c "..."`."""
    yield from _unwrapped(command, _DEEPEST)


def _unwrapped(command: Command, depth: int) -> Iterator[Command]:
    if depth == 0:
        return
    program = command.program
    if program in _SHELLS or program == "eval":
        yield from _of_shell(command, depth)
        return
    inner = _wrapped(command)
    if inner is None:
        yield _by_name(command)
        return
    if inner.words:
        yield from _unwrapped(inner, depth - 1)


def _wrapped(command: Command) -> Command | None:
    """The command inside a wrapper (without words where there is none); None where this is no wrapper."""
    program, words = command.program, command.words
    if program in _WRAPPERS:
        valued, skipped = _WRAPPERS[program]
        if program == "command" and {"-v", "-V"} & set(command.texts):
            return command.called(())
        return _past(command, words[1:], valued, skipped)
    if program == "uv" and command.texts[1:3] == ("tool", "run"):
        return _past(command, words[3:], _WRAPPERS["uvx"][0], 0)
    if len(words) > 1 and (program, words[1].text) in _RUNNERS:
        return _past(command, words[2:], _RUNNERS[program, words[1].text], 0)
    if _PYTHON.fullmatch(program):
        return _module(command)
    return None


def _past(command: Command, words: tuple[Word, ...], valued: frozenset[str], skipped: int) -> Command:
    """The command behind a wrapper's options, assignments and `skipped` words."""
    given, at = set[str](), 0
    while at < len(words):
        text = words[at].text
        found = assignment(text)
        if found:
            given.add(found[0])
        elif text in {"-m", "--module"}:  # `uv run -m pytest`
            return command.called(words[at + 1 :], frozenset(given))
        elif text in valued:
            at += 1
        elif not text.startswith("-") or text == "-":
            if not skipped:
                break
            skipped -= 1
        at += 1
    return command.called(words[at:], frozenset(given))


def _module(command: Command) -> Command | None:
    """What `python -m module` runs; None where the interpreter runs something else."""
    texts, at = command.texts, 1
    while at < len(texts) and texts[at].startswith("-") and texts[at] != "-c":
        if texts[at] == "-m":
            return command.called(command.words[at + 1 :])
        at += 2 if texts[at] in {"-W", "-X"} else 1
    return None


def _by_name(command: Command) -> Command:
    """With the name that its program has in the table: `inv` for `invoke`."""
    name = _AS_PROGRAM.get(command.program)
    return command.called((Word(name), *command.words[1:])) if name else command


def _of_shell(command: Command, depth: int) -> Iterator[Command]:
    """The commands of `sh -c "..."` and `eval "..."`, at the line of the call."""
    words = command.words[1:]
    if command.program == "eval":
        text = " ".join(word.text for word in words)
    else:
        flag = next((at for at, word in enumerate(words) if re.fullmatch(r"-[a-z]*c", word.text)), None)
        rest = [] if flag is None else [w for w in words[flag + 1 :] if not w.text.startswith("-")]
        text = next((word.text for word in rest if " " in word.text), rest[0].text if rest else "")
    for found in commands(text):
        inner = Command(command.line, found.words, found.given | command.given)
        yield from _unwrapped(inner, depth - 1)
