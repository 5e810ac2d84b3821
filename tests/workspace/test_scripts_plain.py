"""Commands of package.json, Makefiles and shell scripts, each at its line."""

from __future__ import annotations

import pytest
from workspace_checks import scripts_plain
from workspace_checks.errors import WorkspaceError
from workspace_checks.scripts_model import Script

PACKAGE = """\
{
  "name": "build",
  "scripts": {
    "build": "tsc",
    "pré": "inv a.b && inv c.d",
    "odd": 1
  },
  "husky": { "hooks": {
    "pre-commit": "inv deps.check"
  } },
  "lint-staged": {
    "*.py": ["ruff check", 1, "ruff format"]
  }
}
"""

MAKEFILE = """\
export INFRA_ENV := staging
TAG = $(shell git rev-parse HEAD)

deploy: build ; inv app.deploy
\t@inv app.verify --tag $(TAG) \\
\t  --service ${NAME} --only $$HOME
\t-inv a.b

# comment: inv x
build:
\techo
"""


def test_package_json() -> None:
    assert list(scripts_plain.package("p", PACKAGE)) == [
        Script("p", 4, "tsc", folded=True),
        Script("p", 5, "inv a.b && inv c.d", folded=True),
        Script("p", 9, "inv deps.check", folded=True),
        Script("p", 12, "ruff check", folded=True),
        Script("p", 12, "ruff format", folded=True),
    ]


@pytest.mark.parametrize("text", ["[]", "1", "{}", '{"scripts": []}', '{"scripts": null, "husky": 1}'])
def test_another_shape_holds_no_commands(text: str) -> None:
    assert list(scripts_plain.package("p", text)) == []


@pytest.mark.parametrize(("text", "said"), [('{\n"a": }', "p:2: this is no JSON"), ("[" * 100_000, "p:1: ")])
def test_what_is_no_json_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(WorkspaceError) as caught:
        list(scripts_plain.package("p", text))
    assert caught.value.what.startswith(said)


def test_a_makefile() -> None:
    given = frozenset({"INFRA_ENV"})
    assert list(scripts_plain.makefile("m", MAKEFILE)) == [
        Script("m", 4, "inv app.deploy", given),
        Script("m", 5, "inv app.verify --tag ${{ TAG }} \\\n  --service ${{ NAME }} --only $HOME", given),
        Script("m", 7, "inv a.b", given),
        Script("m", 11, "echo", given),
    ]


def test_the_commands_of_a_readme_are_told() -> None:
    text = (
        "# x\n\n```bash\n$ inv a.b\n  out\n```\n```python\ninv = 1\n```\n"
        "  ~~~sh title\n  inv c.d\n  ~~~\n```sh\nnever closed"
    )
    assert list(scripts_plain.markdown("m", text)) == [
        Script("m", 4, "inv a.b\n  out\n", told=True, borrowed=True),
        Script("m", 11, "  inv c.d\n", told=True, borrowed=True),
    ]


def test_a_shell_script_is_read_as_it_is() -> None:
    assert list(scripts_plain.shell("s", "#!/bin/sh\ninv a.b\n")) == [Script("s", 1, "#!/bin/sh\ninv a.b\n")]
