"""The scoring that comes with reasoning-gym's puzzles. It runs in `reasoning_gym_worker`; the puzzles are made in `tasks/`."""

from __future__ import annotations

from concurrent.futures import Future
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from asym_lit.types import InputError, Outcome, Prompt, Verdict
from asym_lit.verifiers.in_processes import VerifierInProcesses

OPENING, CLOSING = "<answer>", "</answer>"


class ReasoningGymScore(VerifierInProcesses):
    """Right: reasoning-gym's own scoring of a problem of the task `ReasoningGym` gives the answer enough.

    The answer stands between the last `<answer>` and `</answer>`. Scoring runs in processes of its own with limits on time and
    memory, for some scorers evaluate what they are given; one that does not reply is replaced, and its verdict is undecided. An
    answer that a scorer cannot read, and raises on, is wrong.

    Args:
        least: Smallest score that counts as right; reasoning-gym gives 1 to a solution and less to attempts.
        workers: Processes.
        seconds: Longest processor time of one scoring.
        memory_mb: Most virtual memory of a process, in MiB.
    """

    name = "reasoning_gym"
    script = Path(__file__).with_name("reasoning_gym_worker.py")

    def __init__(self, least: float = 1.0, workers: int = 2, seconds: float = 5.0, memory_mb: int = 4096) -> None:
        for name, value, allowed, ok in (
            ("least", least, "above 0, at most 1", 0 < least <= 1),
            ("workers", workers, "1 or more", workers >= 1),
            ("seconds", seconds, "1 or more", seconds >= 1),
            ("memory_mb", memory_mb, "1024 or more", memory_mb >= 1024),
        ):
            if not ok:
                raise InputError(f"{name} of ReasoningGymScore is {value}; allowed: {allowed}.")
        self.least, self.workers, self.seconds, self.memory_mb = least, workers, seconds, memory_mb

    def open(self) -> None:
        """Start the processes.

        Raises:
            InputError: If reasoning-gym is not installed.
        """
        if find_spec("reasoning_gym") is None:
            raise InputError("reasoning-gym is not installed; write pip install 'asym_lit[logic]'.")
        super().open()

    def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
        """Queue a response; its verdict comes when a process has scored it."""
        begun = perf_counter()
        if "dataset" not in prompt.answer:
            raise InputError(f"The prompt {prompt.uid!r} of {prompt.task!r} is no problem of the task ReasoningGym.")
        verdict: Future[Verdict] = Future()
        start, end = response.rfind(OPENING), response.rfind(CLOSING)
        if not 0 <= start < end:
            verdict.set_result(Verdict(Outcome.INCORRECT, self.name, f"no {OPENING} ... {CLOSING}"))
            return verdict
        answer = response[start + len(OPENING) : end].strip()
        given = prompt.answer
        entry = {"question": given["question"], "answer": given["solution"], "metadata": given["metadata"]}
        job = {"dataset": prompt.answer["dataset"], "settings": prompt.answer["settings"], "least": self.least}
        scored = self.pool.submit({**job, "entry": entry, "answer": answer})
        scored.add_done_callback(lambda done: self.settle(done, verdict, answer, begun))
        return verdict

    def self_test(self) -> None:
        """Scores a right answer and a wrong one to a sum."""
        entry = {"dataset": "chain_sum", "settings": {}, "question": "1 + 2 =", "solution": "3", "metadata": {}}
        prompt = Prompt("self_test", "1 + 2 =", entry, "self_test")
        for answer, expected in (("3", Outcome.CORRECT), ("4", Outcome.INCORRECT)):
            verdict = self.verify(prompt, f"{OPENING}{answer}{CLOSING}")
            if verdict.outcome != expected:
                raise RuntimeError(f"{self.name}: {answer!r} to 1 + 2 was called {verdict.outcome} ({verdict.reason}).")
