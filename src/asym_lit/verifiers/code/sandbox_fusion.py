"""Programs run by SandboxFusion (github.com/bytedance/SandboxFusion, Apache-2.0), a service with an HTTP interface.

The driver goes along with each program, so that tests, limits and verdicts are those of the sandbox here.
"""

from __future__ import annotations

import json
import random
import secrets
import signal
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

from asym_lit.programs.forms import Tests
from asym_lit.programs.judging import Judging
from asym_lit.programs.running import Ended, records_of, signal_of
from asym_lit.programs.sandbox.places import driver_text
from asym_lit.types import InputError, check_least
from asym_lit.verifiers.code.http_calls import Passing, checked_address, post
from asym_lit.verifiers.code.limits import ProgramLimits
from asym_lit.verifiers.judge.breaker import CircuitBreaker
from asym_lit.verifiers.judge.cache import OpinionCache, cache_key
from asym_lit.verifiers.judge.counts import JudgeCounts
from asym_lit.verifiers.judge.opinion import JudgeError, Opinion

FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0
STANDARD_ERROR = 2


class SandboxFusion:
    """A SandboxFusion service; `POST /run_code` for every test.

    A call that fails, is late or comes back with nonsense makes a verdict undecided, never wrong. The service's own clock is
    set as far as the guard of the sandbox here; processor time is limited by the driver.

    Args:
        base_url: Where it listens.
        concurrency: Programs under way at once.
        retries: Further tries after a time-out, a broken connection, status 408, 409, 429 or 5xx, or an error of the sandbox;
            each waits twice as long, with jitter.
        timeout: Seconds that a call may take beyond what the program may.
        breaker_faults: Faults in a row after which no calls are made for a while.
        breaker_seconds: How long.
        cache: SQLite file of what came back, shared by runs; None keeps it for this run.
    """

    confines = False

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8080",
        concurrency: int = 16,
        retries: int = 3,
        timeout: float = 20.0,
        breaker_faults: int = 5,
        breaker_seconds: float = 30.0,
        cache: str | None = None,
    ) -> None:
        check_least("{name} of SandboxFusion", 1, concurrency=concurrency)
        check_least("{name} of SandboxFusion", 0, retries=retries)
        if timeout <= 0:
            raise InputError(f"timeout of SandboxFusion is {timeout}; allowed: above 0 seconds.")
        self.base_url = checked_address(base_url)
        self.concurrency, self.retries, self.timeout, self._cache_file = concurrency, retries, timeout, cache
        self.breaker = CircuitBreaker(breaker_faults, breaker_seconds)
        self.counts = JudgeCounts()
        self._driver = driver_text().partition('if __name__ == "__main__":')[0]
        self._cache: OpinionCache | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._limits: ProgramLimits | None = None
        self._lock = Lock()

    def open(self, limits: ProgramLimits) -> None:
        """Make threads and cache; no call is made."""
        with self._lock:
            if self._threads is None:
                self._limits, self._cache = limits, OpinionCache(self._cache_file)
                self._threads = ThreadPoolExecutor(self.concurrency, "sandbox-fusion")

    def submit(self, program: str, tests: Tests, seconds: float) -> Future[Mapping[str, Any]]:
        """Have a program tested."""
        assert self._threads is not None
        return self._threads.submit(self._judged, program, tests, seconds)

    def close(self) -> None:
        """Drop what waits, end the threads."""
        with self._lock:
            threads, self._threads = self._threads, None
            if threads is not None:
                threads.shutdown(wait=True, cancel_futures=True)
            if self._cache is not None:
                self._cache.close()
            self._cache = None

    def metrics(self) -> dict[str, float]:
        """Counts since the start, and whether the breaker is open."""
        counts = {**self.counts.all(), "breaker_open": float(self.breaker.is_open)}
        return {f"service/{name}": float(count) for name, count in counts.items()}

    def _judged(self, program: str, tests: Tests, seconds: float) -> Mapping[str, Any]:
        assert self._limits is not None
        judging = Judging(self._execute, self._limits.stop, self._limits.common)
        try:
            return judging.judge(program, list(tests), seconds).to_reply()
        except JudgeError as fault:
            return {"outcome": "undecided", "reason": f"service {fault.kind}"}

    def _execute(self, job: Mapping[str, Any], given: str | None, most_output: int) -> Ended:
        assert self._limits is not None and self._cache is not None
        key = cache_key("sandbox_fusion", self.base_url, json.dumps(dict(job), sort_keys=True), given or "", "")
        known = self._cache.get(key)
        if known is not None:
            self.counts.add("cached")
            return Ended(**json.loads(known.text))
        nonce = secrets.token_hex(16)
        task = json.dumps(json.dumps({**job, "nonce": nonce, "uid": None, "path": None}))
        wall = self._limits.wall
        body: dict[str, Any] = {"code": f"{self._driver}\nmain(json.loads({task}), {STANDARD_ERROR})\n", "language": "python"}
        body |= {"stdin": given or "", "run_timeout": wall, "compile_timeout": wall, "files": {}, "fetch_files": []}
        body |= {"memory_limit_MB": self._limits.memory_mb}
        ended = self._ended(self._asked(body, wall + self.timeout), nonce, most_output)
        if ended.ended_by != "wall" and ended.signal != signal.SIGKILL:  # what may come out otherwise is asked again
            self._cache.put(key, Opinion(json.dumps(vars(ended))))
        return ended

    def _asked(self, body: dict[str, Any], seconds: float) -> Mapping[str, Any]:
        """The result of a run, after as many tries as it takes."""
        wait = FIRST_WAIT
        for left in range(self.retries, -1, -1):
            if not self.breaker.allows():
                self.counts.add("faults/breaker")
                raise JudgeError("breaker", "too many faults in a row; calls are not made for a while")
            self.counts.add("requests")
            try:
                result = _result_of(post(f"{self.base_url}/run_code", body, seconds))
            except (Passing, JudgeError) as fault:
                self.breaker.failed()
                self.counts.add(f"faults/{fault.kind}")
                if isinstance(fault, JudgeError) or not left:
                    raise JudgeError(fault.kind, str(fault)) from fault
            else:
                self.breaker.succeeded()
                return result
            time.sleep(wait * random.uniform(0.5, 1.5))
            wait = min(2 * wait, LONGEST_WAIT)
        raise AssertionError("the last try returns or raises")

    def _ended(self, result: Mapping[str, Any], nonce: str, most_output: int) -> Ended:
        output, said, code = result["stdout"], result["stderr"], result["return_code"]
        records = records_of(said.encode(errors="surrogatepass"), nonce.encode())
        late = result["status"] == "TimeLimitExceeded"
        flood = len(output) > most_output
        ended = Ended(any("start" in r for r in records), "wall" if late else "flood" if flood else "")
        ended.signal = 0 if late else -code if code < 0 else signal_of(code)
        start = next((r["start"] for r in records if "start" in r), 0.0)
        ended.cpu = max((r["cpu"] - start for r in records if "done" in r), default=0.0)
        ended.records, ended.output, ended.said = records, output, said[:1000] if not ended.started else ""
        if not ended.started:
            raise JudgeError("start", f"the program was not run: {said[:300]!r}")
        return ended


