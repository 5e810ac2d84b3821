"""Makes an image of a directory: one configuration, one layer, one manifest, the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
_LEFT_OUT = {".git", ".hg", ".venv", "__pycache__", "node_modules"}  # never part of what is deployed
_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}  # ECS and the machines -> OCI


@dataclass(frozen=True)
class BuiltImage:
    """An image that is ready to publish. `blobs` holds configuration and layer by digest."""

    manifest: bytes
    digest: str
    blobs: dict[str, bytes]


def oci_architecture(name: str) -> str:
    """An architecture as OCI writes it: `X86_64` (ECS) and `x86_64` (the machine) are `amd64`."""
    return _NAMES.get(name.lower(), name.lower())


def build(
    directory: Path,
    command: Sequence[str],
    *,
    architecture: str,
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> BuiltImage:
    """Makes an image of everything in `directory` that runs `command` there.

    The same content, command and settings give the same digest on every machine: files are sorted, times,
    owners and umask are left out. `.git`, `.venv`, `node_modules` and byte code are left out too.
    """
    layer = _layer(directory)
    config = {
        "architecture": oci_architecture(architecture),
        "os": "linux",
        "config": {
            "Cmd": list(command),
            "Env": [f"{name}={value}" for name, value in sorted((environment or {}).items())],
            "ExposedPorts": {} if port is None else {f"{port}/tcp": {}},
            "WorkingDir": "/",
        },
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
    }
    configuration = _json(config)
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": _descriptor(_CONFIG_TYPE, configuration),
            "layers": [_descriptor(_LAYER_TYPE, layer)],
        }
    )
    blobs = {_digest(configuration): configuration, _digest(layer): layer}
    return BuiltImage(manifest, _digest(manifest), blobs)


def _layer(directory: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in _content(directory):
            entry = archive.gettarinfo(path, path.relative_to(directory).as_posix())
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
            entry.mode = 0o755 if entry.mode & 0o111 else 0o644
            if entry.isreg():
                with path.open("rb") as content:
                    archive.addfile(entry, content)
            elif entry.isdir() or entry.issym():
                archive.addfile(entry)
    return buffer.getvalue()


def _content(directory: Path) -> Iterator[Path]:
    """Files, links and folders below `directory`, parents first, in an order of names alone."""
    for path in sorted(directory.iterdir(), key=lambda one: one.name):
        if path.name in _LEFT_OUT or path.suffix == ".pyc":
            continue
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _content(path)


def _descriptor(media_type: str, content: bytes) -> dict[str, str | int]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
