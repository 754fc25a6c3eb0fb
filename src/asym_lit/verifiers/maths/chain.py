"""Verifiers asked one after the other. Weighed against each other instead: `Mixed`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from time import perf_counter

from asym_lit.types import (
    AuditingVerifier,
    ComparingVerifier,
    Counting,
    InputError,
    Outcome,
    Prompt,
    SubmittingVerifier,
    Verdict,
    Verifier,
)
from asym_lit.verifiers.maths.rule import Rule
from asym_lit.verifiers.maths.symbolic import Symbolic


class Chain:
    """A ladder: a rung's `correct` is final, as is a difference with a name (`Verdict.final`); anything else goes to the next.

    The last rung asked decides.

    The verdict carries those of all rungs asked, in order (`path`).

    Args:
        rungs: In order, cheap and certain ones first.
    """

    name = "chain"

    def __init__(self, rungs: Sequence[Verifier]) -> None:
        if not rungs:
            raise InputError("A Chain without rungs decides nothing; write rungs: [{class_path: asym_lit.verifiers.Rule}].")
        names = [rung.name for rung in rungs]
        if len(set(names)) < len(names):
            raise InputError(f"Rungs of a Chain need names of their own, for metrics; given: {', '.join(names)}.")
        self.rungs = tuple(rungs)
        self._comparing = [rung for rung in self.rungs if isinstance(rung, ComparingVerifier)]

    def open(self) -> None:
        """Open the rungs that need it."""
        for rung in self.rungs:
            if isinstance(rung, SubmittingVerifier):
                rung.open()

    def close(self) -> None:
        """Close them."""
        for rung in self.rungs:
            if isinstance(rung, SubmittingVerifier):
                rung.close()

    def self_test(self) -> None:
        """Every rung proves itself."""
        for rung in self.rungs:
            rung.self_test()

    def metrics(self) -> Mapping[str, float]:
        """What the rungs count."""
        counting = [rung for rung in self.rungs if isinstance(rung, Counting)]
        return {name: value for rung in counting for name, value in rung.metrics().items()}

    def unreadable(self, prompts: Sequence[Prompt]) -> dict[str, str]:
        """Gold answers that no rung can read, of those that can tell; the reason is the last one's."""
        found = [rung.unreadable(prompts) for rung in self.rungs if isinstance(rung, AuditingVerifier)]
        return {uid: reason for uid, reason in found[-1].items() if all(uid in other for other in found)} if found else {}

    @property
    def one_answer(self) -> bool:
        """True if each rung compares with the gold answer."""
        return len(self._comparing) == len(self.rungs) and all(rung.one_answer for rung in self._comparing)

    def same_answer(self, prompt: Prompt, one: str, other: str) -> bool | None:
        """What the first rung says that can tell."""
        said = (rung.same_answer(prompt, one, other) for rung in self._comparing)
        return next((same for same in said if same is not None), None)

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on one response."""
        return self.submit(prompt, response).result()

    def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
        """Ask the first rung; the others are asked as their turn comes."""
        decided: Future[Verdict] = Future()
        self._climb(prompt, response, (), decided, perf_counter())
        return decided

    def _climb(self, prompt: Prompt, response: str, path: tuple[Verdict, ...], decided: Future[Verdict], begun: float) -> None:
        """Go up from the rung behind the path: at once where rungs answer at once, else when they have."""
        for index in range(len(path), len(self.rungs)):
            rung = self.rungs[index]
            if isinstance(rung, SubmittingVerifier):
                pending = rung.submit(prompt, response)
                pending.add_done_callback(partial(self._resume, prompt, response, path, decided, begun))
                return
            path = (*path, rung.verify(prompt, response))
            if _decided(path[-1]):
                break
        last = path[-1]
        decided.set_result(replace(last, seconds=perf_counter() - begun, path=path))

    def _resume(
        self,
        prompt: Prompt,
        response: str,
        path: tuple[Verdict, ...],
        decided: Future[Verdict],
        begun: float,
        done: Future[Verdict],
    ) -> None:
        """Go on after a rung that worked beside its caller; a fault of it is the fault of the verdict."""
        try:
            path = (*path, done.result())
            if _decided(path[-1]):
                decided.set_result(replace(path[-1], seconds=perf_counter() - begun, path=path))
            else:
                self._climb(prompt, response, path, decided, begun)
        except BaseException as fault:
            decided.set_exception(fault)


def _decided(verdict: Verdict) -> bool:
    """True if no later rung is asked."""
    return verdict.outcome == Outcome.CORRECT or verdict.final


class Maths(Chain):
    """The ladder for answers of mathematics: rules, then computer algebra, then, if one is given, a judge.

    Args:
        rule: The first rung.
        symbolic: The second rung.
        judge: The third rung, asked only about what both cannot tell.
    """

    def __init__(self, rule: Rule | None = None, symbolic: Symbolic | None = None, judge: Verifier | None = None) -> None:
        super().__init__([rule or Rule(), symbolic or Symbolic(), *([judge] if judge else [])])
