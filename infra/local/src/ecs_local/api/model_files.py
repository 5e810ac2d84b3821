"""Reads botocore's model files once while the registers get ready: moto makes many sessions, each with a loader.

That halves what an engine costs to start. The files go through the door botocore has for it,
`FILE_LOADER_CLASS`; for the list of services, some thousand look-ups in the file system, it has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar


@contextmanager
def read_once() -> Iterator[None]:
    """Within this, each model file is read once in the process; after it, nothing of them is kept."""
    from botocore.loaders import JSONFileLoader, Loader

    class Keeping(JSONFileLoader):  # type: ignore[misc] # botocore has no types
        kept: ClassVar[dict[str, Any] | None] = {}

        def load_file(self, file_path: str) -> Any:
            """The content, and the very same to whoever asks again: loaders treat it as read-only."""
            if self.kept is None:  # a loader may outlive the context
                return super().load_file(file_path)
            if file_path not in self.kept:
                self.kept[file_path] = super().load_file(file_path)
            return self.kept[file_path]

    listed: dict[tuple[str, ...], list[str]] = {}
    files_before, list_before = Loader.FILE_LOADER_CLASS, Loader.list_available_services

    def list_once(self: Any, type_name: str) -> list[str]:
        place = (type_name, *self.search_paths)
        if place not in listed:
            listed[place] = list_before(self, type_name)
        return listed[place]

    Loader.FILE_LOADER_CLASS, Loader.list_available_services = Keeping, list_once
    try:
        yield
    finally:
        Loader.FILE_LOADER_CLASS, Loader.list_available_services = files_before, list_before
        Keeping.kept = None
