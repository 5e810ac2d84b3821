"""`python -m ecs_local serve --home DIRECTORY`: the engine's process; `client.up` starts it."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import sys
from pathlib import Path

from ecs_local.errors import PORT_IN_USE, EngineError, PortInUseError
from ecs_local.profile import PROFILES

_IDLE_MINUTES = 60.0


def main(arguments: list[str] | None = None) -> int:
    """Serves until it is stopped; the exit code says why it did not start."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("botocore", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    _forget_the_caller()
    options.home.mkdir(parents=True, exist_ok=True)
    # Heavy, and of no use to `--help`.
    from ecs_local.server import serve

    profile = PROFILES[options.profile].at_speed(options.speed)
    try:
        asyncio.run(
            serve(options.home, options.port, profile, options.nonce, 60 * options.idle_minutes),
        )
    except EngineError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the log of an engine that does not start
        return PORT_IN_USE if isinstance(error, PortInUseError) else error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ecs_local", description="The embedded Amazon ECS.")
    serve = parser.add_subparsers(dest="command", required=True).add_parser("serve", help="run an engine")
    serve.add_argument(
        "--home", type=Path, required=True, help="where engine file, log, images and tasks live"
    )
    serve.add_argument("--port", type=int, default=0, help="0 (default) takes a free one")
    serve.add_argument("--profile", choices=sorted(PROFILES), default="fast", help="default: fast")
    serve.add_argument("--speed", type=float, default=1.0, help="divides every delay of the profile")
    serve.add_argument(
        "--nonce", default=secrets.token_hex(16), help="by which the starter knows this engine"
    )
    serve.add_argument("--idle-minutes", type=float, default=_IDLE_MINUTES, help="default: 60")
    return parser


def _forget_the_caller() -> None:
    """The engine's own botocore must not see the AWS configuration of whoever started it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(
        code
    )  # all is stopped and written: to take thousands of modules apart would take longer than the start
