"""Identifiers that are unique in a world and the same again for the same seed.

Each is a hash of the seed and of a serial number that the world counts up; none comes from a clock or from chance.
"""

from __future__ import annotations

from hashlib import blake2b

from ecs_local.world import World

_DIGITS = 10**19 - 10**18  # how many numbers have 19 digits
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_ADDRESSES = 254 * 256 * 254


def draw(world: World) -> bytes:
    """32 bytes that nobody drew before in this world."""
    world.serial += 1
    return blake2b(b"%d %d" % (world.seed, world.serial), digest_size=32).digest()


def task_id(world: World) -> str:
    """32 hex digits, as at the end of a task's ARN."""
    return draw(world)[:16].hex()


def deployment_number(world: World) -> str:
    """19 digits, as in `ecs-svc/<number>` and at the end of the service revision's ARN."""
    return str(10**18 + int.from_bytes(draw(world)[:16]) % _DIGITS)


def event_id(world: World) -> str:
    """A UUID in its usual spelling."""
    text = draw(world)[:16].hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def service_deployment_id(world: World) -> str:
    """21 letters, digits and dashes, as at the end of a service deployment's ARN."""
    return "".join(_LETTERS[byte % 64] for byte in draw(world)[:21])


def address(world: World) -> str:
    """The next loopback address for a task, never 127.0.0.1.

    16 million follow one another before one comes back. Where they begin depends on the seed, so that two
    engines on one machine do not meet.
    """
    start = int.from_bytes(blake2b(b"address %d" % world.seed, digest_size=8).digest())
    world.addresses_drawn += 1
    place = (start + world.addresses_drawn) % _ADDRESSES
    return f"127.{1 + place // (254 * 256)}.{place // 254 % 256}.{1 + place % 254}"


def arn(world: World, kind: str, *path: str) -> str:
    """An ECS ARN of this account: `arn(world, "task", cluster, id)`."""
    return f"arn:aws:ecs:{world.region}:{world.account}:{kind}/{'/'.join(path)}"
