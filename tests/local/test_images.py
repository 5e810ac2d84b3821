"""Images: the same content has the same digest, what is stored is what was put, nothing leaves its directory."""

from __future__ import annotations

import asyncio
import hashlib
import http.server
import io
import json
import os
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest
from ecs_local.images import (
    BlobStore,
    BuiltImage,
    CannotPullError,
    DamagedImageError,
    build,
    parse_reference,
    publish,
    resolve,
    unpack,
)

_REGISTRY = "000000000000.dkr.ecr.eu-west-3.amazonaws.com"
_DIGEST = "sha256:" + "a" * 64


def _content(directory: Path, *, mode: int = 0o644, order: int = 1) -> Path:
    files = {"serve.py": "print()", "lib/deep/data.txt": "data", "run.sh": "#!/bin/sh"}
    for name, text in list(files.items())[::order]:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if name == "run.sh" else mode)
    (directory / "link").symlink_to("lib/deep")
    return directory


def _stored(image: BuiltImage, directory: Path) -> BlobStore:
    store = BlobStore(directory)
    for digest, content in image.blobs.items():
        store.put(digest, content)
    return store


def test_the_same_content_has_the_same_digest(tmp_path: Path) -> None:
    one = _content(tmp_path / "one")
    two = _content(tmp_path / "two", mode=0o600, order=-1)
    os.utime(two / "serve.py", (1, 1))
    (two / "__pycache__").mkdir()
    (two / "__pycache__" / "serve.cpython-311.pyc").write_bytes(b"x")
    first = build(one, ["python", "serve.py"], architecture="amd64", port=8080)
    second = build(two, ["python", "serve.py"], architecture="X86_64", port=8080)
    assert first == second
    assert first.digest == "sha256:" + hashlib.sha256(first.manifest).hexdigest()


@pytest.mark.parametrize("change", ["content", "name", "command", "architecture", "environment"])
def test_any_difference_is_another_digest(tmp_path: Path, change: str) -> None:
    first = build(_content(tmp_path / "one"), ["a"], architecture="amd64")
    other = _content(tmp_path / "two")
    if change == "content":
        (other / "serve.py").write_text("print(1)")
    if change == "name":
        (other / "serve.py").rename(other / "server.py")
    command = ["b"] if change == "command" else ["a"]
    architecture = "arm64" if change == "architecture" else "amd64"
    environment = {"A": "1"} if change == "environment" else None
    assert build(other, command, architecture=architecture, environment=environment).digest != first.digest


def test_an_image_is_unpacked_once_and_as_it_was(tmp_path: Path) -> None:
    image = build(_content(tmp_path / "one"), ["a"], architecture="amd64")
    store = _stored(image, tmp_path / "blobs")
    path = unpack(image.manifest, store, tmp_path / "images")
    assert (path / "link" / "data.txt").read_text() == "data"
    assert os.access(path / "run.sh", os.X_OK)
    (path / "mark").touch()
    assert unpack(image.manifest, store, tmp_path / "images") == path
    assert (path / "mark").exists()
    assert [one.name for one in (tmp_path / "images").iterdir()] == [path.name]


def _entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, link
    return entry


@pytest.mark.parametrize(
    "entries",
    [
        [_entry("../evil")],
        [_entry("/evil")],
        [_entry("a/../../evil")],
        [_entry("out", tarfile.SYMTYPE, "../.."), _entry("out/evil")],
        [_entry("out", tarfile.SYMTYPE, "/")],
        [_entry("in", tarfile.SYMTYPE, "."), _entry("in/../../evil")],
        [_entry("hard", tarfile.LNKTYPE, "../evil")],
        [_entry("device", tarfile.CHRTYPE)],
    ],
)
def test_nothing_leaves_the_directory(tmp_path: Path, entries: list[tarfile.TarInfo]) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for entry in entries:
            archive.addfile(entry)
    layer = buffer.getvalue()
    digest = "sha256:" + hashlib.sha256(layer).hexdigest()
    store = BlobStore(tmp_path / "blobs")
    store.put(digest, layer)
    manifest = json.dumps({"layers": [{"digest": digest}]}).encode()
    with pytest.raises(DamagedImageError):
        unpack(manifest, store, tmp_path / "a" / "images")
    assert list((tmp_path / "a" / "images").iterdir()) == []
    assert not list(tmp_path.rglob("evil"))


