"""Parameters that live and die with the process: what the journal is kept in when it is off."""

from __future__ import annotations

from collections.abc import Sequence

from ecs_deployment.cloud import Stored


class Nowhere:
    """`Parameters` without AWS. Nobody else sees them, so nothing here is ever old or contended."""

    def __init__(self) -> None:
        self._stored: dict[str, Stored] = {}

    def list_parameters(self, path: str) -> Sequence[Stored]:
        """All parameters under `path`."""
        return [stored for name, stored in self._stored.items() if name.startswith(path + "/")]

    def read_parameter(self, name: str) -> Stored | None:
        """One parameter, None where there is none."""
        return self._stored.get(name)

    def create_parameter(self, name: str, value: str) -> bool:
        """Create it; False where it exists."""
        return self._stored.setdefault(name, fresh := Stored(name, value, 1, 0.0)) is fresh

    def overwrite_parameter(self, name: str, value: str) -> int:
        """Overwrite it; its new version."""
        version = self._stored[name].version + 1
        self._stored[name] = Stored(name, value, version, 0.0)
        return version

    def delete_parameter(self, name: str) -> None:
        """Delete it."""
        self._stored.pop(name, None)
