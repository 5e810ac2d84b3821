"""The journal as history: where it lies, what it holds, which run is open, which revision was proven."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from ecs_deployment.cloud import Parameters, Stored
from ecs_deployment.debts import adopt
from ecs_deployment.errors import Denied, Refused
from ecs_deployment.journal_entry import Entry, decode


def journal_path(prefix: str, cluster: str, service: str) -> str:
    """The path of a service's journal, no slash at its end.

    `cluster` and `service` are names or ARNs; both spellings lead to the same journal. Parameter names
    allow letters, digits and "_.-" (SSM API reference, PutParameter); other characters are written as "."
    and their bytes in hex, so that no two services share a path.
    """
    return f"/{_allowed(prefix.strip('/'), './')}/{_allowed(_last(cluster))}/{_allowed(_last(service))}"


def name_of(path: str, number: int) -> str:
    """The parameter of entry `number`."""
    return f"{path}/{number:08d}"


def number_of(path: str, name: str) -> int | None:
    """The number of an entry's parameter, None for a name that is no entry of this journal."""
    digits = name.removeprefix(path + "/")
    if not (digits.isascii() and digits.isdigit()):
        return None
    number = int(digits)
    return number if name_of(path, number) == name else None


def read(parameters: Parameters, path: str) -> tuple[Entry, ...]:
    """Every entry of the journal, newest first. Refuses, naming the IAM action, where SSM denies it.

    The newest owes what the run owes that it overtook too: a taker that was cut off has not noted that itself.
    """
    with refusing(path):
        return _owing_all(history(path, parameters.list_parameters(path)))


def _owing_all(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    newest = newest_readable(entries)
    if newest is None:
        return entries
    numbered = {entry.number: entry for entry in entries if entry.readable}
    owed, entry = newest.debts, newest
    while 0 < entry.overtook < entry.number and entry.overtook in numbered:
        entry = numbered[entry.overtook]
        owed = adopt(own=entry.debts, inherited=owed)
    return tuple(replace(e, debts=owed) if e is newest else e for e in entries)


def history(path: str, stored: Iterable[Stored]) -> tuple[Entry, ...]:
    """The entries among `stored`, newest first by number: a listing has no order of its own."""
    numbered = ((number_of(path, item.name), item.value) for item in stored)
    entries = [decode(number, value) for number, value in numbered if number is not None]
    return tuple(sorted(entries, key=lambda entry: entry.number, reverse=True))


def newest_readable(entries: Iterable[Entry]) -> Entry | None:
    """The entry that speaks for the service. `entries` are newest first."""
    return next((entry for entry in entries if entry.readable), None)


def unfinished(entries: Iterable[Entry]) -> Entry | None:
    """The run that has not ended, living or dead; None where the newest readable one has.

    An older open entry was taken over by the ones after it. `entries` are newest first.
    """
    newest = newest_readable(entries)
    return newest if newest and not newest.outcome else None


def tag_of(entries: Iterable[Entry], revision: str) -> str:
    """The newest tag that a run of that revision knew, "" where none did. `entries` are newest first."""
    return next((e.tag for e in entries if e.tag and e.revision == revision), "")


def last_proven(entries: Iterable[Entry], digest: str | None = None) -> Entry | None:
    """The newest entry whose revision was proven, of that image digest if one is given."""
    return next((e for e in entries if e.proven and (digest is None or e.digest == digest)), None)


def last_words(*readings: Iterable[Entry]) -> tuple[Entry, ...]:
    """Several readings of one journal as one, newest first: of each entry what was written last.

    A listing may be seconds behind an earlier one, and an entry that was seen closed is never open again.
    """
    known: dict[int, Entry] = {}
    for entry in (entry for reading in readings for entry in reading):
        older = known.get(entry.number)
        if older is None or not older.outcome or entry.outcome:
            known[entry.number] = entry
    return tuple(known[number] for number in sorted(known, reverse=True))


@contextmanager
def refusing(path: str) -> Iterator[None]:
    """Turn a missing permission into a refusal that names it."""
    try:
        yield
    except Denied as error:
        needed = error.operation or (
            "ssm:GetParametersByPath, ssm:GetParameter, ssm:PutParameter and ssm:DeleteParameter"
        )
        raise Refused(
            f"The deploy journal at {path} cannot be used: the credentials lack {needed}.",
            f'Allow {needed} on parameter{path}/*, or set journal = "off" and go without lock and history.',
        ) from error


def _last(name: str) -> str:
    """The name at the end of an ARN."""
    return name.rsplit("/", 1)[-1]


def _allowed(text: str, also: str = "") -> str:
    return re.sub(
        f"[^A-Za-z0-9_{re.escape(also)}-]",
        lambda found: "".join(f".{byte:02x}" for byte in found[0].encode()),
        text,
    )
