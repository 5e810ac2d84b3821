"""Commands of workflows, composite actions and hook configurations, each at its line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workspace_checks import scripts_yaml
from workspace_checks.errors import WorkspaceError
from workspace_checks.scripts_model import Script, Use

WORKFLOW = """\
env:
  TOP: 1
  NOTHING: ""
defaults:
  run: { shell: bash }
jobs:
  one:
    env: { INFRA_ENV: "${{ inputs.env }}" }
    steps:
      - uses: docker/build-push-action@v6
      - uses: ./.github/actions/install
      - run: inv a.b
      - name: several
        env:
          STEP: x
        run: |

          inv c.d \\
            --tag x
      - run: >-
          inv e.f
          --tag x
      - run: echo "LATER=x" >> "$GITHUB_ENV"
      - { run: inv g.h, shell: "bash -e {0}" }
      - run: print("inv")
        shell: python
      - run: Get-Item
        shell: pwsh
  two:
    uses: owner/repo/.github/workflows/x.yml@main
  three:
    steps: &again
      - run: inv i.j
  four:
    steps: *again
"""


def test_a_workflow() -> None:
    found = list(scripts_yaml.workflow("w", WORKFLOW))
    one = frozenset({"TOP", "INFRA_ENV"})
    assert found == [
        Use("w", 10, "action", "docker/build-push-action"),
        Script("w", 12, "inv a.b", one, folded=True),
        Script("w", 17, "\ninv c.d \\\n  --tag x\n", one | {"STEP"}),
        Script("w", 20, "inv e.f --tag x", one, folded=True),
        Script("w", 23, 'echo "LATER=x" >> "$GITHUB_ENV"', one, folded=True),
        Script("w", 24, "inv g.h", one | {"LATER"}, folded=True),
        Use("w", 30, "action", "owner/repo/.github/workflows/x.yml"),
        Script("w", 33, "inv i.j", frozenset({"TOP"}), folded=True),
        Script("w", 33, "inv i.j", frozenset({"TOP"}), folded=True),
    ]


def test_a_composite_action_borrows_the_surroundings_of_its_caller() -> None:
    text = "runs:\n  using: composite\n  steps:\n    - run: |\n        inv a.b\n      shell: bash\n"
    assert list(scripts_yaml.action("a", text)) == [Script("a", 5, "inv a.b\n", borrowed=True)]
    assert list(scripts_yaml.action("a", "runs:\n  using: node24\n  main: x.js\n")) == []


def test_hooks() -> None:
    text = """\
repos:
  - repo: local
    hooks:
      - id: mine
        entry: .ci/inv repo.lint
        args: [--fast]
        language: script
      - { id: words, entry: "uv lock", language: pygrep }
      - { id: nothing }
  - repo: https://example.com/uv-pre-commit
    hooks:
      - id: uv-lock
"""
    assert list(scripts_yaml.hooks("h", text)) == [
        Script("h", 5, ".ci/inv repo.lint --fast", folded=True),
        Use("h", 12, "hook", "uv-lock"),
    ]


@pytest.mark.parametrize(
    "text", ["", "[]", "1", "jobs: []", "jobs: {a: 1, b: {steps: {x: 1}}}", "? [a]\n: b", "--- a"]
)
def test_another_shape_holds_no_commands(text: str) -> None:
    for read in (scripts_yaml.workflow, scripts_yaml.action, scripts_yaml.hooks):
        assert list(read("x", text)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("jobs:\n  a: [\n", "x:3: this is no YAML: "),
        ("a: b: c\n", "x:1: this is no YAML: "),
        ("a: *nobody\n", "x:1: this is no YAML: "),
        ("a: \x01\n", "x:1: this is no YAML: "),
        ("a\n---\nb\n", "x:2: this is no YAML: "),
    ],
)
def test_what_is_no_yaml_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(WorkspaceError) as caught:
        list(scripts_yaml.workflow("x", text))
    assert caught.value.exit_code == 2
    assert caught.value.what.startswith(said)
    assert "\n" not in caught.value.what


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab:-[]{}\"'|>&*!#%@?,\n ") | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        list(scripts_yaml.workflow("x", text))
        list(scripts_yaml.hooks("x", text))
    except WorkspaceError:
        pass
