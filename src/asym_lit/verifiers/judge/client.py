"""A judge behind an OpenAI-compatible endpoint, asked through the `openai` client.

The default is TinyV on this machine: `vllm serve zhangchenxu/TinyV-1.5B --host 127.0.0.1 --port 8000 --max-model-len 4096`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from math import exp, isnan, log
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from asym_lit.types import InputError, check_least
from asym_lit.verifiers.judge.loop import Loop
from asym_lit.verifiers.judge.opinion import SLACK, WORDS, JudgeError, Opinion, stands_for

if TYPE_CHECKING:
    from openai import AsyncOpenAI


T = TypeVar("T")


class Endpoint:
    """An OpenAI-compatible chat endpoint as the judge's mind; greedy, one user turn, no system prompt.

    Args:
        model: The model that must be served there.
        base_url: Where; up to `/v1`.
        key_variable: Environment variable that holds the key, if the endpoint wants one.
        max_tokens: Longest reply, thoughts included.
        concurrency: Requests under way at once.
        timeout: Seconds a try may take. A request with all its tries takes at most `retries + 1` times as long, also from a
            server that never pauses for so long, but never ends either.
        retries: Further tries after a time-out, a broken connection or status 408, 409, 429, 5xx; the client waits between
            them, twice as long each time, with jitter.
        logprobs: Ask for the log-probs of the likeliest tokens; false for endpoints that have none.
        top_logprobs: How many; OpenAI's limit, and vLLM's unless it is told otherwise, is 20.
    """

    def __init__(
        self,
        model: str = "zhangchenxu/TinyV-1.5B",
        base_url: str = "http://127.0.0.1:8000/v1",
        key_variable: str = "OPENAI_API_KEY",
        max_tokens: int = 8,
        concurrency: int = 32,
        timeout: float = 20.0,
        retries: int = 3,
        logprobs: bool = True,
        top_logprobs: int = 20,
    ) -> None:
        check_least("{name} of the judge's endpoint", 1, concurrency=concurrency, max_tokens=max_tokens)
        check_least("{name} of the judge's endpoint", 0, retries=retries)
        if timeout <= 0:
            raise InputError(f"timeout of the judge's endpoint is {timeout}; allowed: above 0 seconds.")
        self.model, self.base_url, self.key_variable = model, base_url, key_variable
        self.max_tokens, self.concurrency, self.timeout, self.retries = max_tokens, concurrency, timeout, retries
        self.logprobs, self.top_logprobs = logprobs, top_logprobs
        self._marker = ""
        self._client: AsyncOpenAI | None = None
        self._loop: Loop | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._lock = Lock()

    def open(self, marker: str) -> None:
        """Make the client and its threads; no request is made.

        Args:
            marker: What stands before the verdict in a reply that begins with thoughts.
        """
        with self._lock:
            if self._client is None:
                self._marker = marker
                self._client = _client(self.base_url, self.key_variable, self.timeout, self.retries)
                self._loop = Loop()
                self._threads = ThreadPoolExecutor(self.concurrency, "judge")

    def check(self) -> None:
        """A round trip: the endpoint answers, and serves the model that is asked for.

        Raises:
            InputError: If not.
        """
        try:
            served = self._run(self._served())
        except Exception as fault:  # whatever it is: nothing was said that can be read
            raise InputError(
                f"The judge's endpoint {self.base_url} does not answer ({_kind(fault)}: {fault}). Start it "
                f"(vllm serve {self.model} --host 127.0.0.1 --port 8000), or write another base_url."
            ) from fault
        if self.model not in served:
            raise InputError(
                f"The judge's endpoint {self.base_url} serves {served}, not {self.model!r}; "
                "write one of those as model, or start the other server."
            )

    def submit(self, text: str, may_run: Callable[[], bool]) -> Future[Opinion]:
        """The reply to a text, later; nothing is asked if `may_run` says no when its turn comes."""
        assert self._threads is not None
        return self._threads.submit(self._ask, text, may_run)

    def close(self) -> None:
        """Drop what waits, end the threads and the client."""
        with self._lock:
            threads, client, loop = self._threads, self._client, self._loop
            self._threads = self._client = None
        if threads is not None:
            threads.shutdown(wait=True, cancel_futures=True)
        if client is not None and loop is not None:
            loop.run(client.close(), self.timeout)
            loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        assert self._loop is not None
        return self._loop.run(work, self.timeout * (self.retries + 1))

    async def _served(self) -> list[str]:
        assert self._client is not None
        return [model.id async for model in self._client.models.list()]

    def _ask(self, text: str, may_run: Callable[[], bool]) -> Opinion:
        assert self._client is not None
        if not may_run():
            raise JudgeError("breaker", "too many faults in a row; calls are not made for a while")
        asked: dict[str, Any] = {"logprobs": True, "top_logprobs": self.top_logprobs} if self.logprobs else {}
        try:
            reply = self._run(
                self._client.chat.completions.create(
                    model=self.model,
                    messages=[{"role": "user", "content": text}],
                    max_tokens=self.max_tokens,
                    temperature=0.0,
                    top_p=1.0,
                    **asked,
                )
            )
        except Exception as fault:  # the client has no name for all that may come back: no JSON, or a number for an object
            raise JudgeError(_kind(fault), f"{type(fault).__name__}: {fault}") from fault
        return self._opinion(reply)

    def _opinion(self, reply: Any) -> Opinion:
        try:
            choice = reply.choices[0]
            text = choice.message.content or ""
            text.encode()
            tokens = (choice.logprobs.content or []) if choice.logprobs else []
            seen = [(t.token, _checked(t.logprob), [(a.token, _checked(a.logprob)) for a in t.top_logprobs]) for t in tokens]
            return _opinion_at_verdict(text, seen, self._marker)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as fault:
            raise JudgeError("nonsense", f"The endpoint's reply has no text that can be read: {str(reply)[:200]!r}") from fault


def _checked(logprob: Any) -> float:
    """A log-prob that can be one.

    Raises:
        ValueError: If it cannot.
    """
    if not isinstance(logprob, int | float) or isnan(logprob) or logprob > SLACK:
        raise ValueError(f"a log-prob of {logprob!r}")
    return min(float(logprob), 0.0)


def _opinion_at_verdict(text: str, tokens: list[tuple[str, float, list[tuple[str, float]]]], marker: str) -> Opinion:
    """The text, with what was likely at the first token after the marker that is not blank."""
    before, least = "", 0.0
    for token, logprob, likeliest in tokens:
        if marker in before and token.strip():
            return Opinion(text, *_words(likeliest), exp(least))
        before, least = before + token, min(least, logprob)
    return Opinion(text)


def _words(likeliest: list[tuple[str, float]]) -> tuple[float, float]:
    """Log-probs of True and False; one that is not shown gets the most it can have: the least of those shown, or the rest."""
    mass = [sum(exp(logprob) for piece, logprob in likeliest if stands_for(piece, word)) for word in WORDS]
    shown = [exp(logprob) for _, logprob in likeliest]
    most = min(min(shown), max(1 - sum(shown), 0.0)) if any(mass) else 0.0
    true, false = (log(m or most) if m or most else float("-inf") for m in mass)
    return true, false


def _kind(fault: Exception) -> str:
    import openai

    if isinstance(fault, openai.APITimeoutError | TimeoutError):
        return "timeout"
    if isinstance(fault, openai.APIConnectionError):
        return "connection"
    return "status" if isinstance(fault, openai.APIStatusError) else "nonsense"


def _client(base_url: str, key_variable: str, timeout: float, retries: int) -> AsyncOpenAI:
    try:
        from openai import AsyncOpenAI
    except ImportError as fault:
        raise InputError("A judge's endpoint needs the client: pip install 'asym_lit[judge]'.") from fault
    key = os.environ.get(key_variable) or "none"  # a server on loopback asks for none; the client wants a word
    return AsyncOpenAI(base_url=base_url, api_key=key, timeout=timeout, max_retries=retries)
