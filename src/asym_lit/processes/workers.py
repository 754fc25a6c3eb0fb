"""Processes that share a queue of jobs and cannot hang the run.

A process limits its work by itself, by steps and processor time, so that a busy machine changes no reply. The caller's clock, a
generous one, only ends what hangs; then there is a new process.
"""

from __future__ import annotations

import contextlib
import queue
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from time import perf_counter

from asym_lit.processes.worker import START_SECONDS, Reply, Worker, ending


class WorkerPool:
    """A number of processes that share a queue of jobs.

    Args:
        command: Words that start one.
        workers: How many.
        seconds: Longest wall time of a job.
        spare_after: Wall time of a job after which another process gets ready, for the one at work may have to be replaced.
        ends_by: The signal that stops a process when all is closed.
    """

    def __init__(
        self,
        command: Sequence[str],
        workers: int,
        seconds: float,
        spare_after: float = 1.0,
        ends_by: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.seconds, self.spare_after = seconds, min(spare_after, seconds / 2)
        self.restarts = 0
        self._jobs: queue.SimpleQueue[tuple[Reply, Future[Reply]] | None] = queue.SimpleQueue()
        self._workers = [Worker(command, ends_by) for _ in range(workers)]
        for worker in self._workers:
            worker.start()
        self._threads = [threading.Thread(target=self._serve, args=(w,), daemon=True) for w in self._workers]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Reply) -> Future[Reply]:
        """Queue a job."""
        future: Future[Reply] = Future()
        self._jobs.put((job, future))
        return future

    @property
    def process_ids(self) -> list[int]:
        """Of the processes that run now."""
        return [worker.process.pid for worker in self._workers if worker.process]

    def close(self) -> None:
        """Cancel what waits, end every process, wait for them."""
        with contextlib.suppress(queue.Empty):
            while waiting := self._jobs.get_nowait():
                waiting[1].cancel()
        for worker in self._workers:
            self._jobs.put(None)
            worker.stop()
        for thread in self._threads:
            thread.join(self.seconds + START_SECONDS)

    def _serve(self, worker: Worker) -> None:
        """The life of one worker: a thread of ours at its pipe."""
        ready = False
        while taken := self._jobs.get():
            job, future = taken
            if not future.set_running_or_notify_cancel():
                continue
            try:
                if not ready:
                    worker.wait_ready()
                    ready = True
                reply = self._ask(worker, job)
                ready = worker.process is not None and reply.get("alive", True)
                future.set_result(reply)
            except BaseException as fault:
                worker.kill()
                future.set_exception(fault)
                if not worker.stopped:
                    worker.start()
                ready = False
        worker.close()

    def _ask(self, worker: Worker, job: Reply) -> Reply:
        """A reply within the deadline. A process that somebody else killed is replaced, and the job given again, once."""
        deadline = perf_counter() + self.seconds
        for again in (True, False):
            worker.send(job)
            reply = worker.read(deadline - self.seconds + self.spare_after)
            if reply is None and worker.alive:
                worker.prepare()
                reply = worker.read(deadline)
            if reply is not None and reply["reason"] != "memory":
                return reply
            late = reply is None and perf_counter() >= deadline
            status = worker.kill()
            late = late or status == -signal.SIGXCPU  # its own limit, on work that is one step and does not end
            self.restarts += 1
            worker.start()
            if reply is not None:
                return {**reply, "alive": False}
            if late or status != -signal.SIGKILL or not again:
                break
            begun = perf_counter()
            worker.wait_ready()
            deadline += perf_counter() - begun
        return {"outcome": "undecided", "reason": "timeout" if late else f"crash: {ending(status)}", "alive": False}
