"""Requests that come twice, because their answer was lost: answered alike, carried out once."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from edge_agent.errors import PermanentError, TransientError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Known(Generic[T]):
    digest: bytes
    answer: asyncio.Future[T]


class Once(Generic[T]):
    """Remembers answers by the name of their request until it is told to forget; what failed may be tried again."""

    def __init__(self) -> None:
        self._known: dict[Hashable, _Known[T]] = {}

    async def answer(self, name: Hashable, content: str, carry_out: Callable[[], Awaitable[T]]) -> T:
        """Returns the answer of the first request of that name, which is waited for where it is still carried out.

        Args:
            name: whoever asks chose it.
            content: what is asked for.
            carry_out: does it, the first time.

        Raises:
            PermanentError: the name was used for something else (code ``conflict``).
            TransientError: the first one was broken off.
        """
        digest = hashlib.sha256(content.encode(errors="replace")).digest()
        known = self._known.get(name)
        if known is not None:
            if known.digest != digest:
                raise PermanentError(
                    "this request's name was used for another one", "give each a name of its own", code="conflict"
                )
            return await asyncio.shield(known.answer)
        known = self._known[name] = _Known(digest, asyncio.get_running_loop().create_future())
        try:
            answer = await carry_out()
        except BaseException as exc:
            del self._known[name]
            broken = TransientError("the request was broken off", "send it again")
            known.answer.set_exception(exc if isinstance(exc, Exception) else broken)
            known.answer.exception()  # mostly nobody waits for it
            raise
        known.answer.set_result(answer)
        return answer

    def forget(self, name: Hashable) -> None:
        """Lets a name be used anew."""
        self._known.pop(name, None)