def test_the_store_keeps_what_the_digest_says(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    digest = "sha256:" + hashlib.sha256(b"content").hexdigest()
    with pytest.raises(ValueError, match="Send the bytes"):
        store.put(digest, b"other")
    assert not store.has(digest)
    store.put(digest, b"content")
    store.put(digest, b"content")
    assert (store.has(digest), store.get(digest)) == (True, b"content")
    with pytest.raises(ValueError, match="not a digest"):
        store.get("sha256:../../etc/passwd")
    next(tmp_path.iterdir()).write_bytes(b"changed")
    with pytest.raises(DamagedImageError):
        store.get(digest)


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        (f"{_REGISTRY}/app:demo", ("app", "demo")),
        (f"{_REGISTRY}/team/app@{_DIGEST}", ("team/app", _DIGEST)),
        (f"{_REGISTRY}/app:demo@{_DIGEST}", ("app", _DIGEST)),
        (f"{_REGISTRY}/app", ("app", "latest")),
        ("nginx:latest", None),
        (f"{_REGISTRY}/app:-demo", None),
    ],
)
def test_references(image: str, wanted: tuple[str, str] | None) -> None:
    found = parse_reference(image)
    assert (None if found is None else (found.repository, found.wanted)) == wanted


def test_a_published_image_is_resolved(tmp_path: Path) -> None:
    image = build(
        _content(tmp_path / "one"), ["python", "x"], architecture="arm64", port=80, environment={"A": "b=c"}
    )
    store = _stored(image, tmp_path / "blobs")

    async def manifest(repository: str, reference: str) -> tuple[bytes, str] | None:
        return (image.manifest, image.digest) if (repository, reference) == ("app", "demo") else None

    found = asyncio.run(resolve(f"{_REGISTRY}/app:demo", manifest, store, tmp_path / "images"))
    assert (found.digest, found.command, found.env) == (image.digest, ("python", "x"), {"A": "b=c"})
    assert (found.port, found.architecture) == (80, "arm64")
    assert (found.path / "serve.py").exists()
    missing = f"{_REGISTRY}/app:other"
    text = f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {missing}"
    with pytest.raises(CannotPullError) as error:
        asyncio.run(resolve(missing, manifest, store, tmp_path / "images"))
    assert str(error.value) == f"{text}: {missing}: not found"
    with pytest.raises(CannotPullError, match="nginx"):
        asyncio.run(resolve("nginx", manifest, store, tmp_path / "images"))
    with pytest.raises(CannotPullError, match=r"blob .* not found"):
        asyncio.run(
            resolve(f"{_REGISTRY}/app:demo", manifest, BlobStore(tmp_path / "no"), tmp_path / "other")
        )


class _Registry:
    """What `publish` needs of a boto3 client."""

    class exceptions:  # noqa: N801 - boto3's name
        class ImageAlreadyExistsException(Exception):
            pass

    def __init__(self, *, known: bool) -> None:
        self.known, self.put = known, list[dict[str, Any]]()

    def put_image(self, **params: Any) -> None:
        self.put.append(params)
        if self.known:
            raise self.exceptions.ImageAlreadyExistsException


@pytest.mark.parametrize("known", [False, True])
def test_publishing_sends_blobs_then_the_manifest(
    tmp_path: Path, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # never asked: the engine is on loopback
    received: dict[str, bytes] = {}

    class Page(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            received[self.path] = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    image = build(_content(tmp_path / "one"), ["a"], architecture="amd64")
    registry = _Registry(known=known)
    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        assert publish(image, repository="app", tag="demo", endpoint=endpoint, ecr=registry) == image.digest
        server.shutdown()
    assert received == {f"/_local/blobs/{digest}": content for digest, content in image.blobs.items()}
    assert [(one["imageTag"], one["imageManifest"].encode()) for one in registry.put] == [
        ("demo", image.manifest)
    ]
