"""How findings are said: to a reader, to a program, to GitHub."""

from __future__ import annotations

from workspace_checks.findings import Finding, document, github, text

ONE = Finding("b.yml", 2, "S002", "no such task: a.b.", "Did you mean a.c?")
TWO = Finding("a,b: 100%.yml", 1, "S001", "`aws` goes past the tree.\nOdd.", "Use: inv app.deploy")


def test_each_has_its_line_and_its_cure() -> None:
    assert text([ONE, TWO]) == (
        "a,b: 100%.yml:1: S001 `aws` goes past the tree.\nOdd. Use: inv app.deploy\n"
        "b.yml:2: S002 no such task: a.b. Did you mean a.c?"
    )


def test_a_cure_that_all_share_stands_once() -> None:
    assert text([Finding("b", 1, "D1", "x", "fix"), Finding("a", 1, "D1", "y", "fix")]) == (
        "a:1: D1 y\nb:1: D1 x\nfix"
    )
    assert text([]) == ""


def test_github_gets_what_it_can_read() -> None:
    assert github([TWO, ONE]).splitlines() == [
        (
            "::error file=a%2Cb%3A 100%25.yml,line=1,title=S001::"
            "`aws` goes past the tree.%0AOdd. Use: inv app.deploy"
        ),
        "::error file=b.yml,line=2,title=S002::no such task: a.b. Did you mean a.c?",
    ]


def test_the_object_for_programs() -> None:
    assert document([], "index") == {"outcome": "well", "exit_code": 0, "source": "index", "findings": []}
    found = document([ONE, TWO], "index")
    assert (found["outcome"], found["exit_code"]) == ("found", 3)
    assert found["findings"] == [
        {"path": "a,b: 100%.yml", "line": 1, "code": "S001", "message": TWO.message, "cure": TWO.cure},
        {"path": "b.yml", "line": 2, "code": "S002", "message": ONE.message, "cure": ONE.cure},
    ]
