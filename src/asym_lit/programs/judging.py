"""One program against its tests: what is run, in which order, and what follows from what came of it.

How a job is run is for the caller to say: in a sandbox here (`running`), or by a service.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from asym_lit.programs.endings import ending_of, error_in, short, time_limit
from asym_lit.programs.outputs import same_output, same_value
from asym_lit.programs.running import Ended

Part = Mapping[str, Any]
"""Tests of one kind, as `forms` has them."""
Execute = Callable[[Mapping[str, Any], "str | None", int], Ended]
"""Runs a job, with standard input or none, and a bound of output in bytes."""
LEAST_OUTPUT = 1 << 20
"""Bytes that any program may print; of a gold output, four times its size."""
REFERENCES = 256
"""Of which the results are kept."""
RESTARTS = 4
"""Of a reference that does not come back from a call."""


@dataclass
class Found:
    """What was found about a program."""

    outcome: str = "correct"
    reason: str = "all tests"
    passed: int = 0
    total: int = 0
    cpu: float = 0.0
    wall: float = 0.0
    runs: int = 0

    def says(self, outcome: str, reason: str) -> None:
        """Note what went wrong; the first thing stays, but what is undecided outweighs what is wrong."""
        if self.outcome == "correct" or (outcome == "undecided" and self.outcome == "incorrect"):
            self.outcome, self.reason = outcome, reason

    def to_reply(self) -> dict[str, Any]:
        """As a supervisor says it."""
        return asdict(self)


@dataclass
class Judging:
    """Judges programs one after the other.

    Args:
        execute: Runs a job.
        stop: Stop at the first test that fails.
        common: What all jobs have in common: limits, and what runs before a program.
    """

    execute: Execute
    stop: bool
    common: Mapping[str, Any]
    seconds: float = 0.0
    _references: OrderedDict[str, list[Any]] = field(default_factory=OrderedDict)

    def judge(self, program: str, parts: list[Part], seconds: float) -> Found:
        """Run a program's tests, part by part.

        Args:
            program: Its text.
            parts: Its tests.
            seconds: Processor time of a test; of asserts all together.
        """
        self.seconds = seconds
        found = Found(total=sum(map(tests_in, parts)))
        for part in parts:
            kinds = {"stdin": self._stdin, "calls": self._calls, "asserts": self._asserts, "like": self._like}
            kinds[part["kind"]](program, part, found)
            if found.outcome == "undecided" or (self.stop and found.outcome != "correct"):
                break
        return found

    def _reference(self, part: Part) -> tuple[list[Any], str]:
        """Number and result of the calls that the reference answers, and what kept it from running, if something did."""
        kept: list[Any] = []
        first = 0
        for _ in range(RESTARTS):
            ended = self._run(Found(), part["reference"], {**part, "kind": "calls", "calls": part["calls"][first:]}, stop=False)
            fault = ending_of(ended, self.seconds * len(part["calls"]))
            if fault and fault[0] == "undecided":
                return [], fault[1]
            told = {r["n"]: r for r in ended.records if "n" in r}
            kept += [[first + n, told[n]["value"]] for n in sorted(told) if "error" not in told[n]]
            first += max(told, default=-1) + 2  # behind the call that it did not come back from
            if first >= len(part["calls"]):
                break
        return kept, ""

    def _run(
        self,
        found: Found,
        program: str,
        part: Part,
        given: str | None = None,
        most: int = LEAST_OUTPUT,
        stop: bool | None = None,
    ) -> Ended:
        names = ("kind", "before", "entry", "setup", "asserts", "function", "calls")
        job = {**self.common, "program": program, "seconds": self.seconds}
        job["stop"] = self.stop if stop is None else stop
        job |= {name: part[name] for name in names if name in part}
        ended = self.execute(job, given, most)
        found.runs += 1
        found.cpu += ended.cpu
        found.wall += ended.wall
        return ended

    def _stdin(self, program: str, part: Part, found: Found) -> None:
        for number, (given, gold) in enumerate(zip(part["inputs"], part["outputs"], strict=True)):
            ended = self._run(found, program, {"kind": "stdin"}, given, max(LEAST_OUTPUT, 4 * len(gold)))
            wrong = ending_of(ended, self.seconds) or error_in(ended.records)
            if wrong is None and not same_output(ended.output, gold):
                wrong = ("incorrect", f"another output: {short(ended.output)} for {short(gold)}")
            if wrong is None:
                found.passed += 1
                continue
            found.says(wrong[0], f"test {number}: {wrong[1]}")
            if self.stop or wrong[0] == "undecided":
                return

    def _asserts(self, program: str, part: Part, found: Found) -> None:
        ended = self._run(found, program, part)
        passed = {r["n"] for r in ended.records if "n" in r and "error" not in r}
        found.passed += len(passed)
        # A program that was ended after its last assert has passed it: only the word behind the tests counts.
        if any("done" in r for r in ended.records) and len(passed) == len(part["asserts"]):
            return
        wrong = error_in(ended.records) or ending_of(ended, self.seconds)
        found.says(*(wrong or ("incorrect", "ended by itself before its tests did")))

    def _calls(self, program: str, part: Part, found: Found) -> None:
        ended = self._run(found, program, part)
        results = {r["n"]: r for r in ended.records if isinstance(r.get("n"), int)}
        for number, golds in enumerate(part["results"]):
            fault = self._call_fault(results.get(number), golds, part.get("absolute", 0.0))
            if fault is None:
                found.passed += 1
                continue
            if number not in results:
                wrong = error_in([r for r in ended.records if "n" not in r]) or ending_of(
                    ended, self.seconds * max(1, len(part["calls"]))
                )
                found.says(*(wrong or ("incorrect", "ended by itself before its tests did")))
                return
            found.says("incorrect", f"test {number}: {fault}")
            if self.stop:
                return

    def _call_fault(self, result: Mapping[str, Any] | None, golds: list[Any], absolute: float) -> str | None:
        if result is None:
            return "no result"
        if "error" in result:
            return str(result["error"])
        if result.get("cpu", 0.0) > self.seconds:
            return time_limit(self.seconds)
        if any(same_value(result.get("value"), gold, absolute) for gold in golds):
            return None
        return f"another result: {short(json.dumps(result.get('value')))} for {short(json.dumps(golds[0]))}"

    def _like(self, program: str, part: Part, found: Found) -> None:
        """The same results as a reference, which runs in the sandbox too; arguments that it raises on are left out."""
        key = hashlib.blake2b(json.dumps(dict(part), sort_keys=True).encode(), digest_size=16).hexdigest()
        if key not in self._references:
            kept, fault = self._reference(part)
            if fault:
                found.says("undecided", f"the reference: {fault}")
                return
            self._references[key] = kept
            if len(self._references) > REFERENCES:
                self._references.popitem(last=False)
        golds = self._references[key]
        if not golds:
            found.says("undecided", "the reference gives no result")
            return
        found.total -= len(part["calls"]) - len(golds)
        calls = [part["calls"][n] for n, _ in golds]
        self._calls(program, {**part, "kind": "calls", "calls": calls, "results": [[gold] for _, gold in golds]}, found)


def tests_in(part: Part) -> int:
    """How many tests a part has."""
    return len(part["inputs" if part["kind"] == "stdin" else "asserts" if part["kind"] == "asserts" else "calls"])
