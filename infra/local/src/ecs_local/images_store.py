"""Blobs by digest on disk, and images unpacked from them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class DamagedImageError(Exception):
    """An image lacks a part, or a part is not what its digest says, or would leave its directory."""

    exit_code = 2


class BlobStore:
    """Content under its own SHA-256: what is got is what was put, or an error."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, digest: str, content: bytes) -> None:
        """Keeps `content`. Raises ValueError where it is not what `digest` says."""
        path = self._path(digest)
        if "sha256:" + hashlib.sha256(content).hexdigest() != digest:
            raise ValueError(f"The content is not {digest}. Send the bytes that the digest was made of.")
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)

    def get(self, digest: str) -> bytes:
        """The content. Raises DamagedImageError where it is missing or was changed on disk."""
        try:
            content = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise DamagedImageError(f"blob {digest}: not found") from None
        if "sha256:" + hashlib.sha256(content).hexdigest() != digest:
            raise DamagedImageError(f"blob {digest}: the stored content has another digest")
        return content

    def has(self, digest: str) -> bool:
        """Whether the content is there."""
        return self._path(digest).exists()

    def _path(self, digest: str) -> Path:
        if _DIGEST.fullmatch(digest) is None:
            raise ValueError(f"{digest!r} is not a digest. A digest is sha256: and 64 hexadecimal digits.")
        return self._directory / digest.removeprefix("sha256:")


def unpack(manifest: bytes, store: BlobStore, directory: Path) -> Path:
    """Unpacks an image below `directory`, once per digest, and says where it is.

    Unpacks beside and renames, so two at once and a death in between do no harm. Raises DamagedImageError.
    """
    target = directory / hashlib.sha256(manifest).hexdigest()
    if target.exists():
        return target
    try:
        layers = [layer["digest"] for layer in json.loads(manifest)["layers"]]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedImageError("the manifest is not one of a single image") from error
    directory.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=directory, prefix="."))
    try:
        for digest in layers:
            _extract(_blob(store, digest), beside)
        beside.chmod(0o755)
        beside.rename(target)
    except (tarfile.TarError, OSError) as error:
        if not target.exists():  # else somebody else was quicker, with the same content
            raise DamagedImageError(f"a layer cannot be unpacked: {error}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def _blob(store: BlobStore, digest: str) -> bytes:
    try:
        return store.get(digest)
    except ValueError as error:
        raise DamagedImageError(str(error)) from error


def _extract(layer: bytes, root: Path) -> None:
    """Files, folders and links of one layer; whatever would land outside of `root` is refused."""
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        for entry in archive:
            path = _inside(root, entry.name)
            if entry.isdir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if entry.issym():
                _inside(root, str(PurePosixPath(entry.name).parent / entry.linkname))
                path.symlink_to(entry.linkname)
            elif entry.isreg():
                _write(archive, entry, path)
            else:
                raise DamagedImageError(f"{entry.name} is neither a file nor a folder nor a link")


def _write(archive: tarfile.TarFile, entry: tarfile.TarInfo, path: Path) -> None:
    content = archive.extractfile(entry)
    if content is None:
        raise DamagedImageError(f"{entry.name} has no content")
    path.unlink(missing_ok=True)  # never write through a link of an earlier entry
    with content, path.open("wb") as file:
        shutil.copyfileobj(content, file)
    path.chmod(0o755 if entry.mode & 0o111 else 0o644)


def _inside(root: Path, name: str) -> Path:
    """Where an entry belongs; links on the way are followed before it is judged."""
    if PurePosixPath(name).is_absolute():
        raise DamagedImageError(f"{name} is an absolute path; a layer holds relative ones")
    path = root / name
    if not Path(os.path.normpath(path)).is_relative_to(root):
        raise DamagedImageError(f"{name} would leave the image's directory")
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise DamagedImageError(f"{name} would leave the image's directory through a link")
    return path
