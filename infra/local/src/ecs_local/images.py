"""What an image is here, and how a task gets it: a reference, its manifest, its content on disk.

An image is a real OCI manifest whose one layer is a directory. The registry (ECR) holds the manifest, the
blob store holds configuration and layer, and a task runs in the unpacked directory.

    build -> publish -> [ECR PutImage, blobs]        reference -> resolve -> unpacked directory + command
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from ecs_local.images_build import BuiltImage, build, oci_architecture
from ecs_local.images_publish import publish
from ecs_local.images_store import BlobStore, DamagedImageError, unpack

__all__ = [
    "BlobStore",
    "BuiltImage",
    "CannotPullError",
    "DamagedImageError",
    "GetManifest",
    "ImageReference",
    "ResolvedImage",
    "build",
    "oci_architecture",
    "parse_reference",
    "publish",
    "resolve",
    "unpack",
]

GetManifest = Callable[[str, str], Awaitable[tuple[bytes, str] | None]]
"""(repository, tag or digest) -> (manifest, digest), or None where the registry has none."""

_REFERENCE = re.compile(
    r"(?P<registry>\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?)"
    r"/(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)


class CannotPullError(Exception):
    """The image of a container cannot be had; the text is the stopped task's reason, in the words of ECS."""

    exit_code = 2

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"CannotPullContainerError: pull image manifest has been retried 1 time(s): {problem}"
        )


@dataclass(frozen=True)
class ImageReference:
    """The parts of `<registry>/<repository>:<tag>` or `<registry>/<repository>@<digest>`."""

    registry: str
    repository: str
    tag: str | None
    digest: str | None

    @property
    def wanted(self) -> str:
        """What the registry is asked for: a digest wins over a tag; without both it is `latest`."""
        return self.digest or self.tag or "latest"


@dataclass(frozen=True)
class ResolvedImage:
    """An image that is on disk, ready to run. `port` is the first one it exposes."""

    digest: str
    path: Path
    command: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    port: int | None = None
    entrypoint: tuple[str, ...] = ()
    working_dir: str = ""  # below `path`
    architecture: str = ""  # "amd64", "arm64"; "" where the image does not say


def parse_reference(image: str) -> ImageReference | None:
    """The parts of an image name in an ECR registry, or None for any other name."""
    found = _REFERENCE.fullmatch(image)
    if found is None:
        return None
    return ImageReference(found["registry"], found["repository"], found["tag"], found["digest"])


async def resolve(
    image_ref: str, get_manifest: GetManifest, store: BlobStore, directory: Path
) -> ResolvedImage:
    """Finds an image in the registry and has it unpacked below `directory`, once per digest.

    Raises CannotPullError, worded as a stopped task's reason.
    """
    reference = parse_reference(image_ref)
    if reference is None:
        raise CannotPullError(
            f'failed to resolve ref "{image_ref}": no such registry: the embedded ECS pulls from ECR alone'
        )
    found = await get_manifest(reference.repository, reference.wanted)
    if found is None:
        raise CannotPullError(f"failed to resolve ref {image_ref}: {image_ref}: not found")
    manifest, digest = found
    try:
        return await asyncio.to_thread(_load, manifest, digest, store, directory)
    except DamagedImageError as error:
        raise CannotPullError(f"failed to resolve ref {image_ref}: {error}") from error


def _load(manifest: bytes, digest: str, store: BlobStore, directory: Path) -> ResolvedImage:
    path = unpack(manifest, store, directory)
    try:
        image = json.loads(store.get(json.loads(manifest)["config"]["digest"]))
        config = image.get("config") or {}
        return ResolvedImage(
            digest=digest,
            path=path,
            command=tuple(config.get("Cmd") or ()),
            env=dict(entry.split("=", 1) for entry in config.get("Env") or ()),
            port=next((int(name.partition("/")[0]) for name in config.get("ExposedPorts") or ()), None),
            entrypoint=tuple(config.get("Entrypoint") or ()),
            working_dir=(config.get("WorkingDir") or "").lstrip("/"),
            architecture=image.get("architecture", ""),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise DamagedImageError("the image configuration is not one of the OCI image format") from error
