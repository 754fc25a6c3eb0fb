"""What verifiers share that work in processes of their own. The processes are in `workers`, a single one in `worker`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import Future
from pathlib import Path
from time import perf_counter

from asym_lit.processes.worker import Reply, script_command
from asym_lit.processes.workers import WorkerPool
from asym_lit.types import Outcome, Prompt, Verdict

PATIENCE = 40
"""Times the seconds of a job that may pass until its process is held to hang: many processes may share a core."""


class VerifierInProcesses(ABC):
    """Opens and closes its processes, and turns their replies into verdicts.

    A subclass sets `name`, `workers`, `seconds` and `memory_mb`, and submits jobs to `pool`.
    """

    name: str
    script: Path
    """File that the processes run."""
    workers: int
    seconds: float
    """Measure of the processor time of one job, which the processes limit by themselves."""
    memory_mb: int
    _pool: WorkerPool | None = None

    def open(self) -> None:
        """Start the processes; they get ready beside whatever else happens."""
        if self._pool is None:
            command = script_command(str(self.script), self.seconds, self.memory_mb)
            self._pool = WorkerPool(command, self.workers, PATIENCE * self.seconds, self.seconds)

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    @property
    def pool(self) -> WorkerPool:
        """The processes, started if need be."""
        self.open()
        assert self._pool
        return self._pool

    @property
    def process_ids(self) -> list[int]:
        """Of the processes; none while it is closed."""
        return self._pool.process_ids if self._pool else []

    @abstractmethod
    def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
        """Queue a response; its verdict comes when a process has judged it."""

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on one response."""
        return self.submit(prompt, response).result()

    def settle(self, done: Future[Reply], verdict: Future[Verdict], answer: str, begun: float) -> None:
        """Make a process's reply the verdict.

        Args:
            done: The reply.
            verdict: Waits for it.
            answer: As found in the response.
            begun: When the response came, by `perf_counter`.
        """
        if done.cancelled():
            verdict.cancel()
        elif fault := done.exception():
            verdict.set_exception(fault)
        else:
            reply = done.result()
            seconds = perf_counter() - begun
            verdict.set_result(Verdict(Outcome(reply["outcome"]), self.name, reply["reason"], answer, seconds))
