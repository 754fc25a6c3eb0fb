"""An event loop in a thread of its own: what waits in it can be given up in the middle, which a waiting thread cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


class Loop:
    """Runs coroutines for other threads, which wait for them; it works from the start until it is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True, name="judge-loop")
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """What a coroutine returns or raises.

        Args:
            work: The coroutine.
            seconds: It is cancelled after so many, whatever it waits for.

        Raises:
            TimeoutError: If it was cancelled.
        """
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, seconds), self._loop).result()

    def close(self) -> None:
        """End the loop and its thread; nobody may wait for it any more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
