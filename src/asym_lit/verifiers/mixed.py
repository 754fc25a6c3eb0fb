"""TinyV's `mixed` mode: a rule and a judge, weighed. Rule first, judge for its rejects alone: `maths/chain.py`."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from time import perf_counter

from asym_lit.types import ComparingVerifier, Counting, InputError, Outcome, Prompt, SubmittingVerifier, Verdict, Verifier
from asym_lit.verifiers.judge.calls import then


class Mixed:
    """Reward `w * judge + (1 - w) * rule`, both asked about every response.

    The verdict is right if that is one half or more; it is undecided if one of them is.

    Args:
        rule: Any verifier.
        judge: Another one.
        weight: `w`: 1 is the judge alone, 0 the rule alone.
    """

    name = "mixed"

    def __init__(self, rule: Verifier, judge: Verifier, weight: float = 0.5) -> None:
        if not 0 <= weight <= 1:
            raise InputError(f"weight is {weight}; allowed: 0 to 1.")
        self.rule, self.judge, self.weight = rule, judge, weight

    def open(self) -> None:
        """Open both."""
        for part in (self.rule, self.judge):
            if isinstance(part, SubmittingVerifier):
                part.open()

    def close(self) -> None:
        """Close both."""
        for part in (self.rule, self.judge):
            if isinstance(part, SubmittingVerifier):
                part.close()

    @property
    def one_answer(self) -> bool:
        """True if both compare with the gold answer."""
        return all(isinstance(part, ComparingVerifier) and part.one_answer for part in (self.rule, self.judge))

    def same_answer(self, prompt: Prompt, one: str, other: str) -> bool | None:
        """What the first of them says that can tell."""
        parts = (self.rule, self.judge)
        said = (part.same_answer(prompt, one, other) for part in parts if isinstance(part, ComparingVerifier))
        return next((same for same in said if same is not None), None)

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on one response."""
        return self.submit(prompt, response).result()

    def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
        """The verdict on one response, later."""
        begun = perf_counter()
        judged, ruled = submitted(self.judge, prompt, response), submitted(self.rule, prompt, response)
        both: Future[Verdict] = Future()

        def settle(done: Future[Verdict]) -> None:
            if done.exception() is not None:
                both.set_exception(done.exception())
            else:
                both.set_result(done.result())

        def when_judged(first: Future[Verdict]) -> None:
            weighed = then(ruled, lambda second: self._weighed(second.result(), first.result(), begun))
            weighed.add_done_callback(settle)

        judged.add_done_callback(when_judged)
        return both

    def _weighed(self, ruled: Verdict, judged: Verdict, begun: float) -> Verdict:
        path = (*(ruled.path or (ruled,)), *(judged.path or (judged,)))
        seconds, extracted = perf_counter() - begun, judged.extracted or ruled.extracted
        for one in (ruled, judged):
            if one.outcome == Outcome.UNDECIDED:
                return Verdict(Outcome.UNDECIDED, self.name, one.reason, extracted, seconds, path)
        score = self.weight * (judged.outcome == Outcome.CORRECT) + (1 - self.weight) * (ruled.outcome == Outcome.CORRECT)
        outcome = Outcome.CORRECT if score >= 0.5 else Outcome.INCORRECT
        reason = f"the rule says {ruled.outcome}, the judge {judged.outcome}"
        return Verdict(outcome, self.name, reason, extracted, seconds, path, score=score)

    def self_test(self) -> None:
        """Those of both."""
        self.rule.self_test()
        self.judge.self_test()

    def metrics(self) -> Mapping[str, float]:
        """What both count."""
        return {
            name: value
            for part in (self.rule, self.judge)
            if isinstance(part, Counting)
            for name, value in part.metrics().items()
        }


def submitted(verifier: Verifier, prompt: Prompt, response: str) -> Future[Verdict]:
    """A verdict later, or at once of a verifier that knows no later."""
    if isinstance(verifier, SubmittingVerifier):
        return verifier.submit(prompt, response)
    ready: Future[Verdict] = Future()
    ready.set_result(verifier.verify(prompt, response))
    return ready
