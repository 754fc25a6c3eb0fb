"""How long a function may take: one that is called and returns, and one that is awaited.

A call in the main thread is ended by an alarm, which also ends a regular expression that does not come back. Code in C that
never looks up cannot be ended in this process. Elsewhere a call has a thread of its own, which is left behind if it is late.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from time import monotonic, sleep
from types import FrameType
from typing import Any

GRACE = 1.0
"""Seconds after its time that a coroutine has to end; one that blocks its loop never hears of it."""


class LateError(BaseException):
    """A function took too long. No `Exception`: one that catches all of those would swallow it."""


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """What a call returns, or `LateError`; what it raises is passed on."""
    if threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer"):
        return _by_alarm(seconds, call)
    return _by_thread(seconds, call)


def _by_alarm(seconds: float, call: Callable[[], Any]) -> Any:
    armed, late = True, False

    def ring(_number: int, _frame: FrameType | None) -> None:
        nonlocal late
        late = True
        if armed:
            raise LateError

    handler = signal.signal(signal.SIGALRM, ring) or signal.SIG_DFL
    begun, (left, again) = monotonic(), signal.setitimer(signal.ITIMER_REAL, seconds, GRACE)
    try:
        try:
            found = call()
        finally:
            armed = False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:  # somebody else's alarm goes on
            signal.setitimer(signal.ITIMER_REAL, max(left - (monotonic() - begun), 1e-3), again)
    if late:  # it caught the alarm and went on
        raise LateError
    return found


def _by_thread(seconds: float, call: Callable[[], Any]) -> Any:
    done: Future[Any] = Future()

    def run() -> None:
        try:
            done.set_result(call())
        except BaseException as fault:
            done.set_exception(fault)

    threading.Thread(target=run, daemon=True, name="reward function").start()
    try:
        return done.result(seconds)
    except TimeoutError as fault:
        if done.done():  # its own
            raise
        raise LateError from fault


class Awaiting:
    """Coroutines, all on one event loop in a thread of its own, as clients of servers want it; as many at once as are given.

    Args:
        seconds: Each may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open: dict[Future[Any], float] = {}
        self._watched = False
        self._lock = threading.Lock()

    def submit(self, awaitable: Awaitable[Any]) -> Future[Any]:
        """What it gives, later; the future raises what it raises, or `LateError`."""
        result: Future[Any] = Future()
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_run, args=(self._loop,), daemon=True, name="reward coroutines").start()
            if not self._watched:
                self._watched = True
                threading.Thread(target=self._watch, daemon=True, name="reward coroutines' clock").start()
            self._open[result] = monotonic() + self.seconds + GRACE
            asyncio.run_coroutine_threadsafe(self._settle(awaitable, result), self._loop)
        return result

    def close(self) -> None:
        """End the loop; what is open is cancelled."""
        with self._lock:
            loop, self._loop = self._loop, None
            left, self._open = list(self._open), {}
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)
        for result in left:
            result.cancel()

    async def _settle(self, awaitable: Awaitable[Any], result: Future[Any]) -> None:
        try:
            found = await asyncio.wait_for(_awaited(awaitable), self.seconds)
        except _OwnError as own:
            self._end(result, own.__cause__)
        except TimeoutError:
            self._end(result, LateError())
        else:
            self._end(result, None, found)

    def _end(self, result: Future[Any], fault: BaseException | None, found: Any = None) -> None:
        with self._lock:
            if self._open.pop(result, None) is None:
                return  # given up already
        if fault is None:
            result.set_result(found)
        else:
            result.set_exception(fault)

    def _watch(self) -> None:
        """Give up what is late although its loop should have said so: something blocks that; the next call has another loop."""
        while True:
            sleep(0.2)
            with self._lock:
                if not self._open:
                    self._watched = False
                    return
                if all(end > monotonic() for end in self._open.values()):
                    continue
                given_up, self._open, self._loop = list(self._open), {}, None
            for result in given_up:
                result.set_exception(LateError())


class _OwnError(Exception):
    """What a coroutine raised, so that its own timeouts are told from ours."""


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    try:
        return await awaitable
    except (Exception, SystemExit) as fault:
        raise _OwnError from fault


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()
