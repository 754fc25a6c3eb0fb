"""Programs judged by tests: right is one that passes all of them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from threading import Lock
from time import perf_counter
from typing import Any, Literal

from asym_lit.programs.forms import Tests, drawn, read_tests
from asym_lit.programs.stored import TestsError
from asym_lit.types import InputError, Outcome, Prompt, Verdict, check_least
from asym_lit.verifiers.code.extraction import program_in
from asym_lit.verifiers.code.limits import ProgramLimits, ProgramRunner
from asym_lit.verifiers.code.local import MEANS, LocalSandbox
from asym_lit.verifiers.code.trials import TRIAL_SECONDS, TRIALS

REMEMBERED = 1000
"""Programs whose times the metrics are of."""


class CodeTests:
    """Right: the program in the response passes the tests of its problem (`prompt.answer["tests"]`, else `["answer"]`).

    Each program runs in a fresh interpreter, in a sandbox, with real pipes. Its processor time decides, so that a busy machine
    changes no verdict; the clock only guards. What does not start, is killed from outside or hangs without using its time is
    undecided. Expected outputs and results stay outside and are compared there: by lines and tokens, exactly, or within 1e-6 of
    a gold number with a point. Asserts count as passed by a word that the driver writes behind the last one, not by an exit
    status.

    Args:
        workers: Programs that run at once.
        seconds: Processor time of a test; of asserts all together.
        memory_mb: Most virtual memory of a program, in MiB.
        tests: Most tests of a problem, by a draw that hangs on `seed` and the problem; 0 for all.
        seed: Of that draw.
        reward: `all`: 1 for a program that passes all tests, else 0. `share`: the share that it passes; correct is still all.
        bare: Take a response without a fence for a program, or for the continuation of the problem's own code.
        prelude: Code that runs before every program, such as `from typing import *`.
        python: Path of the interpreter that runs programs, with its packages; null for the one that this one was made from,
            without packages.
        sandbox: `auto` takes the first that works.
        unsafe: Run programs without a sandbox where none works: as your own user, with all that this one may do.
        remote: A service that runs them instead.
        max_chars: Longest program; a longer one is wrong.
    """

    name = "code_tests"

    def __init__(
        self,
        workers: int = 2,
        seconds: float = 6.0,
        memory_mb: int = 2048,
        tests: int = 16,
        seed: int = 0,
        reward: Literal["all", "share"] = "all",
        bare: bool = False,
        prelude: str = "",
        python: str | None = None,
        sandbox: Literal["auto", "bubblewrap", "landlock"] = "auto",
        unsafe: bool = False,
        remote: ProgramRunner | None = None,
        max_chars: int = 200_000,
    ) -> None:
        check_least("{name} of CodeTests", 1, workers=workers, max_chars=max_chars)
        check_least("{name} of CodeTests", 0, tests=tests)
        if reward not in ("all", "share"):
            raise InputError(f"reward of CodeTests is {reward!r}; allowed: all, share.")
        if sandbox not in ("auto", *MEANS):
            raise InputError(f"sandbox of CodeTests is {sandbox!r}; allowed: auto, {', '.join(MEANS)}.")
        self.limits = ProgramLimits(seconds, memory_mb, reward == "all", prelude)
        self.tests, self.seed, self.reward, self.bare, self.max_chars = tests, seed, reward, bare, max_chars
        self.runner = remote or LocalSandbox(workers, MEANS if sandbox == "auto" else (sandbox,), python, unsafe, tests)
        self._counts: Counter[str] = Counter()
        self._cpu: deque[float] = deque(maxlen=REMEMBERED)
        self._wall: deque[float] = deque(maxlen=REMEMBERED)
        self._lock = Lock()
        self._last: tuple[Prompt, Tests] | None = None

    def open(self) -> None:
        """Start what runs programs.

        Raises:
            InputError: If no sandbox works, with what is missing.
        """
        self.runner.open(self.limits)

    def close(self) -> None:
        """End it, and every program."""
        self.runner.close()

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on one response."""
        return self.submit(prompt, response).result()

    def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
        """Queue a response; its verdict comes when its program has been tested.

        Raises:
            InputError: If the problem has no tests that can be read.
        """
        begun = perf_counter()
        tests = self.tests_of(prompt)
        program = program_in(response, self.bare)
        verdict: Future[Verdict] = Future()
        refused = self._refused(program)
        if refused or program is None:
            wrong = Verdict(Outcome.INCORRECT, self.name, refused, None, perf_counter() - begun, score=self._score(0, 1))
            verdict.set_result(wrong)
            return verdict
        self.open()
        asked = self.runner.submit(program, tests, self.limits.seconds)
        asked.add_done_callback(lambda done: self._settle(done, verdict, program, begun))
        return verdict

    def tests_of(self, prompt: Prompt) -> Tests:
        """The tests of a problem that are used.

        Raises:
            InputError: If it has none that can be read.
        """
        if self._last is not None and self._last[0] is prompt:  # one group after the other
            return self._last[1]
        try:
            given = prompt.answer.get("tests", prompt.answer.get("answer"))
            tests = drawn(read_tests(given), self.tests, f"{self.seed}/{prompt.uid}")
        except TestsError as fault:
            raise InputError(
                f"The problem {prompt.origin or prompt.uid!r} of {prompt.task!r} has {fault}. CodeTests reads them under "
                "'tests', as the task asym_lit.tasks.CodeProblems gives them."
            ) from fault
        self._last = (prompt, tests)
        return tests

    def unreadable(self, prompts: Sequence[Prompt]) -> dict[str, str]:
        """Problems without tests, and those whose own solution (`prompt.answer["reference"]`) fails them."""
        found: dict[str, str] = {}
        asked: dict[str, Future[Mapping[str, Any]]] = {}
        for prompt in prompts:
            try:
                tests = self.tests_of(prompt)
            except InputError as fault:
                found[prompt.uid] = str(fault)
                continue
            reference = prompt.answer.get("reference")
            if isinstance(reference, str) and reference.strip():
                self.open()
                asked[prompt.uid] = self.runner.submit(reference, tests, self.limits.seconds)
        for uid, pending in asked.items():
            reply = pending.result()
            if reply["outcome"] != Outcome.CORRECT:
                found[uid] = f"its own solution fails: {reply['reason']}"
        return found

    def self_test(self) -> None:
        """Runs programs that are right, wrong, and misbehave in ways that a policy's programs may."""
        self.open()
        trials = [trial for trial in TRIALS if self.runner.confines or not trial.confined]
        asked = [self.runner.submit(t.program_for(self.limits.memory_mb), read_tests(t.tests), TRIAL_SECONDS) for t in trials]
        for trial, pending in zip(trials, asked, strict=True):
            reply = pending.result()
            if reply["outcome"] != trial.outcome or trial.says not in reply["reason"]:
                raise RuntimeError(
                    f"{self.name}: the program of the kind {trial.name!r} was called {reply['outcome']} ({reply['reason']}), "
                    f"not {trial.outcome}{f' ({trial.says})' if trial.says else ''}."
                )

    def metrics(self) -> dict[str, float]:
        """Counts since the start, and the times of the last programs."""
        with self._lock:
            counts, cpu, wall = dict(self._counts), sorted(self._cpu), sorted(self._wall)
        programs = max(counts.get("programs", 0), 1)
        found = {name: float(counts.get(name, 0)) for name in ("programs", "runs", "failed_starts")}
        found["passed_share"] = counts.get("shares", 0) / programs
        for name, times in (("cpu", cpu), ("wall", wall)):
            found |= {f"{name}_{at}": times[len(times) * at // 100] if times else 0.0 for at in (50, 95)}
        of_runner: dict[str, float] = getattr(self.runner, "metrics", dict)()
        return {f"code/{name}": value for name, value in {**found, **of_runner}.items()}

    def _refused(self, program: str | None) -> str:
        if program is None or not program.strip():
            return "no program: no fenced block" if program is None else "no program: an empty block"
        return f"a program of more than {self.max_chars} characters" if len(program) > self.max_chars else ""

    def _score(self, passed: int, total: int) -> float | None:
        return passed / max(total, 1) if self.reward == "share" else None

    def _settle(self, done: Future[Mapping[str, Any]], verdict: Future[Verdict], program: str, begun: float) -> None:
        if done.cancelled():
            verdict.cancel()
        elif fault := done.exception():
            verdict.set_exception(fault)
        else:
            reply = done.result()
            passed, total = reply.get("passed", 0), reply.get("total", 0)
            self._note(reply, passed / max(total, 1))
            outcome = Outcome(reply["outcome"])
            score = None if outcome == Outcome.UNDECIDED else self._score(passed, total)
            seconds = perf_counter() - begun
            verdict.set_result(Verdict(outcome, self.name, reply["reason"], program, seconds, score=score))

    def _note(self, reply: Mapping[str, Any], share: float) -> None:
        with self._lock:
            self._counts.update(programs=1, runs=reply.get("runs", 0), failed_starts="did not start" in reply["reason"])
            self._counts["shares"] += share  # type: ignore[assignment]
            self._cpu.append(reply.get("cpu", 0.0))
            self._wall.append(reply.get("wall", 0.0))
