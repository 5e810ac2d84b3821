"""Shell text in, simple commands out: a table of what scripts look like, and any text at all."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workspace_checks.scripts_words import commands

TABLE = [
    ("inv deps.check", [(0, "inv deps.check")]),
    ("cd x && inv a.b | tee log", [(0, "cd x"), (0, "inv a.b"), (0, "tee log")]),
    ("A=1 B='x y' exec inv a.b", [(0, "exec inv a.b")]),
    ("inv a.b \\\n  --tag x\ninv c.d", [(0, "inv a.b --tag x"), (2, "inv c.d")]),
    ("\n\n  inv a.b # inv c.d\n# inv e.f", [(2, "inv a.b")]),
    ("echo a#b '#c' \"#d\"", [(0, "echo a#b #c #d")]),
    ("inv a.b >/dev/null 2>&1 </dev/null", [(0, "inv a.b")]),
    ("inv a.b &> log; inv c.d &>> log & inv e.f", [(0, "inv a.b"), (0, "inv c.d"), (0, "inv e.f")]),
    ("cat <<EOF | tee x\ninv a.b\nEOF\ninv c.d", [(0, "cat"), (0, "tee x"), (3, "inv c.d")]),
    ("cat <<-'END'\n\tinv a.b\n\tEND\ninv c.d", [(0, "cat"), (3, "inv c.d")]),
    ("cat <<< word && inv a.b", [(0, "cat"), (0, "inv a.b")]),
    ("cat <<EOF\nnever ended", [(0, "cat")]),
    ("if ! inv a.b; then inv c.d; else inv e.f; fi", [(0, "inv a.b"), (0, "inv c.d"), (0, "inv e.f")]),
    ("for x in uv pip; do inv a.b; done", [(0, "inv a.b")]),
    ("while true; do inv a.b; done < file", [(0, "true"), (0, "inv a.b")]),
    ("case $1 in\n  uv|pip) inv a.b ;;\n  *) inv c.d\nesac", [(1, "inv a.b"), (2, "inv c.d")]),
    ("(cd x; inv a.b) && { inv c.d; }", [(0, "cd x"), (0, "inv a.b"), (0, "inv c.d")]),
    ("uv() { inv a.b; }\nfunction pip { inv c.d; }", [(0, "inv a.b"), (1, "inv c.d")]),
    ("pips=(uv 'pip install') && inv a.b", [(0, "inv a.b")]),
    ("x=$(inv a.b) y=`inv c.d`", [(0, "inv a.b"), (0, "inv c.d")]),
    ('echo "$(a "$(inv c.d)")"', [(0, "inv c.d"), (0, "a $(inv c.d)"), (0, 'echo $(a "$(inv c.d)")')]),
    ("diff <(inv a.b) >(inv c.d)", [(0, "inv a.b"), (0, "inv c.d"), (0, "diff inv a.b) inv c.d)")]),
    ("echo $((1 + 2)) && inv a.b", [(0, "echo $((1 + 2))"), (0, "inv a.b")]),
    ("inv a.b --tag ${{ github.sha || 'x y' }}", [(0, "inv a.b --tag ${{ github.sha || 'x y' }}")]),
    ("inv a.b --tag \"${TAG:-none}\" $1 $?", [(0, "inv a.b --tag ${TAG:-none} $1 $?")]),
    ("inv a.b --match 'never closed", [(0, "inv a.b --match never closed")]),
    ("", []),
    ("A=1\n;;\n&&\n)", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), TABLE)
def test_commands(text: str, expected: list[tuple[int, str]]) -> None:
    found = [(command.line, " ".join(command.texts)) for command in commands(text)]
    assert found == expected


def test_what_is_filled_in_is_marked_and_what_is_quoted_is_not() -> None:
    (command,) = commands("inv \"a\"'b'\\c $X \"$Y\" ${{ z }} '$n' \\$m x${V}y")
    assert [(word.text, word.dynamic) for word in command.words] == [
        ("inv", False),
        ("abc", False),
        ("$X", True),
        ("$Y", True),
        ("${{ z }}", True),
        ("$n", False),
        ("$m", False),
        ("x${V}y", True),
    ]


def test_variables_in_front_are_given_to_the_command() -> None:
    first, second = commands("A=1 B+=2 inv a.b C=3; inv c.d")
    assert (first.given, second.given) == ({"A", "B"}, frozenset())
    assert first.texts == ("inv", "a.b", "C=3")


@pytest.mark.parametrize("program", ["inv", ".venv/bin/inv", "C:\\x\\inv.exe", "./inv"])
def test_a_program_is_known_by_its_name(program: str) -> None:
    (command,) = commands(f"'{program}' a.b")
    assert command.program == "inv"


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab \t\n'\"\\$`(){}<>|&;#=*!-1EOF") | st.text())
def test_any_text_gives_an_answer(text: str) -> None:
    found = commands(text)
    assert all(command.words for command in found)
    lines = [command.line for command in found]
    assert lines == sorted(lines)
    assert all(0 <= line <= text.count("\n") for line in lines)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.text(min_size=1), min_size=1, max_size=4), min_size=1, max_size=4))
def test_what_the_standard_library_quotes_is_read_back(wanted: list[list[str]]) -> None:
    scripts = [["run", *words] for words in wanted]
    found = commands(" && ".join(shlex.join(words) for words in scripts))
    assert [list(command.texts) for command in found] == scripts


@pytest.mark.parametrize(
    "text", ["$(" * 5000, "`" * 5000, "<(" * 5000, "(" * 5000, "${" * 5000, '"$(' * 5000]
)
def test_deep_nesting_is_no_trouble(text: str) -> None:
    assert isinstance(commands(text), list)
