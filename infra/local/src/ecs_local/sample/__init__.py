"""The small service that a new engine has published: two good versions and a broken one.

`content/` is what the image holds. The variants differ in their settings alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ecs_local.images_build import BuiltImage, build

PORT = 8080
_CONTENT = Path(__file__).parent / "content"


@dataclass(frozen=True)
class SampleImage:
    """One version of the sample service, as it is built: content, command, environment, port."""

    tag: str
    directory: Path
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    port: int = PORT

    def build(self, architecture: str = "amd64") -> BuiltImage:
        """The image, ready to publish. `amd64` is what ECS takes where a task definition does not say."""
        return build(
            self.directory,
            self.command,
            architecture=architecture,
            port=self.port,
            environment=self.environment,
        )


def variants() -> dict[str, SampleImage]:
    """The published versions by tag: `demo` and `demo-2` work, `demo-broken` lacks a setting and crashes."""
    return {
        "demo": _variant("demo", VERSION="demo"),
        "demo-2": _variant("demo-2", VERSION="demo-2"),
        "demo-broken": _variant("demo-broken", VERSION="demo-broken", REQUIRED_SETTINGS="DATABASE_URL"),
    }


def _variant(tag: str, **environment: str) -> SampleImage:
    # -S: nothing of the interpreter's site packages is needed, and it starts in a third of the time
    return SampleImage(tag, _CONTENT, ("python", "-S", "serve.py"), environment)
