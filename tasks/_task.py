"""Our `@task`: long options only, and every way a task can end is an exit code and a sentence.

A body may return an integer, which becomes the exit code, or nothing, which is 0. It may raise:

- an exception with an integer `exit_code` (every expected failure of every member): that exit, with the
  exception's `what` and `cure` on stderr, values that must not be printed masked;
- KeyboardInterrupt, which SIGTERM and SIGHUP raise as well: 130, after every `finally` has run;
- anything else: 1, one line, and a file with the traceback.

With `--json` every one of these ends leaves exactly one object on stdout.
"""

from __future__ import annotations

import atexit
import errno
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from inspect import Signature
from types import FrameType, TracebackType
from typing import Any, TypeVar, overload

from invoke.exceptions import Exit, UnexpectedExit
from invoke.parser.argument import Argument
from invoke.tasks import Task

from tasks._stdout import OneObject, one_object

INTERRUPTED = 130
_OUTCOMES = {2: "refused", 6: "superseded", 7: "undecided", INTERRUPTED: "interrupted"}
READER_LEFT = 128 + 13  # what a shell reports for SIGPIPE
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}

Body = Callable[..., int | None]
T = TypeVar("T")


class PoliteTask(Task[Body]):
    """Invoke's task with our manners, at its official seam (`klass`)."""

    _options: Signature | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the body; end in a return (exit 0) or in Invoke's `Exit` with code and message."""
        with one_object(kwargs) as printed, _signals_unwind(printed) as over:
            try:
                try:
                    code = super().__call__(*args, **kwargs)
                    if sys.stdout is not None:  # closed from outside: `>&-`
                        sys.stdout.flush()
                finally:
                    over.append(True)
            except UnexpectedExit:
                raise
            except Exit as end:
                raise _told(end, kwargs, printed) from None
            except KeyboardInterrupt:
                raise _told(Exit("Interrupted.", code=INTERRUPTED), kwargs, printed) from None
            except BrokenPipeError as error:
                if not _reader_left():
                    raise _told(_unexpected(error), kwargs, printed) from None
                _silence_stdout()
                raise Exit(code=READER_LEFT) from None
            except OSError as error:
                raise _told(_full(error) or _expected(error) or _unexpected(error), kwargs, printed) from None
            except Exception as error:  # noqa: BLE001 - the one place that turns whatever is left into an exit
                raise _told(_expected(error) or _unexpected(error), kwargs, printed) from None
        if isinstance(code, int) and code != 0:
            raise Exit(code=code)
        return code

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """The options, each of which refuses a value that is empty or looks like another option."""
        texts, self.help = self.help, dict(self.help)  # Invoke takes each text out as it goes
        try:
            return [_checked(argument) for argument in super().get_arguments(ignore_unknown_help)]
        finally:
            self.help = texts

    def argspec(self, body: Body) -> Signature:
        """The options of the body; Invoke asks twice for those of every task, in every run."""
        if self._options is None:
            self._options = super().argspec(body)
        return self._options

    def __deepcopy__(self, memo: dict[int, Any]) -> PoliteTask:
        return _same(self)  # Invoke copies every task of the tree as it mounts it


class _Argument(Argument):
    """One of ours. Invoke copies those of the whole tree before it parses a word, and none has a part that changes."""

    def __deepcopy__(self, memo: dict[int, Any]) -> _Argument:
        return _same(self)


class _Option(_Argument):
    """An option with a value. Invoke cannot tell `--service ""` from no `--service`, which would mean all."""

    def __repr__(self) -> str:  # Invoke names an option this way when its value is missing
        return f"--{self.names[0]}"

    def set_value(self, value: Any, cast: bool = True) -> None:
        name = f"--{self.names[0]}"
        if not str(value).strip():
            raise Exit(f"{name} was given an empty value.\nGive it a value or leave it out.", code=2)
        if str(value).startswith("--"):
            raise Exit(
                f"{name} was given {value!r}, which looks like an option.\nGive {name} a value.", code=2
            )
        super().set_value(value, cast)


def _same(whole: T) -> T:
    """Another one of the same parts: none of them changes."""
    made = object.__new__(type(whole))
    made.__dict__.update(whole.__dict__)
    return made


def _checked(argument: Argument) -> Argument:
    return (_Option if argument.kind is str else _Argument)(
        names=argument.names,
        kind=argument.kind,
        default=argument.default,
        help=argument.help,
        positional=argument.positional,
        attr_name=argument.attr_name,
    )


