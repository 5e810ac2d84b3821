"""Whatever the file holds, `load` gives Settings or a SettingsError."""

import json
import tempfile
from pathlib import Path
from typing import Any

from ecs_deployment.errors import SettingsError
from ecs_deployment.settings import Settings, load
from hypothesis import HealthCheck, given
from hypothesis import settings as checking
from hypothesis import strategies as st

# Two busy cores may be slow: that is no finding.
quick = checking(deadline=None, suppress_health_check=[HealthCheck.too_slow])

WORDS = (
    "provider account region journal services container cluster service url build health_path scale_to_zero "
    "idle_minutes overlap interruption repository command app platform context"
)
KEYS = st.sampled_from(WORDS.split()) | st.text(max_size=6)
SCALARS = (
    st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["aws", "local", "accepted", "123456789012", "https://a.example", "app", "/x", "http://["]
    )
    | st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(KEYS, v, max_size=5), max_leaves=12
)
ENVIRONMENTS = st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=6) | VALUES, max_size=3)


def _toml(value: Any) -> str:
    """A value in TOML; a JSON string is nearly a TOML string."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value).replace("\x7f", "\\u007f")


def _load(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "environments.toml"
        path.write_bytes(content)
        outcome = _outcome(path)
        if isinstance(outcome, SettingsError):
            assert str(path) in outcome.what
            assert outcome.what.isprintable()
            assert outcome.cure


def _outcome(path: Path) -> Settings | SettingsError:
    try:
        return load(path)
    except SettingsError as error:
        return error


@quick
@given(ENVIRONMENTS)
def test_any_structure(environments: dict[str, Any]) -> None:
    _load(f"environments = {_toml(environments)}".encode())


@quick
@given(
    ENVIRONMENTS.map(lambda e: {name: {"provider": "aws", "services": {"app": t}} for name, t in e.items()})
)
def test_any_service(environments: dict[str, Any]) -> None:
    _load(f"environments = {_toml(environments)}".encode())


@quick
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    _load(content)


@quick
@given(st.text(alphabet="environments.local=[]{}\"'\n #1,", max_size=60))
def test_anything_like_toml(content: str) -> None:
    _load(b'[environments.local]\nprovider = "local"\n' + content.encode())
