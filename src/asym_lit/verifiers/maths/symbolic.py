"""Equality of mathematical answers by computer algebra. The comparison runs in `symbolic_worker`, never in this process."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from time import perf_counter
from typing import Literal

from asym_lit.answers.trust import read_whole
from asym_lit.types import InputError, Outcome, Prompt, Verdict, check_least
from asym_lit.verifiers.answers import MARKERS, check_markers, extract_answer
from asym_lit.verifiers.gold import gold_of
from asym_lit.verifiers.in_processes import VerifierInProcesses


class Symbolic(VerifierInProcesses):
    r"""Right: Math-Verify finds the answer equal to the gold one (`prompt.answer["answer"]`), and reads both of them whole.

    Math-Verify runs in processes of its own. A comparison has a number of steps; what needs more is undecided, on a busy
    machine as on an idle one. A process that hangs or dies is replaced, and its verdict is undecided: no expression can hang
    the run, or fill the memory of the trainer. The gold answer is wrapped in `\boxed{}`, for
    outside of one, equations are not parsed, and all unparsed ones are equal.

    Args:
        workers: Processes; each takes a core while it works and about 100 MiB.
        seconds: Processor time of one comparison on a slow core, as a measure of its steps.
        memory_mb: Most virtual memory of a process, in MiB.
        max_chars: Longest answer; a longer one is wrong.
        extraction: `marked` looks for the answer where a marker points; `math_verify` leaves it to Math-Verify, which also
            takes a formula or number that merely stands somewhere.
        strict: As in Math-Verify: names matter, and sets are no tuples.
        set_relations: As in Math-Verify: an interval as the gold answer may be met by an inequality.
        float_rounding: As in Math-Verify: decimal places to which numbers are compared.
        bare_chars: Longest response without a marker (`\boxed{}`, "####", "the answer is") that is read as an answer; 0 asks
            for a marker.
        markers: What may point at the answer (`asym_lit.verifiers.answers.MARKERS`); the last one counts, of whatever kind.
        whole_only: Ask Math-Verify only about texts of which it drops nothing (words, units, indices behind numbers, tiny
            numbers ...); what else there is, it calls equal too often to be trusted with a reward. `extraction: math_verify`
            leaves everything to it.
    """

    name = "symbolic"
    one_answer = True
    script = Path(__file__).with_name("symbolic_worker.py")

    def __init__(
        self,
        workers: int = 2,
        seconds: float = 3.0,
        memory_mb: int = 2048,
        max_chars: int = 5000,
        extraction: Literal["marked", "math_verify"] = "marked",
        strict: bool = True,
        set_relations: bool = False,
        float_rounding: int = 6,
        bare_chars: int = 300,
        markers: Sequence[str] = MARKERS,
        whole_only: bool = True,
    ) -> None:
        check_least("{name} of Symbolic", 1, workers=workers, seconds=seconds, max_chars=max_chars)
        check_least("{name} of Symbolic", 512, memory_mb=memory_mb)
        check_least("{name} of Symbolic", 0, bare_chars=bare_chars)
        self.workers, self.seconds, self.memory_mb = workers, seconds, memory_mb
        self.max_chars, self.bare_chars, self.whole_only = max_chars, bare_chars, whole_only
        self.markers = check_markers(markers, "Symbolic")
        if extraction not in ("marked", "math_verify"):
            raise InputError(f"extraction of Symbolic is {extraction!r}; allowed: marked, math_verify.")
        self.extraction = extraction
        self._settings = {"strict": strict, "set_relations": set_relations, "float_rounding": float_rounding}

    def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
        """Queue a response; its verdict comes when a process has compared it."""
        begun = perf_counter()
        gold = gold_of(prompt)
        whole = self.extraction == "math_verify"
        answer = response[-WHOLE:] if whole else extract_answer(response, self.bare_chars, self.markers).text
        verdict: Future[Verdict] = Future()
        refused = self._refused(gold, answer, whole)
        if whole and answer.strip() == gold.strip():
            verdict.set_result(Verdict(Outcome.CORRECT, self.name, "the gold answer, letter by letter", answer))
        elif refused:
            verdict.set_result(Verdict(Outcome.INCORRECT, self.name, refused, answer or None, perf_counter() - begun))
        else:
            self._ask(gold, answer, whole, verdict, begun)
        return verdict

    def _refused(self, gold: str, answer: str, whole: bool) -> str:
        """Why Math-Verify is not asked; empty if it is."""
        if not answer.strip():
            return "no answer found"
        if whole:
            return ""
        if len(answer) > self.max_chars:
            return f"an answer of more than {self.max_chars} characters"
        return "cannot tell: Math-Verify would drop a part" if self.whole_only and not read_whole(gold, answer) else ""

    def _ask(self, gold: str, answer: str, whole: bool, verdict: Future[Verdict], begun: float) -> None:
        job = self.pool.submit({"gold": gold, "answer": answer, "whole": whole, **self._settings})
        job.add_done_callback(lambda done: self.settle(done, verdict, answer, begun))

    def same_answer(self, prompt: Prompt, one: str, other: str) -> bool | None:
        """True if Math-Verify finds two answers equal; it is not asked about whole responses (`extraction: math_verify`)."""
        if self.extraction == "math_verify" or self._refused(one, other, whole=False):
            return None
        verdict: Future[Verdict] = Future()
        self._ask(one, other, False, verdict, perf_counter())
        return True if verdict.result().outcome == Outcome.CORRECT else None

    def unreadable(self, prompts: Sequence[Prompt]) -> dict[str, str]:
        """Gold answers that are not found equal to themselves."""
        asked: dict[str, Future[Verdict]] = {prompt.uid: Future() for prompt in prompts}
        for prompt in prompts:
            self._ask(gold_of(prompt), gold_of(prompt), False, asked[prompt.uid], perf_counter())
        verdicts = {uid: pending.result() for uid, pending in asked.items()}
        return {uid: verdict.reason for uid, verdict in verdicts.items() if verdict.outcome != Outcome.CORRECT}

    def self_test(self) -> None:
        """Compares known pairs, which also proves that every parser is there."""
        for gold, answer, expected in SELF_TEST:
            prompt = Prompt("self_test", "", {"answer": gold}, "self_test")
            verdict = self.verify(prompt, f"\\boxed{{{answer}}}")
            if verdict.outcome != expected:
                raise RuntimeError(
                    f"{self.name}: the answer {answer!r} to {gold!r} was called {verdict.outcome} ({verdict.reason}), "
                    f"not {expected}."
                )


WHOLE = 20_000
"""Characters of a response, from its end, in which Math-Verify looks by itself."""
SELF_TEST = (
    ("\\frac{1}{2}", "0.5", Outcome.CORRECT),
    ("\\frac{1}{2}", "0.6", Outcome.INCORRECT),
    ("x^2+2x+1", "(x+1)^2", Outcome.CORRECT),
    ("\\sqrt{8}", "2\\sqrt{2}", Outcome.CORRECT),
    ("\\{1,2,3\\}", "\\{3,1,2\\}", Outcome.CORRECT),
    ("(1,2)", "(2,1)", Outcome.INCORRECT),
    ("x=3", "y=4", Outcome.INCORRECT),
)