def _result_of(reply: Any) -> Mapping[str, Any]:
    """The run's result in a reply.

    Raises:
        Passing: If the service says that its sandbox failed.
        JudgeError: If the reply is none of its kind.
    """
    status = reply.get("status") if isinstance(reply, Mapping) else None
    if status == "SandboxError":
        raise Passing("sandbox", f"the service's sandbox failed: {str(reply.get('message'))[:200]}")
    result = reply.get("run_result") if isinstance(reply, Mapping) else None
    if status not in ("Success", "Failed") or not isinstance(result, Mapping):
        raise JudgeError("nonsense", f"a reply without a result: {str(reply)[:200]!r}")
    found: dict[str, Any] = {
        "status": result.get("status"),
        "stdout": result.get("stdout") or "",
        "stderr": result.get("stderr") or "",
    }
    code = result.get("return_code")
    found["return_code"] = 0 if code is None and found["status"] == "TimeLimitExceeded" else code
    texts = isinstance(found["stdout"], str) and isinstance(found["stderr"], str)
    if (
        not texts
        or not isinstance(found["return_code"], int)
        or found["status"] not in ("Finished", "TimeLimitExceeded", "Error")
    ):
        raise JudgeError("nonsense", f"a result that cannot be read: {str(dict(result))[:200]!r}")
    if found["status"] == "Error":
        raise Passing("sandbox", f"the run failed: {found['stderr'][:200]}")
    return found
