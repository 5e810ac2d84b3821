"""Pages of a list: opaque tokens that hold the place, as every AWS list call has them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def page(
    items: Sequence[T], token: str | None, size: int, key: Callable[[T], str], invalid: Exception
) -> tuple[list[T], str | None]:
    """One page of `items`, which are sorted by `key`, and the token of the next one or None.

    The token holds the key of the last item shown, so that items that come and go between two pages neither
    repeat nor hide others. Raises `invalid` for a token that is not one of ours.
    """
    after = None if token is None else _decode(token, invalid)
    rest = [item for item in items if after is None or key(item) > after]
    shown = rest[:size]
    return shown, _encode(key(shown[-1])) if len(rest) > size else None


def _encode(key: str) -> str:
    return base64.urlsafe_b64encode(b"after:" + key.encode()).decode()


def _decode(token: str, invalid: Exception) -> str:
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeError):
        raise invalid from None
    if not text.startswith("after:"):
        raise invalid
    return text.removeprefix("after:")
