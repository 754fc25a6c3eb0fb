"""Asking a judge: from the cache, from the same question under way, or by a call; and trying it with canaries.

What an opinion is worth is decided in `judge`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import TypeVar

from asym_lit.verifiers.judge.breaker import CircuitBreaker
from asym_lit.verifiers.judge.cache import OpinionCache, cache_key
from asym_lit.verifiers.judge.canaries import Canaries
from asym_lit.verifiers.judge.counts import JudgeCounts
from asym_lit.verifiers.judge.opinion import JudgeBackend, JudgeError, Opinion
from asym_lit.verifiers.judge.template import JudgeTemplate

_log = logging.getLogger(__name__)
A = TypeVar("A")
B = TypeVar("B")


class JudgeCalls:
    """All traffic with a judge's backend; thread-safe.

    Args:
        backend: Who is asked.
        template: What is asked.
        decision: Reads an opinion: True, False, or None for neither.
        breaker: Told of every fault; calls are not made while it is open.
        canaries: When to send one.
        cache: SQLite file of opinions; None for memory.
    """

    def __init__(
        self,
        backend: JudgeBackend,
        template: JudgeTemplate,
        decision: Callable[[Opinion], bool | None],
        breaker: CircuitBreaker,
        canaries: Canaries,
        cache: str | None,
    ) -> None:
        self.backend, self.template, self.decision = backend, template, decision
        self.breaker, self.canaries, self._cache_file = breaker, canaries, cache
        self.counts = JudgeCounts()
        self.alarm: str | None = None
        self._cache: OpinionCache | None = None
        self._under_way: dict[bytes, Future[Opinion]] = {}
        self._lock = Lock()

    def open(self) -> None:
        """Get backend and cache ready; nothing happens if they are."""
        with self._lock:
            if self._cache is None:
                self.backend.open(self.template.marker)
                self._cache = OpinionCache(self._cache_file)

    def close(self) -> None:
        """Give both back; a call under way is waited for."""
        self.backend.close()
        with self._lock:
            if self._cache is not None:
                self._cache.close()
            self._cache = None

    def ask(self, question: str, gold: str, candidate: str) -> Future[Opinion]:
        """The opinion on a candidate, later; the future raises `JudgeError` if there is none."""
        assert self._cache is not None
        key = cache_key(self.template.version, self.backend.model, question, gold, candidate)
        text = self.template.fill(question, gold, candidate)
        with self._lock:
            if key in self._under_way:
                self.counts.add("shared")
                return self._under_way[key]
            known = self._cache.get(key)
            if known is not None:
                self.counts.add("cached")
                ready: Future[Opinion] = Future()
                ready.set_result(known)
                return ready
            reply = self._submitted(text)
            noted: Future[Opinion] = Future()
            self._under_way[key] = noted
        reply.add_done_callback(lambda done: _settle(noted, lambda: self._note(key, done)))
        canary = self.canaries.due(self.counts.add("requests"), gold)
        if canary is not None:
            self.send_canary(question, gold, canary)
        return noted

    def _note(self, key: bytes, done: Future[Opinion]) -> Opinion:
        """Tell the breaker, keep what was decided."""
        with self._lock:
            self._under_way.pop(key)
        opinion = self._heard(done)
        if self._cache is not None:
            self._cache.put(key, opinion)
        if self.decision(opinion):
            self.counts.add("said_true")
        return opinion

    def _heard(self, done: Future[Opinion]) -> Opinion:
        """The opinion, which says something; the breaker and the counts know how it went."""
        try:
            opinion = done.result()
            if self.decision(opinion) is None:
                raise JudgeError("nonsense", f"neither True nor False: {opinion.text[:200]!r}")
        except JudgeError as fault:
            if fault.kind != "breaker":
                self.breaker.failed()
            if self.counts.add(f"faults/{fault.kind}") == 1:
                _log.warning("The judge %s gave no verdict (%s): %s", self.backend.model, fault.kind, fault)
            raise
        self.breaker.succeeded()
        return opinion

    def send_canary(self, question: str, gold: str, canary: str) -> Future[Opinion]:
        """Try the judge itself, past guard and cache; whoever accepts a canary raises the alarm."""
        self.counts.add("canaries")
        text = self.template.fill(question, gold, canary)

        def noted(done: Future[Opinion]) -> Opinion:
            opinion = self._heard(done)
            if self.decision(opinion):
                self.counts.add("canaries_accepted")
                self.alarm = f"The judge {self.backend.model} accepts {canary!r} as an answer to {question[-200:]!r}."
                _log.warning("%s Whoever finds such a text earns its reward.", self.alarm)
            return opinion

        return then(self._submitted(text), noted)

    def _submitted(self, text: str) -> Future[Opinion]:
        """Ask the backend, unless the text cannot be written: half of a pair of surrogates is no character."""
        try:
            text.encode()
        except UnicodeEncodeError as fault:
            failed: Future[Opinion] = Future()
            failed.set_exception(JudgeError("encoding", f"the text holds {text[fault.start]!r}, which is no character"))
            return failed
        return self.backend.submit(text, self.breaker.allows)


def then(first: Future[A], step: Callable[[Future[A]], B]) -> Future[B]:
    """The step's result, once the first future is done."""
    second: Future[B] = Future()
    first.add_done_callback(lambda done: _settle(second, lambda: step(done)))
    return second


def _settle(future: Future[B], compute: Callable[[], B]) -> None:
    try:
        future.set_result(compute())
    except Exception as fault:  # whoever waits for the future names it
        future.set_exception(fault)
