"""Standard output that nobody reads any more, or that has no room left: no traceback, and an exit that says so."""

from __future__ import annotations

import errno
import os
import select
import sys
from types import TracebackType

from invoke.exceptions import Exit

READER_LEFT = 128 + 13  # what a shell reports for SIGPIPE
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def full(error: OSError) -> Exit | None:
    """The exit where the output itself found no room (`> file` on a full disk)."""
    if error.errno not in _NO_ROOM or error.filename is not None:
        return None
    silence_stdout()
    return Exit(
        f"The output cannot be written: {error.strerror}.\nMake room there and repeat the command.", code=1
    )


def reader_left() -> bool:
    """Whether stdout goes nowhere any more (`| head`), as opposed to some other broken pipe."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):  # no poll here, or stdout is no file
        return True


def _quietly(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Invoke prints its lists and helps outside of any task; `inv --list | head` is no traceback either."""
    if isinstance(error, BrokenPipeError) and reader_left():
        silence_stdout()
    elif isinstance(error, OSError) and (end := full(error)):
        print(end.message, file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def silence_stdout() -> None:
    """Python flushes stdout once more when it ends, and would complain about the same pipe again."""
    if sys.stdout is None:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


if sys.excepthook is sys.__excepthook__:
    sys.excepthook = _quietly
