"""What a command comes down to, once its wrappers are off."""

from __future__ import annotations

import pytest
from workspace_checks.scripts_words import commands
from workspace_checks.scripts_wrappers import unwrapped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("inv a.b", ["inv a.b"]),
        ("exec inv a.b", ["inv a.b"]),
        ("sudo -E -u me timeout -k 5 5m nice -n 10 inv a.b", ["inv a.b"]),
        ("env -i A=1 B=2 inv a.b", ["inv a.b"]),
        ("cross-env A=1 inv a.b", ["inv a.b"]),
        (".venv/bin/uv run --frozen inv a.b", ["inv a.b"]),
        ("uv run --python 3.12 --package x --frozen python -m invoke a.b", ["inv a.b"]),
        ("uv run -m pytest -q", ["pytest -q"]),
        ("uvx --from x ruff check", ["ruff check"]),
        ("uv tool run ruff check", ["ruff check"]),
        ("poetry run pytest", ["pytest"]),
        ("npx -p x cdk deploy", ["cdk deploy"]),
        ("pnpm exec cdk deploy", ["cdk deploy"]),
        ("corepack pnpm install", ["pnpm install"]),
        ("python3.12 -m pip install uv", ["pip install uv"]),
        ("python -I -X dev -m pytest", ["pytest"]),
        ("python x.py -m pytest", ["python x.py -m pytest"]),
        ("python -c 'import x'", ["python -c import x"]),
        ("python -m pre_commit run", ["pre-commit run"]),
        ("invoke a.b", ["inv a.b"]),
        ("bash -euo pipefail -c 'cd x && inv a.b'", ["cd x", "inv a.b"]),
        ("sh -c pytest", ["pytest"]),
        ("sh script.sh", []),
        ("eval \"inv a.b\" '&& inv c.d'", ["inv a.b", "inv c.d"]),
        ("command -v uv", []),
        ("command uv lock", ["uv lock"]),
        ("xargs -n 1 inv a.b --only", ["inv a.b --only"]),
        ("exec", []),
        ("uv run", []),
        ("timeout 5", []),
        ("sudo " * 50 + "inv a.b", []),
    ],
)
def test_unwrapped(text: str, expected: list[str]) -> None:
    found = [inner for command in commands(text) for inner in unwrapped(command)]
    assert [" ".join(inner.texts) for inner in found] == expected


def test_what_is_set_on_the_way_is_given() -> None:
    (command,) = commands("A=1 env B=2 sh -c 'C=3 inv a.b'")
    (inner,) = unwrapped(command)
    assert inner.given == {"A", "B", "C"}
