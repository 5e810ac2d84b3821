"""The task tree, one name per namespace; `inv --list` prints it."""

import gc
import os
import sys

from invoke.collection import Collection

# Invoke has imported this file under the name `tasks`. Give that name back to the package beside it.
del sys.modules[__name__]

# Invoke forbids bytecode, and this tree and its members would be compiled anew in every run.
sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))

# What is imported by now stays to the end: the collector need not walk it again, here or on the way out.
gc.freeze()

from tasks import app, deps, infra, local, repo  # noqa: E402 - only after the name is free again

ns = Collection(app, deps, infra, local, repo)
