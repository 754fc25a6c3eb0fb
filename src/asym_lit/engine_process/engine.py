"""The parent's side: starts the process, puts weights into shared memory, sends requests over a pipe and reads groups.

The process itself is `worker`.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, Literal

from torch import Tensor

from asym_lit.engine_process.shared_weights import Place, WeightFile
from asym_lit.processes.worker import ending
from asym_lit.rollout.engine import Engine, EngineError, EngineHost, Request, rounding_remarks
from asym_lit.types import InputError, Rollout, Sampling, check_least

WORKER = "asym_lit.engine_process.worker"
TOLD = 400
"""Last letters of what a process said before it died."""


class ProcessEngine(Engine):
    """`HFEngine` in a process of its own, with a copy of the weights: it can write while the policy is updated (`data.lag`).

    Weights reach it through shared memory, in one copy; its own is a second. The process ends with the one that trains, however
    that ends. One that dies is replaced as every engine is.

    Args:
        max_batch_tokens: Most tokens, prompts and full-length responses, generated at once.
        dtype: Of its weights and cache; None for that of the policy's.
        threads: Of its own. Trainer and engine share the cores: together they should not have more than there are.
        cores: Numbers of the cores that it may run on; None for all that this process may.
        timeout: Seconds until an answer, be it the next groups, must be there; then it is ended and replaced.
    """

    def __init__(
        self,
        max_batch_tokens: int = 65536,
        dtype: Literal["float32", "bfloat16", "float16"] | None = None,
        threads: int = 1,
        cores: list[int] | None = None,
        timeout: float = 3600.0,
    ) -> None:
        check_least("ProcessEngine: {name}", 1, max_batch_tokens=max_batch_tokens, threads=threads)
        if timeout <= 0:
            raise InputError(f"ProcessEngine: timeout is {timeout}; allowed: above 0 seconds.")
        self.max_batch_tokens, self.dtype, self.threads, self.cores, self.timeout = (
            max_batch_tokens,
            dtype,
            threads,
            cores,
            timeout,
        )
        self.version = self._last = -1
        self._process: subprocess.Popen[bytes] | None = None
        self._file: WeightFile | None = None
        self._places: list[Place] = []
        self._said: IO[bytes] | None = None
        self._call = 0

    def check(self) -> None:
        """The cores are there."""
        have = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(self.cores or [])
        if self.cores is not None and (not self.cores or not set(self.cores) <= have):
            raise InputError(f"ProcessEngine: cores is {self.cores}; allowed: some of {sorted(have)}, or null for all of them.")

    def start(self, host: EngineHost) -> None:
        """Start the process and have it load the policy.

        Raises:
            InputError: If its class cannot be generated with.
        """
        plain = {
            "policy": host.policy,
            "device": str(host.device),
            "dtype": str(host.dtype).removeprefix("torch."),
            "stop_token_ids": sorted(host.stop_token_ids),
            "pad_token_id": host.pad_token_id,
            "local_rank": host.local_rank,
            "tokenless_ids": sorted(host.tokenless_ids),
            "longest": host.longest,
            "attn_implementation": host.attn_implementation,
        }
        self._file = self._file or WeightFile()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process may write
        environment = {**os.environ, "OMP_NUM_THREADS": str(self.threads)}
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=environment,
            pass_fds=(self._file.descriptor,),
        )
        plain["weights"] = self._file.descriptor
        own = {"max_batch_tokens": self.max_batch_tokens, "dtype": self.dtype, "threads": self.threads, "cores": self.cores}
        told = self._ask({"do": "start", "host": plain, "engine": own})
        self.weight_dtype = told["weight_dtype"]
        others = tuple(remark for remark in told["remarks"] if "its weights are" not in remark)
        self.remarks = rounding_remarks("ProcessEngine", host.dtype, self.weight_dtype) + others

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        """Write the weights into shared memory, and have the process take them over."""
        assert self._file is not None
        self._places, self._last = self._file.write(named_weights), version
        self.restore()

    def restore(self) -> None:
        """Have the process take over what lies in shared memory: the weights of the last sync."""
        self._ask({"do": "sync", "version": self._last, "places": self._places})
        self.version = self._last

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Rollout]]:
        """One group per request, in order, as they finish."""
        asked = [[list(request.prompt.token_ids), request.slot, request.seed] for request in requests]
        call = self._send({"do": "generate", "requests": asked, "sampling": vars(sampling)})
        for request in requests:
            told = self._read(call)
            yield [
                Rollout(request.prompt, request.slot, ids, logprobs, reason, told["version"])
                for ids, logprobs, reason in told["group"]
            ]

    def forget(self) -> None:
        """Nothing to drop: caches live only while generating."""

    def sleep(self) -> None:
        """Nothing to give back: caches live only while generating."""

    def wake(self) -> None:
        """Nothing to take."""

    def close(self) -> None:
        """End the process. The weights of the last sync stay, for one that is started in its place."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()

    def _ask(self, job: dict[str, Any]) -> dict[str, Any]:
        return self._read(self._send(job))

    def _send(self, job: dict[str, Any]) -> int:
        """Give the process a job; returns its number, which its replies carry."""
        self._call += 1
        process = self._process
        if process is None or process.stdin is None:
            raise EngineError("ProcessEngine: there is no process; it was closed.")
        try:
            process.stdin.write(json.dumps(job | {"call": self._call}).encode() + b"\n")
            process.stdin.flush()
        except (BrokenPipeError, ValueError) as fault:
            raise self._died(process) from fault
        return self._call

    def _read(self, call: int) -> dict[str, Any]:
        """The next reply to a job; those to a job that nobody waits for any longer are passed over.

        Raises:
            EngineError: If the process died, is late, or raised.
            InputError: If the policy cannot be generated with.
        """
        process = self._process
        if process is None or process.stdout is None:
            raise EngineError("ProcessEngine: there is no process; it was closed.")
        late = threading.Timer(self.timeout, process.kill)
        late.start()
        try:
            while line := process.stdout.readline():
                told: dict[str, Any] = json.loads(line)
                if told["call"] == call:
                    break
            else:
                raise self._died(process)
        finally:
            late.cancel()
        if "refused" in told:
            raise InputError(told["refused"])
        if "fault" in told:
            raise EngineError(f"ProcessEngine: its process raised {told['fault']}.")
        return told

    def _died(self, process: subprocess.Popen[bytes]) -> EngineError:
        status = ending(process.wait())
        said = ""
        if self._said is not None:
            self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - TOLD))
            said = " ".join(self._said.read().decode(errors="replace").split())
        return EngineError(f"ProcessEngine: its process ended by {status}{f', saying: {said}' if said else ''}.")
