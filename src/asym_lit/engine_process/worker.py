"""The process that writes for `ProcessEngine`; it is run as a module. It reads jobs as JSON lines and answers in JSON lines.

It ends as soon as its input does, in the middle of whatever it does: then nobody waits for it.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from typing import Any

import torch

from asym_lit.engine_process.shared_weights import read_weights
from asym_lit.policy.loading import load_policy, load_tokenizer
from asym_lit.rollout.engine import EngineHost, Request
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.types import InputError, Prompt, Sampling

DEAF_TO = ("SIGINT", "SIGTERM", "SIGUSR1")
"""What a terminal or a batch system sends to all processes of a run, which ends when it has saved."""


class EngineWorker:
    """Does the jobs, one after the other.

    Args:
        replies: Where they are written.
    """

    def __init__(self, replies: Any) -> None:
        self.replies = replies
        self.jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.engine = HFEngine()
        self.weights = -1

    def listen(self, jobs: Any) -> None:
        """Queue the jobs as they come; end the process where they end."""
        for line in jobs:
            self.jobs.put(json.loads(line))
        os._exit(0)

    def reply(self, job: dict[str, Any], **told: Any) -> None:
        """Answer a job."""
        self.replies.write(json.dumps({"call": job["call"], **told}) + "\n")
        self.replies.flush()

    def work(self) -> None:
        """Do what is asked for, without end; what is raised is told, and the next job taken."""
        while True:
            job = self.jobs.get()
            try:
                {"start": self._start, "sync": self._sync, "generate": self._generate}[job["do"]](job)
            except InputError as fault:
                self.reply(job, refused=str(fault))
            except Exception as fault:  # whatever a model's code may raise; the trainer decides
                self.reply(job, fault=f"{type(fault).__name__}: {fault}")

    def _start(self, job: dict[str, Any]) -> None:
        own, told = job["engine"], job["host"]
        torch.set_num_threads(own["threads"])
        if own["cores"] is not None:
            os.sched_setaffinity(0, own["cores"])
        self.weights = told.pop("weights")
        attention, longest = told["attn_implementation"], told["longest"]
        dtype: Any = told["dtype"]
        sets = {name: frozenset(told[name]) for name in ("stop_token_ids", "tokenless_ids")}
        host = EngineHost(
            **{**told, **sets, "device": torch.device(told["device"]), "dtype": getattr(torch, dtype)},
            live_model=None,
            load=lambda: load_policy(told["policy"], dtype, longest, attention),
            tokenizer=load_tokenizer(told["policy"]),
        )
        self.engine = HFEngine(own["max_batch_tokens"], own["dtype"])
        self.engine.start(host)
        self.reply(job, weight_dtype=self.engine.weight_dtype, remarks=list(self.engine.remarks))

    def _sync(self, job: dict[str, Any]) -> None:
        self.engine.sync(read_weights(self.weights, job["places"]), job["version"])
        self.reply(job)

    def _generate(self, job: dict[str, Any]) -> None:
        requests = [Request(Prompt("", "", {}, "", tuple(ids)), slot, seed) for ids, slot, seed in job["requests"]]
        told = job["sampling"]
        sampling = Sampling(**{**told, "temperature": told["temperature"] or 1.0})
        for group in self.engine.generate(requests, sampling if told["temperature"] else sampling.greedy()):
            if not self.jobs.empty():  # nobody waits for the rest
                return
            responses = [(one.token_ids, one.logprobs, one.finish_reason) for one in group]
            self.reply(job, group=responses, version=self.engine.version)


def main() -> None:
    """Answer on what was the standard output; whatever a library prints goes where faults do."""
    for name in DEAF_TO:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = EngineWorker(replies)
    threading.Thread(target=worker.listen, args=(sys.stdin,), daemon=True).start()
    worker.work()


if __name__ == "__main__":
    main()
