"""Keeps secrets out of plans, diffs, JSON and errors: names stay, values become a mask."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ecs_deployment.masking_known import KNOWN, SECRET_NAME
from ecs_deployment.model import Content

MASK = "***"
_LONGEST_SHOWN = 200
# What names one entry of a list of structures, in the order tried.
_NAMES = ("name", "key", "containerPath", "containerName", "containerPort", "type")
_PAIRS = (({"name", "value"}, "value"), ({"name", "valueFrom"}, "valueFrom"), ({"key", "value"}, "value"))
_VALUE_LISTS = {"environment": "value", "secrets": "valueFrom", "secretOptions": "valueFrom"}
# None of these repeats anything in front of the word it looks for: a log line may be 256 KiB long.
_IN_TEXT = (
    # password=..., --api-key ..., "token": "..." : the name and what joins it stay. An ARN names a secret, it is none.
    re.compile(
        r"(?i)(?<!\d{12}:)((?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)"
        r"[\"']?\s*(?:=|:)\s*[\"']?)(?!//)[^\s\"'&,;]+"
    ),
    re.compile(r"(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)(\b(?:set-)?cookie:\s*)\S.*"),
    re.compile(r"([a-zA-Z0-9+.-]://[^\s/:@]*:)[^\s/@]+(?=@)"),
    # What is issued in a form of its own: AWS, GitHub, GitLab, Slack, Stripe, Google, JSON web tokens.
    re.compile(
        r"()\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[opsru]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}"
        r"|xox[abeoprs]-[\w-]{10,}|[rs]k_(?:live|test)_\w{10,}|AIza[\w-]{30,}|eyJ[\w-]{8,4096}\.eyJ[\w-]{8,4096}\.[\w-]+)"
    ),
    # A key in PEM is longer than a line: its header, and lines that are nothing but base64.
    re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*"),
    re.compile(r"^(\s*(?:log: )?)[A-Za-z0-9+/]{64}={0,2}$"),
)
_OPTION = re.compile(r"--?[\w.-]+")


def masked(content: Content) -> Content:
    """A copy of a task definition's content in which no value can be a secret.

    Masked are: every `environment` value, every `valueFrom` of `secrets` and `secretOptions`, everything
    under a key with "credential" in it, and elsewhere what has a secret's name or form. Keys, names and the
    shape stay.
    """
    return {key: _masked_under(key, value) for key, value in content.items()}


def learn(content: Content) -> None:
    """Remember the environment values of a task definition: from now on `masked_text` knows them."""
    KNOWN.learn(content)


def spare(words: Iterable[str | None]) -> None:
    """Words that are public anyhow (names of the settings, a tag): a value that is part of one is printed."""
    KNOWN.spare(words)


def masked_text(text: str) -> str:
    """A line of free text without any known environment value, and without passwords, tokens and access keys
    so far as their form tells."""
    text = KNOWN.pattern.sub(MASK, text)
    for pattern in _IN_TEXT:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text


def looks_secret(name: str, value: str = "") -> bool:
    """Whether a value of that name should not be printed, by its name or by its own form."""
    return bool(SECRET_NAME.search(name)) or masked_text(value) != value


def difference(before: Content, after: Content) -> tuple[str, ...]:
    """What changes between two contents: a readable line for each path, values masked; () where nothing does.

    Lists of named things are compared by name, so an order that AWS changed is no difference.
    """
    old, new = dict(_leaves((), before, masked(before))), dict(_leaves((), after, masked(after)))
    paths = [*old, *(path for path in new if path not in old)]
    return tuple(
        _line(path, old.get(path), new.get(path))
        for path in paths
        if path not in old or path not in new or not _same(old[path].value, new[path].value)
    )


class _Leaf(NamedTuple):
    """A value that is compared as one, and what of it may be shown."""

    value: Any
    shown: Any


def _line(path: tuple[str, ...], old: _Leaf | None, new: _Leaf | None) -> str:
    where = _printable(".".join(path))
    before = _shown(old.shown) if old else ""
    after = _shown(new.shown) if new else ""
    if not old or not new:
        return f"{where}: added {after}" if new else f"{where}: removed {before}"
    hidden = " (changed; not shown)" if before == after else ""
    return f"{where}: {before} -> {after}{hidden}"


def _masked_under(key: str, value: Any) -> Any:
    if "credential" in key.lower():
        return _masked_leaves(value)
    if key in _VALUE_LISTS and isinstance(value, list | tuple):
        return [_masked_entry(entry, _VALUE_LISTS[key]) for entry in value]
    if isinstance(value, Mapping):
        return {name: _masked_under(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return _masked_list(key, value)
    if isinstance(value, str):
        return MASK if looks_secret(key) else masked_text(value)
    return value


def _masked_entry(entry: Any, value_key: str) -> Any:
    """An entry of `environment` or `secrets`: its name stays, and only that."""
    if not isinstance(entry, Mapping):
        return MASK
    return {k: v if k == "name" else MASK if k == value_key else _masked_leaves(v) for k, v in entry.items()}


def _masked_list(key: str, values: Sequence[Any]) -> list[Any]:
    """A list; in a command line, the word after `--password` is masked too."""
    result: list[Any] = []
    previous = ""
    for value in values:
        after_option = isinstance(value, str) and _OPTION.fullmatch(previous) and looks_secret(previous)
        result.append(MASK if after_option else _masked_under(key, value))
        previous = value if isinstance(value, str) else ""
    return result


def _masked_leaves(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _masked_leaves(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked_leaves(inner) for inner in value]
    return MASK


def _leaves(path: tuple[str, ...], value: Any, shown: Any) -> Iterator[tuple[tuple[str, ...], _Leaf]]:
    """(path, leaf) of everything that is compared as one: scalars, lists of scalars, empty structures.

    `shown` is the masked twin of `value`: the same shape, except where a mask stands for a whole structure.
    """
    if isinstance(value, Mapping) and value and isinstance(shown, Mapping):
        # A {name, value} pair reads better without ".value" at the end of its path.
        pair = next((of for keys, of in _PAIRS if set(value) == keys), None)
        for key in value:
            if pair in (None, key):
                deeper = path if pair else (*path, str(key))
                yield from _leaves(deeper, value[key], shown[key])
    elif _holds_structures(value) and isinstance(shown, list):
        for name, inner, inner_shown in zip(_entry_names(value), value, shown, strict=True):
            yield from _leaves((*path, name), inner, inner_shown)
    else:
        yield path, _Leaf(value, shown)


def _holds_structures(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(v, Mapping | list | tuple) for v in value)


def _entry_names(values: Sequence[Any]) -> list[str]:
    """A name for each entry: what AWS calls it where that is unique, else its number."""
    for key in _NAMES:
        names = [str(v[key]) for v in values if isinstance(v, Mapping) and isinstance(v.get(key), str | int)]
        if len(set(names)) == len(values):
            return names
    return [str(number) for number in range(len(values))]


def _same(one: Any, other: Any) -> bool:
    """Equality as JSON sees it: true is not 1, a tuple is a list."""
    return json.dumps(one, default=str, sort_keys=True) == json.dumps(other, default=str, sort_keys=True)


def _shown(value: Any) -> str:
    plain = isinstance(value, str) and value and value.isprintable() and value == value.strip()
    text = str(value) if plain else json.dumps(value, ensure_ascii=False, default=str)
    text = _printable(text)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def _printable(text: str) -> str:
    """One line that cannot steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)