@overload
def task(body: Body, /) -> PoliteTask: ...
@overload
def task(*, help: dict[str, str] | None = None, default: bool = False) -> Callable[[Body], PoliteTask]: ...
def task(
    body: Body | None = None,
    /,
    *,
    help: dict[str, str] | None = None,  # noqa: A002 - Invoke's own name for it
    default: bool = False,
) -> PoliteTask | Callable[[Body], PoliteTask]:
    """Make a task of a function `(c, *, option="", switch=False)`: `@task` or `@task(help={...})`.

    `help` has a text for every option, with its default and choices. `default` makes the task answer to the
    bare name of its namespace.
    """

    def make(function: Body) -> PoliteTask:
        return PoliteTask(function, help=help, default=default, auto_shortflags=False)

    return make if body is None else make(body)


@contextmanager
def _signals_unwind(printed: OneObject | None) -> Iterator[list[bool]]:
    """SIGTERM and SIGHUP unwind like Ctrl-C while the body runs; what is ignored (nohup) stays ignored.

    One that comes when the object of `--json` is out, or the value is no longer empty, comes too late: the task
    ends as it has said.
    """
    over: list[bool] = []
    late: list[int] = []

    def unwind(number: int, frame: FrameType | None) -> None:
        if over:
            return
        if printed is not None and printed.whole and not late:
            late.append(number)
        else:
            signal.default_int_handler(number, frame)

    taken: dict[int, Any] = {}
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            taken[number] = signal.signal(number, unwind)
    try:
        yield over
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)
        # While the interpreter winds up a signal would make another exit code of it.
        atexit.register(_deaf, *taken)


def _deaf(*numbers: int) -> None:
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)


def _expected(error: Exception) -> Exit | None:
    """The exit of an expected failure: any exception of any member that says its own exit code."""
    code = getattr(error, "exit_code", None)
    if not isinstance(code, int):
        return None
    what = str(getattr(error, "what", "") or error)
    cure = str(getattr(error, "cure", ""))
    return Exit(_masked(f"{what}\n{cure}".strip()), code=code)


def _told(end: Exit, options: Mapping[str, Any], printed: OneObject | None) -> Exit:
    """With `--json` stdout gets one object, whatever happened; the sentence goes to stderr as always.

    In GitHub Actions it is an annotation as well: on the page of the run a log is folded away.
    """
    if end.message and os.environ.get("GITHUB_ACTIONS") == "true":
        text = str(end.message).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        print(f"::error title={_OUTCOMES.get(end.code, 'failed')}::{text}", file=sys.stderr)
    if printed is not None and not printed.begun:
        import json

        what, _, cure = str(end.message or "").partition("\n")
        document: dict[str, Any] = {
            "environment": options.get("env") or os.environ.get("INFRA_ENV") or None,
            "tag": options.get("tag") or None,
            "outcome": _OUTCOMES.get(end.code, "unexpected"),
            "exit_code": end.code,
            "api_calls": 0,
            "seconds": 0.0,
            "services": [],
            "cause": what,
            "advice": cure or None,
        }
        with suppress(OSError):  # nobody reads it: the exit code remains
            print(json.dumps(document, indent=2), flush=True)
    return end


def _masked(text: str) -> str:
    """The text without values of task definitions that were read, nor what looks like a password."""
    from ecs_deployment.masking import masked_text

    return "\n".join(map(masked_text, text.split("\n")))


def _unexpected(error: Exception) -> Exit:
    """Exit 1 with one line; the traceback goes to a file that only this user can read."""
    import tempfile
    import traceback

    text = _masked("".join(traceback.format_exception(error)))
    first = _masked(f"Unexpected: {type(error).__name__}: {error}".splitlines()[0])
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", errors="backslashreplace", prefix="inv-", suffix=".txt", delete=False
        ) as file:
            file.write(text)
    except OSError:  # no place for a file: show it rather than lose it
        return Exit(f"{text}{first}\nPlease report this.", code=1)
    return Exit(f"{first}\nPlease report this with {file.name}, which has the traceback.", code=1)


def _full(error: OSError) -> Exit | None:
    """The exit where the output itself found no room (`> file` on a full disk)."""
    if error.errno not in _NO_ROOM or error.filename is not None:
        return None
    _silence_stdout()
    return Exit(
        f"The output cannot be written: {error.strerror}.\nMake room there and repeat the command.", code=1
    )


def _reader_left() -> bool:
    """Whether stdout goes nowhere any more (`| head`), as opposed to some other broken pipe."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):  # no poll here, or stdout is no file
        return True


def _quietly(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Invoke prints its lists and helps outside of any task; `inv --list | head` is no traceback either."""
    if isinstance(error, BrokenPipeError) and _reader_left():
        _silence_stdout()
    elif isinstance(error, OSError) and (end := _full(error)):
        print(end.message, file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def _silence_stdout() -> None:
    """Python flushes stdout once more when it ends, and would complain about the same pipe again."""
    if sys.stdout is None:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


if sys.excepthook is sys.__excepthook__:
    sys.excepthook = _quietly
