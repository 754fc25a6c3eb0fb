"""Several rewards: a weighted sum of named verifiers, or of each normalised within its group first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from difflib import get_close_matches
from statistics import mean, stdev
from threading import Lock
from time import perf_counter

from asym_lit.types import (
    ComparingVerifier,
    Counting,
    InputError,
    Outcome,
    Prompt,
    Rollout,
    SubmittingVerifier,
    Verdict,
    Verifier,
)
from asym_lit.verifiers.functions.function import Function
from asym_lit.verifiers.mixed import submitted

TAKEN = ("mean", "std", "square", "gap", "oracle_mean")
"""Metrics `reward/...` that are there of any reward."""


class Weighted:
    """Reward `sum_k w_k r_k` of several verifiers, all asked about every response; correct is what one of them calls so.

    A reward `r_k` is the score of a verdict, else 1 for correct and 0 for incorrect. The sum is undecided if one of them is.
    Each stands by its name in metrics (`reward/<name>`) and transcripts.

    Args:
        rewards: Verifiers by name, or where functions are (`mine.py:short`).
        truth: Name of the one that says what is correct.
        weights: By name; 1 for those left out. 0 shows a reward and does not train by it.
    """

    name = "weighted"

    def __init__(self, rewards: dict[str, Verifier | str], truth: str, weights: dict[str, float] | None = None) -> None:
        if not rewards:
            raise InputError("rewards is empty; write verifiers by name, such as {truth: Maths}.")
        for called, given in [("truth", truth), *(("weights", name) for name in weights or {})]:
            if given not in rewards:
                close = "".join(f" Nearest: {name}." for name in get_close_matches(given, rewards, n=1, cutoff=0.5))
                raise InputError(f"{called} names {given!r}, which is no reward.{close} Allowed: {', '.join(rewards)}.")
        for name in rewards:
            if name in TAKEN or not name.isidentifier():
                raise InputError(f"rewards has the name {name!r}; allowed: letters, digits and _, none of {', '.join(TAKEN)}.")
        self.rewards = {name: Function(part) if isinstance(part, str) else part for name, part in rewards.items()}
        self.truth = truth
        self.weights = {name: (weights or {}).get(name, 1.0) for name in rewards}
        for name, weight in self.weights.items():
            if not math.isfinite(weight):
                raise InputError(f"weights.{name} is {weight}; allowed: a finite number.")

    def open(self) -> None:
        """Open all."""
        for part in self.rewards.values():
            if isinstance(part, SubmittingVerifier):
                part.open()

    def close(self) -> None:
        """Close all."""
        for part in self.rewards.values():
            if isinstance(part, SubmittingVerifier):
                part.close()

    @property
    def one_answer(self) -> bool:
        """True if the truth compares with the gold answer."""
        truth = self.rewards[self.truth]
        return isinstance(truth, ComparingVerifier) and truth.one_answer

    def same_answer(self, prompt: Prompt, one: str, other: str) -> bool | None:
        """What the truth says."""
        truth = self.rewards[self.truth]
        return truth.same_answer(prompt, one, other) if isinstance(truth, ComparingVerifier) else None

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on one response."""
        return self.submit(prompt, response).result()

    def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
        """The verdict on one response, later."""
        begun, whole, lock = perf_counter(), Future[Verdict](), Lock()
        parts = {name: submitted(part, prompt, response) for name, part in self.rewards.items()}
        left = len(parts)

        def done(_: Future[Verdict]) -> None:
            nonlocal left
            with lock:
                left -= 1
                if left:
                    return
            try:
                whole.set_result(self._sum({name: part.result() for name, part in parts.items()}, begun))
            except Exception as fault:  # whoever waits for it names it
                whole.set_exception(fault)

        for part in parts.values():
            part.add_done_callback(done)
        return whole

    def _sum(self, said: Mapping[str, Verdict], begun: float) -> Verdict:
        path, truth = tuple(replace(verdict, by=name) for name, verdict in said.items()), said[self.truth]
        rewards = tuple((name, _reward(verdict)) for name, verdict in said.items() if verdict.outcome != Outcome.UNDECIDED)
        seconds = perf_counter() - begun
        for name, verdict in said.items():
            if verdict.outcome == Outcome.UNDECIDED:
                reason = f"{verdict.reason} (the reward {name!r})"
                return Verdict(Outcome.UNDECIDED, self.name, reason, truth.extracted, seconds, path, rewards=rewards)
        reason = " + ".join(f"{self.weights[name]:g} * {value:g} ({name})" for name, value in rewards)
        score = sum(self.weights[name] * value for name, value in rewards)
        verdict = Verdict(truth.outcome, self.name, reason, truth.extracted, seconds, path, score=score, rewards=rewards)
        return replace(verdict, weights=tuple(self.weights.items()))

    def self_test(self) -> None:
        """Those of all."""
        for part in self.rewards.values():
            part.self_test()

    def metrics(self) -> Mapping[str, float]:
        """What all of them count."""
        counting = [part.metrics() for part in self.rewards.values() if isinstance(part, Counting)]
        return {name: value for part in counting for name, value in part.items()}


class EachNormalised:
    """GDPO (arXiv 2601.05242): `sum_k w_k (r_k - mean_G) / (std_G + eps)` in place of the sum, mean and std over the group.

    Rewards on different scales then weigh as their weights say, where the plain sum is ruled by the one that spreads most. The
    last step of GDPO, mean 0 and variance 1 over the batch, is the objective's: `reinforce_pp_baseline` does it over tokens, as
    verl's `gdpo` does. The objective `gdpo` does all of it by itself, from `Weighted`; under it this part changes nothing.
    Undecided responses take no part; the std is unbiased, and 0 in a group of one.

    Args:
        verifier: The rewards; what is correct stays its word.
        eps: Added to the std; verl 1e-6, the authors and TRL 1e-4.
    """

    name = "each_normalised"

    def __init__(self, verifier: Weighted, eps: float = 1e-6) -> None:
        if not (0 < eps < math.inf):
            raise InputError(f"eps is {eps}; allowed: above 0, such as 1e-6.")
        self.verifier, self.eps = verifier, eps

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on a response that is a group of its own."""
        alone = Rollout(prompt, 0, [], [], "stop", 0, text=response)
        return self.revise([alone], [self.verifier.verify(prompt, response)])[0]

    def revise(self, _group: Sequence[Rollout], verdicts: Sequence[Verdict]) -> list[Verdict]:
        """The verdicts with scores that are comparable between rewards."""
        decided = [dict(verdict.rewards) for verdict in verdicts if verdict.outcome != Outcome.UNDECIDED]
        scales = {name: self._scale([rewards[name] for rewards in decided]) for name in self.verifier.rewards if decided}
        return [
            replace(one, score=self._score(dict(one.rewards), scales)) if one.outcome != Outcome.UNDECIDED else one
            for one in verdicts
        ]

    def _scale(self, values: Sequence[float]) -> tuple[float, float]:
        return mean(values), (stdev(values) if len(values) > 1 else 0.0) + self.eps

    def _score(self, rewards: Mapping[str, float], scales: Mapping[str, tuple[float, float]]) -> float:
        weights = self.verifier.weights
        return sum(weights[name] * (rewards[name] - centre) / spread for name, (centre, spread) in scales.items())

    def self_test(self) -> None:
        """That of the rewards."""
        self.verifier.self_test()


def _reward(verdict: Verdict) -> float:
    return float(verdict.outcome == Outcome.CORRECT) if verdict.score is None else verdict.score
