"""Where things stand: the repository, the environments, the home of the embedded ECS."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tasks._parse import UsageError

ROOT = Path(__file__).resolve().parents[1]


def environments_file() -> Path:
    """The file that names the environments: $INFRA_ENVIRONMENTS, or infra/environments.toml."""
    named = os.environ.get("INFRA_ENVIRONMENTS")
    return Path(named).expanduser().absolute() if named else ROOT / "infra" / "environments.toml"


def engine_home() -> Path:
    """Where the engine keeps its file and log: $ECS_LOCAL_HOME, or .ecs-local of this clone."""
    named = os.environ.get("ECS_LOCAL_HOME")
    return Path(named).expanduser().absolute() if named else ROOT / ".ecs-local"


def known_environments(file: Path) -> tuple[str, ...]:
    """Their names, for a hint only: a file that cannot be read has none here and is refused elsewhere."""
    import tomllib

    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("environments", {})
    except (OSError, ValueError):
        return ()
    return tuple(table) if isinstance(table, dict) else ()


def environment(value: str) -> str:
    """The environment's name: `--env`, or $INFRA_ENV, and then stderr says so."""
    if value.strip():
        return value.strip()
    fallback = os.environ.get("INFRA_ENV", "").strip()
    if fallback:
        print(f"Environment {fallback} (from INFRA_ENV).", file=sys.stderr)
        return fallback
    known = known_environments(environments_file())
    cure = f"Known: {', '.join(known)}." if known else f"They are named in {environments_file()}."
    raise UsageError("No environment was named.", f"Add --env NAME or set INFRA_ENV. {cure}")
