"""What a type of resource is: how one is made, changed and taken away by the ordinary API of the same engine.

Nothing is kept that the service's own API would not show: whatever a stack has made can be read back there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from ecs_local import ids
from ecs_local.api import models
from ecs_local.api.context import Inside
from ecs_local.api.errors import AwsError
from ecs_local.cfn_records import Made
from ecs_local.cfn_values import text_of
from ecs_local.world import Content, World

_LOOK = 0.05  # seconds between two looks at something that takes time
_LONGEST = 3 * 3600.0  # seconds; AWS waits that long for a service to become stable


@dataclass(frozen=True)
class Desk:
    """Where a resource is worked on: the API, the world, and who it is for."""

    inside: Inside
    world: World
    stack: str
    logical: str
    initiated: Callable[[Made], None]
    """To be told as soon as there is something: what fails after that must still be taken away."""

    def begun(self, made: Made) -> Made:
        """The same, said to whoever waits for it."""
        self.initiated(made)
        return made

    async def ask(self, service: str, operation: str, params: Content) -> Content:
        """Calls an operation of the engine. Raises `AwsError`."""
        return await self.inside.ask(service, operation, params)

    def name(self, longest: int = 128) -> str:
        """A physical name as CloudFormation makes it up: stack, logical id, twelve letters of chance."""
        tail = ids.draw(self.world)[:6].hex().upper()
        room = longest - len(tail) - 2
        stack = self.stack[: max(room - len(self.logical), room // 2)].rstrip("-")
        return f"{stack}-{self.logical[: room - len(stack)]}-{tail}"

    async def until(self, reached: Callable[[], Awaitable[bool]]) -> None:
        """Waits for something that only time brings."""
        async with asyncio.timeout(_LONGEST):
            while not await reached():
                await asyncio.sleep(_LOOK)


Create = Callable[[Desk, Content], Awaitable[Made]]
Update = Callable[[Desk, Made, Content, Content], Awaitable[Made]]
Delete = Callable[[Desk, Made, Content], Awaitable[None]]


@dataclass(frozen=True)
class Kind:
    """A type of resource. Without `update` every change makes a new one; else changes of `replaces` do."""

    create: Create
    delete: Delete
    update: Update | None = None
    replaces: frozenset[str] = field(default_factory=frozenset)

    def recreates(self, name: str) -> bool:
        """Whether a change of that property makes a new resource."""
        return self.update is None or name in self.replaces


def shaped(service: str, operation: str, properties: Mapping[str, Any]) -> Content:
    """Properties of a resource as the input of an operation: names and scalars as botocore's model has them.

    Raises `AwsError` for a property that the operation does not take.
    """
    shape = models.model(service).operation_model(operation).input_shape
    fitted: Content = _fit(shape, properties, "#")
    return fitted


def without(properties: Content, *names: str) -> Content:
    """The properties but those."""
    return {name: value for name, value in properties.items() if name not in names}


def changed(old: Content, new: Content, *names: str) -> bool:
    """Whether any of the properties differs."""
    return any(old.get(name) != new.get(name) for name in names)


async def there(desk: Desk, service: str, operation: str, params: Content, *gone: str) -> Content | None:
    """What a reading call says, or None where it fails with one of the codes `gone`."""
    try:
        return await desk.ask(service, operation, params)
    except AwsError as error:
        if error.code in gone:
            return None
        raise


async def remove(desk: Desk, service: str, operation: str, params: Content, *gone: str) -> None:
    """Deletes something; one that is gone already (codes `gone`) is as good."""
    await there(desk, service, operation, params, *gone)


def removed_by(service: str, operation: str, member: str, *gone: str) -> Delete:
    """The deletion of what one call takes away, whose `member` is the physical id."""

    async def delete(desk: Desk, made: Made, _: Content) -> None:
        listed = member.endswith("Names")
        asked = {member: [made.physical] if listed else made.physical}
        await remove(desk, service, operation, asked, *gone)

    return delete


def exists(kind: str, identifier: str) -> AwsError:
    """The refusal to make what is there."""
    text = f"Resource of type '{kind}' with identifier '{identifier}' already exists."
    return AwsError("AlreadyExists", text)


def _fit(shape: Shape | None, value: Any, path: str) -> Any:
    if isinstance(shape, StructureShape):
        if not isinstance(value, Mapping):
            raise _unfit(path, "JSONObject", value)
        names = {member.lower(): member for member in shape.members}
        for key in value:
            if str(key).lower() not in names:
                raise AwsError("ValidationException", f"{path}: extraneous key [{key}] is not permitted")
        pairs = [(names[str(key).lower()], item) for key, item in value.items()]
        return {name: _fit(shape.members[name], item, f"{path}/{name}") for name, item in pairs}
    if isinstance(shape, ListShape):
        if not isinstance(value, list):
            raise _unfit(path, "JSONArray", value)
        return [_fit(shape.member, item, f"{path}/{n}") for n, item in enumerate(value)]
    if isinstance(shape, MapShape):
        if not isinstance(value, Mapping):
            raise _unfit(path, "JSONObject", value)
        return {str(key): _fit(shape.value, item, f"{path}/{key}") for key, item in value.items()}
    return _scalar(shape.type_name if shape is not None else "string", value, path)


def _scalar(kind: str, value: Any, path: str) -> Any:
    if isinstance(value, list | Mapping):
        raise _unfit(path, kind.capitalize(), value)
    text = text_of(value)
    try:
        if kind == "boolean":
            return {"true": True, "false": False}[text.lower()]
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
    except (KeyError, ValueError):
        raise _unfit(path, kind.capitalize(), value) from None
    return text


def _unfit(path: str, kind: str, value: Any) -> AwsError:
    return AwsError("ValidationException", f"{path}: expected type: {kind}, found: {type(value).__name__}")
