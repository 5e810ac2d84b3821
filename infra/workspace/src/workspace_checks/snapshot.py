"""What a tree holds, as files in a folder of their own: there uv sees what will be committed, and nothing else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from workspace_checks import git
from workspace_checks.tree import INDEX, WORKTREE, Tree, read_file

# A version that a build would read from Git's tags is not in the lock: any will do where there is no history.
PRETENDED = {
    "SETUPTOOLS_SCM_PRETEND_VERSION": "0",
    "PDM_BUILD_SCM_VERSION": "0",
    "UV_DYNAMIC_VERSIONING_BYPASS": "0",
    "POETRY_DYNAMIC_VERSIONING_BYPASS": "0",
}


@contextmanager
def snapshot(
    tree: Tree, contents: Mapping[str, bytes], *, folders: Collection[str] = (), whole: bool = False
) -> Iterator[Path]:
    """A folder with these files, and these empty folders; with `whole` every file of the tree before them."""
    with tempfile.TemporaryDirectory(prefix="workspace-checks-") as place:
        root = Path(place).resolve()
        if whole:
            _all(tree, root)
        for folder in folders:
            (root / folder).mkdir(parents=True, exist_ok=True)
            (root / folder / "placeholder").touch()
        for path, content in contents.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.unlink(missing_ok=True)
            file.write_bytes(content)
        yield root


def _all(tree: Tree, root: Path) -> None:
    if tree.source == WORKTREE:
        for name in tree.names.split(b"\0"):
            path = os.fsdecode(name)
            content = read_file(tree.place.root, path) if path else None
            if content is not None:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content)
        return
    prefix = ["checkout-index", "--all", "--force", f"--prefix={root}{os.sep}"]
    lean = {**os.environ, "GIT_LFS_SKIP_SMUDGE": "1"}  # no lock depends on large files
    if tree.source == INDEX:
        git.run(tree.place.root, *prefix, environ=lean)
        return
    with tempfile.TemporaryDirectory(prefix="workspace-checks-") as place:
        environ = {**lean, "GIT_INDEX_FILE": str(Path(place) / "index")}
        git.run(tree.place.root, "read-tree", tree.source, environ=environ)
        git.run(tree.place.root, *prefix, environ=environ)
