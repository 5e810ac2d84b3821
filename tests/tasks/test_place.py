"""Which environment is meant where none is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks import _place
from tasks._parse import UsageError


def test_the_environment_falls_back_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INFRA_ENV", "staging")
    assert _place.environment("local") == "local"
    assert capsys.readouterr().err == ""
    assert _place.environment("") == "staging"
    assert capsys.readouterr().err == "Environment staging (from INFRA_ENV).\n"


@pytest.mark.parametrize("set_to", [None, "", "  "])
def test_a_missing_environment_names_the_known_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, set_to: str | None
) -> None:
    file = tmp_path / "some.toml"
    file.write_text('[environments.local]\nprovider = "local"\n[environments."päris"]\n', encoding="utf-8")
    monkeypatch.setenv("INFRA_ENVIRONMENTS", str(file))
    monkeypatch.delenv("INFRA_ENV", raising=False)
    if set_to is not None:
        monkeypatch.setenv("INFRA_ENV", set_to)
    with pytest.raises(UsageError) as caught:
        _place.environment("")
    assert "--env" in caught.value.cure
    assert caught.value.cure.endswith("Known: local, päris.")


@pytest.mark.parametrize("content", [None, b"[broken", b"\xff", b"environments = 3"])
def test_a_file_that_cannot_be_read_is_named_instead(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "some.toml"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("INFRA_ENVIRONMENTS", str(file))
    monkeypatch.delenv("INFRA_ENV", raising=False)
    with pytest.raises(UsageError) as caught:
        _place.environment("")
    assert str(file) in caught.value.cure
