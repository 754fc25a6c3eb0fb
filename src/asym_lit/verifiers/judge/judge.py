"""TinyV's judge: a language model that says whether an answer equals the reference (arXiv 2505.14625).

It sees the question, the reference and the extracted answer, never the reasoning. As the last rung of a `Chain` it is asked
about rejects only (TinyV's `addon`), alone it is `judge_only`, and `Mixed` weighs it against a rule.
"""

from __future__ import annotations

from concurrent.futures import Future
from time import perf_counter

from asym_lit.types import InputError, Outcome, Prompt, Verdict
from asym_lit.verifiers.answers import extract_answer
from asym_lit.verifiers.gold import gold_of, question_of
from asym_lit.verifiers.judge.breaker import CircuitBreaker
from asym_lit.verifiers.judge.calls import JudgeCalls, then
from asym_lit.verifiers.judge.canaries import TEXTS, Canaries
from asym_lit.verifiers.judge.guards import CandidateGuard
from asym_lit.verifiers.judge.opinion import JudgeBackend, JudgeError, Opinion
from asym_lit.verifiers.judge.settings import JudgeSettings
from asym_lit.verifiers.judge.template import JudgeTemplate


class Judge:
    """Has a language model compare an answer with the reference, and says undecided whenever that did not work.

    Args:
        backend: `Endpoint` or `LocalModel`.
        template: What it reads; None for the one a local judge was trained on, else ours.
        threshold: Accept from this probability of True on; None for the one a local judge was trained to, else 0.5.
        weigh_thoughts: Multiply that probability by the one of the least certain token of the thoughts, for judges that
            think in short, strict steps; None for what a local judge was measured with, else no.
        exact_word: Take the reply's word instead of probabilities: the whole reply must be True or False.
        whole_response: Judge the whole response instead of the answer found in it.
        guard: Which candidates are refused without a call.
        canaries: How often the judge is tried with candidates that nothing makes right.
        breaker_faults: Faults in a row after which no calls are made for a while.
        breaker_seconds: How long.
        cache: SQLite file of opinions, shared by runs; None keeps them for this run.
    """

    name = "judge"
    one_answer = True

    def __init__(
        self,
        backend: JudgeBackend,
        template: JudgeTemplate | None = None,
        threshold: float | None = None,
        weigh_thoughts: bool | None = None,
        exact_word: bool = False,
        whole_response: bool = False,
        guard: CandidateGuard = CandidateGuard(),
        canaries: Canaries = Canaries(),
        breaker_faults: int = 5,
        breaker_seconds: float = 30.0,
        cache: str | None = None,
    ) -> None:
        if threshold is not None and not 0 <= threshold <= 1:
            raise InputError(f"The judge's threshold is {threshold}; allowed: 0 to 1.")
        if not exact_word and not getattr(backend, "logprobs", True):
            raise InputError("The endpoint's logprobs is false, so there is no probability; write exact_word: true.")
        trained = JudgeSettings.beside(backend.model)
        self.template = template or (trained.as_template() if trained else JudgeTemplate())
        self.threshold = threshold if threshold is not None else trained.threshold if trained else 0.5
        self.weigh_thoughts = weigh_thoughts if weigh_thoughts is not None else bool(trained and trained.weigh_thoughts)
        self.backend, self.exact_word, self.whole_response = backend, exact_word, whole_response
        self.guard, self.canaries = guard, canaries
        breaker = CircuitBreaker(breaker_faults, breaker_seconds)
        self.calls = JudgeCalls(backend, self.template, self._decision, breaker, canaries, cache)

    def open(self) -> None:
        """Get cache and backend ready."""
        self.calls.open()

    def close(self) -> None:
        """Give both back; a call under way is waited for."""
        self.calls.close()

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on one response."""
        return self.submit(prompt, response).result()

    def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
        """The verdict on one response, later.

        Raises:
            RuntimeError: If a canary has been accepted and canaries are to stop the run.
        """
        begun = perf_counter()
        self.open()
        self._raise_alarm()
        candidate = response.strip() if self.whole_response else extract_answer(response).text
        question, gold = question_of(prompt), gold_of(prompt)
        refusal = self.guard.refusal(candidate, gold)
        if refusal is not None:
            self.calls.counts.add("refused")
            refused: Future[Verdict] = Future()
            refused.set_result(Verdict(Outcome.INCORRECT, self.name, refusal, candidate or None, perf_counter() - begun))
            return refused
        asked = self.calls.ask(question, gold, candidate)
        return then(asked, lambda done: self._verdict(done, candidate, begun))

    def same_answer(self, prompt: Prompt, one: str, other: str) -> None:
        """It cannot tell: it is asked about the gold answer alone, not about every pair of others."""

    def _decision(self, opinion: Opinion) -> bool | None:
        if self.exact_word:
            return self.template.verdict_word(opinion.text)
        chance = opinion.probability(self.weigh_thoughts)
        return None if chance is None else chance >= self.threshold

    def _verdict(self, done: Future[Opinion], candidate: str, begun: float) -> Verdict:
        try:
            opinion = done.result()
        except JudgeError as fault:
            return Verdict(Outcome.UNDECIDED, self.name, f"judge {fault.kind}", candidate, perf_counter() - begun)
        outcome = Outcome.CORRECT if self._decision(opinion) else Outcome.INCORRECT
        chance = None if self.exact_word else opinion.probability(self.weigh_thoughts)
        reason = f"says {opinion.text.strip()!r}" if chance is None else f"finds it right with probability {chance:.3f}"
        return Verdict(outcome, self.name, reason, candidate, perf_counter() - begun)

    def self_test(self) -> None:
        """A round trip: the backend is there and is the right one, replies can be read, and no canary is accepted.

        Raises:
            InputError: If the backend is not there, is another model, or says nothing that can be read.
            RuntimeError: If a canary was accepted and canaries are to stop the run.
        """
        self.open()
        self.backend.check()
        texts = [text for text in TEXTS if text.lower() != self.canaries.gold.lower()] if self.canaries.every else ["0"]
        faults = []
        for sent in [self.calls.send_canary(self.canaries.question, self.canaries.gold, text) for text in texts]:
            try:
                sent.result()
            except JudgeError as fault:
                faults.append(fault)
        if len(faults) == len(texts):
            raise InputError(f"The judge {self.backend.model} gives no verdict ({faults[-1].kind}): {faults[-1]}")
        self._raise_alarm()

    def _raise_alarm(self) -> None:
        if self.calls.alarm and self.canaries.stop:
            raise RuntimeError(self.calls.alarm)

    def metrics(self) -> dict[str, float]:
        """Counts since the start, and whether the breaker is open."""
        counts = {**self.calls.counts.all(), "breaker_open": float(self.calls.breaker.is_open)}
        return {f"{self.name}/{name}": float(count) for name, count in counts.items()}
