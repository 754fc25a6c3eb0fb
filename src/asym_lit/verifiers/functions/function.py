"""Any function as a verifier."""

from __future__ import annotations

import inspect
import logging
import math
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from time import perf_counter
from typing import Any

from asym_lit.types import InputError, Outcome, Prompt, Verdict
from asym_lit.verifiers.functions.finding import find_function
from asym_lit.verifiers.functions.forms import Call, UnreadableError
from asym_lit.verifiers.functions.limits import Awaiting, LateError, within

_log = logging.getLogger(__name__)


class Function:
    """The reward that a function of yours gives: a number is the score (`Verdict.score`), and right from a bound on.

    It is called in the form that its parameters' names tell: `reward(prompt, response, answer)`, any of them; TRL's `(prompts,
    completions, **columns)`, with one response at a time; verl's `compute_score(data_source, solution_str, ground_truth,
    extra_info)`. It gives a number, True or False, a `Verdict`, or what TRL's and verl's give. Coroutines are awaited beside
    generation, all at once. What raises, is late, or gives no finite number is undecided, and says on which response.

    Args:
        function: The function, or where it is: `mine.py:reward`, relative to the current folder, or `package.module.reward`.
        arguments: Values for its other parameters, by name.
        correct_from: Smallest reward that counts as correct, for pass@k and for objectives that ask what is right.
        seconds: It may take for a response.
    """

    name = "function"

    def __init__(
        self,
        function: str | Callable[..., Any],
        arguments: dict[str, Any] | None = None,
        correct_from: float = 1.0,
        seconds: float = 10.0,
    ) -> None:
        if not math.isfinite(correct_from):
            raise InputError(f"correct_from is {correct_from}; allowed: a finite number, such as 1.0.")
        if not 0 < seconds < math.inf:
            raise InputError(f"seconds is {seconds}; allowed: above 0, such as 10.0.")
        found = find_function(function) if isinstance(function, str) else function
        called = function if isinstance(function, str) else getattr(function, "__qualname__", type(function).__name__)
        self.call = Call(called, found, arguments or {})
        self.correct_from, self.seconds = correct_from, seconds
        self._awaiting = Awaiting(seconds)
        self._told: set[str] = set()

    def open(self) -> None:
        """Nothing: the loop of coroutines begins with the first."""

    def close(self) -> None:
        """End the loop of coroutines; it begins again with the next."""
        self._awaiting.close()

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on one response."""
        return self.submit(prompt, response).result()

    def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
        """The verdict on one response: at once, or later if the function is a coroutine."""
        begun, verdict = perf_counter(), Future[Verdict]()
        told = partial(self._told_of, verdict, prompt, response, begun)
        try:
            found = within(self.seconds, partial(self.call, prompt, response))
        except InputError as fault:
            verdict.set_exception(fault)
        except (Exception, SystemExit, LateError) as fault:
            told(None, fault)
        else:
            if inspect.isawaitable(found):
                self._awaiting.submit(found).add_done_callback(lambda done: _pass_on(done, verdict, told))
            else:
                told(found, None)
        return verdict

    def _told_of(
        self, verdict: Future[Verdict], prompt: Prompt, response: str, begun: float, found: Any, fault: BaseException | None
    ) -> None:
        about = f"{self.call.called} on the response {response[:100]!r} to {prompt.uid!r}"
        seconds = perf_counter() - begun
        try:
            verdict.set_result(self._verdict(about, response, seconds, found, fault))
        except Exception as broken:  # else nobody would hear of it: callbacks of futures are not listened to
            verdict.set_exception(broken)

    def _verdict(self, about: str, response: str, seconds: float, found: Any, fault: BaseException | None) -> Verdict:
        if isinstance(fault, InputError):
            raise fault
        if fault is not None:
            return self._undecided(_why(about, fault, self.seconds), seconds)
        if isinstance(found, Verdict):
            return found
        try:
            read = self.call.read(found)
        except UnreadableError as wrong:
            kind, _, what = str(wrong).partition(": ")
            return self._undecided(f"{kind}: {about}: {what}", seconds)
        right = read.value if read.right is None else read.right
        outcome = Outcome.CORRECT if right is True or (right is not False and right >= self.correct_from) else Outcome.INCORRECT
        score = None if isinstance(read.value, bool) else read.value
        reason = f"{self.call.called} gave {read.value:g}" if score is not None else f"{self.call.called} gave {read.value}"
        return Verdict(outcome, self.name, reason, read.extracted or response, seconds, score=score)

    def _undecided(self, reason: str, seconds: float) -> Verdict:
        kind = reason.partition(":")[0]
        if kind not in self._told:
            self._told.add(kind)
            _log.warning("A reward is undecided, %s. More of this kind are only counted (verifier/undecided/...).", reason)
        return Verdict(Outcome.UNDECIDED, self.name, reason, seconds=seconds)

    def self_test(self) -> None:
        """Nothing is known of what it should call right."""


def _why(about: str, fault: BaseException, seconds: float) -> str:
    """The kind before a colon, for metrics; then which function, which response, and where."""
    if isinstance(fault, LateError):
        return f"late: {about} took more than {seconds:g} s"
    frames = traceback.extract_tb(fault.__traceback__)
    where = f" ({frames[-1].filename.rpartition('/')[2]}, line {frames[-1].lineno})" if frames else ""
    return f"raised {type(fault).__name__}: {about}: {fault}{where}"


def _pass_on(done: Future[Any], verdict: Future[Verdict], told: Callable[[Any, BaseException | None], None]) -> None:
    if done.cancelled():
        verdict.cancel()
    else:
        fault = done.exception()
        told(None if fault else done.result(), fault)
