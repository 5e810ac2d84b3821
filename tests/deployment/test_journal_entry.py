"""An entry survives its way through SSM, whatever it holds; and history survives whatever SSM holds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment.debts import Debt
from ecs_deployment.errors import Denied, DeployError, Refused
from ecs_deployment.journal import Entry, journal_path, last_proven, read, unfinished
from ecs_deployment.journal_entry import LIMIT, decode, encode
from ecs_deployment.journal_history import number_of
from hypothesis import HealthCheck, given
from hypothesis import settings as checking
from hypothesis import strategies as st

from tests.deployment.memory_parameters import MemoryParameters, VirtualClock

quick = checking(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.just("{"), max_size=25)
_JSON = (
    st.none()
    | st.booleans()
    | st.integers(-1000, 1000)
    | _TEXT
    | st.dictionaries(_TEXT, st.booleans(), max_size=3)
)
_ENTRIES = st.builds(
    Entry,
    number=st.integers(1, 10**9),
    nonce=_TEXT,
    owner=_TEXT,
    pid=st.integers(0, 2**31),
    tag=_TEXT,
    started=st.floats(0, 1e10),
    debts=st.lists(
        st.builds(Debt, _TEXT, _JSON, _JSON, st.lists(_JSON, max_size=2).map(tuple)), max_size=2
    ).map(tuple),
    deployments=st.lists(_TEXT, max_size=5).map(tuple),
    outcome=_TEXT,
    proven=st.booleans(),
    cause=_TEXT,
)


@quick
@given(_ENTRIES)
def test_what_is_written_is_read(entry: Entry) -> None:
    text = encode(entry)
    assert "{{" not in text
    assert decode(entry.number, text) == entry


@quick
@given(_ENTRIES, st.integers(0, 9000), st.sampled_from(["x", "{", "é", "\U0001f680", '"']))
def test_too_long_a_text_loses_its_end_and_nothing_else(entry: Entry, times: int, text: str) -> None:
    long = replace(entry, cause=text * times, run_url=text * (times // 2), deployments=entry.deployments[:2])
    written = encode(long)
    assert len(written.encode()) <= LIMIT
    back = decode(entry.number, written)
    assert (back.debts, back.deployments, back.nonce) == (entry.debts, long.deployments, entry.nonce)
    assert long.cause.startswith(back.cause.removesuffix("…"))


def test_what_was_given_back_goes_before_what_is_owed() -> None:
    owed, settled = Debt("floor", "x" * 2000, 0), Debt("ceiling", "y" * 2500, 0)
    back = decode(1, encode(Entry(1, service="app", debts=(owed,), settled=(settled,))))
    assert (back.debts, back.settled) == ((owed,), ())
    assert decode(1, encode(Entry(1, settled=(settled,)))).settled == (settled,)


def test_debts_that_do_not_fit_are_refused_not_cut() -> None:
    with pytest.raises(DeployError, match="needs"):
        encode(Entry(1, service="app", debts=(Debt("floor", "x" * 5000, 0),)))


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", '"x"', "nonsense", "[" * 4000, '{"nonce":1}', '{"nonce":"n","debts":{}}',
        '{"nonce":"n","debts":[{"what":"floor"}]}', '{"nonce":"n","debts":[7]}', '{"nonce":"n","pid":true}',
        '{"nonce":"n","started":NaN}', '{"nonce":"n","started":"x"}', '{"nonce":"n","deployments":[1]}',
        '{"nonce":"n","proven":1}', '{"nonce":"n","outcome":null}',
    ],
)  # fmt: skip
def test_what_is_no_entry_is_unreadable(text: str) -> None:
    entry = decode(7, text)
    assert (entry.number, entry.readable, entry.outcome) == (7, False, "unreadable")


@quick
@given(st.text(max_size=60) | st.recursive(_JSON, st.lists).map(json.dumps))
def test_nothing_crashes_the_reader(text: str) -> None:
    assert decode(1, text).number == 1


def test_keys_of_other_versions() -> None:
    entry = decode(3, json.dumps({"nonce": "n", "tag": "v1", "invented_later": {"a": 1}}))
    assert (entry.tag, entry.outcome, entry.debts, entry.readable) == ("v1", "", (), True)


def test_half_a_surrogate_pair_can_be_printed() -> None:
    decode(1, '{"nonce":"n","tag":"\\ud800"}').tag.encode()


@pytest.mark.parametrize(
    ("prefix", "cluster", "service", "path"),
    [
        ("deploys", "app-staging", "app", "/deploys/app-staging/app"),
        ("deploys", "arn:aws:ecs:x:1:cluster/main", "arn:aws:ecs:x:1:service/main/app", "/deploys/main/app"),
        ("a.b", "c", "a.b é", "/a.b/c/a.2eb.20.c3.a9"),
        ("deploys", "c", "a.2eb", "/deploys/c/a.2e2eb"),
    ],
)  # fmt: skip
def test_journal_path(prefix: str, cluster: str, service: str, path: str) -> None:
    assert journal_path(prefix, cluster, service) == path


@pytest.mark.parametrize(
    ("last", "number"),
    [("00000012", 12), ("123456789", 123456789), ("12", None), ("0000001x", None), ("a/00000001", None),
     ("\u0660" * 8, None), ("", None)],
)  # fmt: skip
def test_number_of(last: str, number: int | None) -> None:
    assert number_of("/p/c/s", f"/p/c/s/{last}") == number


def test_history_is_newest_first_by_number_and_shows_what_it_cannot_read() -> None:
    parameters = MemoryParameters(VirtualClock())
    numbers = [99_999_999, 100_000_000, 3]
    for number in numbers:
        parameters.plant(f"/p/{number:08d}", encode(Entry(number, nonce="n", outcome="deployed")))
    parameters.plant("/p/00000007", "garbage")
    parameters.plant("/p/README", "not ours")
    entries = read(parameters, "/p")
    assert [entry.number for entry in entries] == [100_000_000, 99_999_999, 7, 3]
    assert [entry.readable for entry in entries] == [True, True, False, True]


def test_which_run_is_open_and_which_revision_was_proven() -> None:
    def made(number: int, **more: Any) -> Entry:
        return Entry(number, nonce="n", **more)

    garbage = Entry(9, outcome="unreadable", readable=False)
    proven = made(3, outcome="deployed", proven=True, digest="sha256:a")
    older = made(2, outcome="deployed", proven=True, digest="sha256:b")
    entries = (garbage, made(5, outcome="failed"), made(4), proven, older)
    assert unfinished(entries) is None, "4 was taken over by 5"
    assert unfinished((garbage, *entries[2:])) == entries[2]
    assert unfinished(()) is None
    assert last_proven(entries) == proven
    assert last_proven(entries, "sha256:b") == older
    assert last_proven(entries, "sha256:c") is None


def test_a_missing_permission_is_named() -> None:
    parameters = MemoryParameters(VirtualClock())

    def deny(operation: str, _: str) -> None:
        raise Denied("no", operation="ssm:GetParametersByPath")

    parameters.before = deny
    with pytest.raises(Refused, match=r"lack ssm:GetParametersByPath.*journal = \"off\"") as caught:
        read(parameters, "/p/c/s")
    assert caught.value.exit_code == 2
