"""Our `@task`: long options only, and every way a task can end is an exit code and a sentence.

    @task(ENV, SERVICE, JSON)
    def status(given: Given) -> int:
        ...

The body gets its options parsed (`_given`). It may return an integer, which becomes the exit code, or nothing, which
is 0. It may raise:

- an exception with an integer `exit_code` (every expected failure of every member): that exit, with the
  exception's `what` and `cure` on stderr, values that must not be printed masked;
- KeyboardInterrupt, which SIGTERM and SIGHUP raise as well: 130, after every `finally` has run;
- anything else: 1, one line, and a file with the traceback.

With `--json` every one of these ends leaves exactly one object on stdout. So does a command line that cannot be
parsed (`_mistyped`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit, UnexpectedExit
from invoke.parser.argument import Argument
from invoke.tasks import Task

from tasks import _mistyped
from tasks._arguments import argument, same
from tasks._ends import INTERRUPTED, expected, told, unexpected
from tasks._given import Given, Option
from tasks._pipe import READER_LEFT, full, reader_left, silence_stdout
from tasks._signals import unwinding
from tasks._stdout import one_object

Body = Callable[[Given], int | None]
_Invoked = Callable[..., int | None]


class PoliteTask(Task[_Invoked]):
    """Invoke's task with our manners, at its official seam (`klass`)."""

    def __init__(
        self, body: Body, options: Sequence[Option[Any]], *, default: bool = False, outcome: bool = False
    ) -> None:
        @wraps(body)
        def called(context: Context, **typed: Any) -> int | None:
            return body(Given(options, typed, dry=bool(context.config.run.dry)))

        super().__init__(called, positional=(), default=default)
        self.options, self.outcome = tuple(options), outcome

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the body; end in a return (exit 0) or in Invoke's `Exit` with code and message."""
        with one_object(kwargs) as printed, unwinding(printed) as over:
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
                raise told(end, kwargs, printed, published=self.outcome) from None
            except KeyboardInterrupt:
                raise told(
                    Exit("Interrupted.", code=INTERRUPTED), kwargs, printed, published=self.outcome
                ) from None
            except BrokenPipeError as error:
                if not reader_left():
                    raise told(unexpected(error), kwargs, printed, published=self.outcome) from None
                silence_stdout()
                raise Exit(code=READER_LEFT) from None
            except OSError as error:
                raise told(
                    full(error) or expected(error) or unexpected(error),
                    kwargs,
                    printed,
                    published=self.outcome,
                ) from None
            except Exception as error:  # noqa: BLE001 - the one place that turns whatever is left into an exit
                raise told(
                    expected(error) or unexpected(error), kwargs, printed, published=self.outcome
                ) from None
        if isinstance(code, int) and code != 0:
            raise Exit(code=code)
        return code

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:  # noqa: ARG002 - Invoke's
        """The options for Invoke's parser, in the order in which the task names them."""
        return [argument(one) for one in self.options]

    def __deepcopy__(self, memo: dict[int, Any]) -> PoliteTask:
        return same(self)  # Invoke copies every task of the tree as it mounts it


_mistyped.install()


def task(*options: Option[Any], default: bool = False, outcome: bool = False) -> Callable[[Body], PoliteTask]:
    """Make a task of a function `(given)`, with these options in the order in which its help lists them.

    `default` makes the task answer to the bare name of its namespace. `outcome`: how it ends is what a job of GitHub
    Actions reads in the step's outputs, however early that is.
    """

    def make(body: Body) -> PoliteTask:
        return PoliteTask(body, options, default=default, outcome=outcome)

    return make
