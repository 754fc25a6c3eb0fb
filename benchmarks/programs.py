"""`CodeTests` on programs of which it is known whether they are right, and on 200 that misbehave.

    python benchmarks/programs.py --human_eval HumanEval.jsonl --labelled labelled.jsonl --extra extra_inputs.jsonl
    python benchmarks/programs.py --mbpp mbpp_sanitized.jsonl
    python benchmarks/programs.py --graded atcoder_o1.jsonl
    python benchmarks/programs.py --planted 200
    python benchmarks/programs.py --cost 200

`--labelled` has rows with task_id, completion, label; `--extra` EvalPlus' inputs by task_id with a reference; `--graded` rows
with code, samples and official_graded, where a wrong program may pass the samples.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from asym_lit.programs.sandbox.places import FIRST_USER, USERS
from asym_lit.types import Outcome, Prompt, Verdict
from asym_lit.verifiers import CodeTests
from asym_lit.verifiers.code.trials import TRIAL_SECONDS, TRIALS


def rows_of(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines() if line.strip()]


def judged(verifier: CodeTests, asked: Iterable[tuple[str, Any, str]]) -> list[Verdict]:
    """Verdicts on (name, tests, program)."""
    verifier.open()
    begun = time.perf_counter()
    pending = [verifier.submit(Prompt(name, "", {"answer": json.dumps(tests)}, "t"), program) for name, tests, program in asked]
    verdicts = [one.result() for one in pending]
    wall = time.perf_counter() - begun
    print(f"  {len(verdicts)} programs in {wall:.1f} s, {len(verdicts) / wall:.1f} a second, load {os.getloadavg()[0]:.1f}")
    return verdicts


def disagreements(rows: list[dict[str, Any]], labels: list[bool], verdicts: list[Verdict], key: str) -> None:
    table = Counter((label, str(verdict.outcome)) for label, verdict in zip(labels, verdicts, strict=True))
    print("  label and verdict:", dict(sorted(table.items())))
    for row, label, verdict in zip(rows, labels, verdicts, strict=True):
        if verdict.outcome != (Outcome.CORRECT if label else Outcome.INCORRECT):
            print(f"    {row[key]} labelled {label}: {verdict.outcome} ({verdict.reason})")


def human_eval(verifier: CodeTests, problems: str, labelled: str, extra: str | None) -> None:
    known = {row["task_id"]: row for row in rows_of(problems)}
    rows = rows_of(labelled)
    asked = [(row["task_id"], {k: known[row["task_id"]][k] for k in ("prompt", "test", "entry_point")}, row) for row in rows]
    print("HumanEval completions")
    verdicts = judged(verifier, [(name, tests, row["completion"]) for name, tests, row in asked])
    disagreements(rows, [row["label"] for row in rows], verdicts, "task_id")
    if extra:
        more = {row["task_id"]: row for row in rows_of(extra)}
        right = [(n, {**t, **_extra(more[n])}, r) for n, t, r in asked if r["label"] and n in more]
        print("those that are right, with EvalPlus' inputs")
        verdicts = judged(verifier, [(name, tests, row["completion"]) for name, tests, row in right])
        disagreements([r for *_, r in right], [r["extra_inputs"] == "pass" for *_, r in right], verdicts, "task_id")


def _extra(row: dict[str, Any]) -> dict[str, Any]:
    return {"extra_inputs": row["inputs"], "reference": row["reference"], "atol": row["atol"]}


def mbpp(verifier: CodeTests, path: str) -> None:
    rows = rows_of(path)
    print("MBPP's references")
    verdicts = judged(verifier, [(str(row["task_id"]), {"test_list": row["test_list"]}, row["code"]) for row in rows])
    disagreements(rows, [True] * len(rows), verdicts, "task_id")


def graded(verifier: CodeTests, path: str) -> None:
    rows = rows_of(path)
    print("graded programs, on the samples of their problems")
    verdicts = judged(verifier, [(row["question_id"], row["samples"], row["code"]) for row in rows])
    disagreements(rows, [row["official_graded"] for row in rows], verdicts, "question_id")


def processes_of(root: int) -> list[int]:
    """A process and all below it."""
    parents: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent = int(Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(name))
    found, waiting = [], [root]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += parents.get(one, [])
    return found


def resident_mb(processes: list[int]) -> float:
    pages = sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in processes)
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def planted(verifier: CodeTests, count: int) -> None:
    """Programs of the self-test's kinds in a row, and what they leave."""
    verifier.open()
    before = len(processes_of(os.getpid()))
    wrong, memory = 0, []
    begun = time.perf_counter()
    trials = [trial for trial in TRIALS if trial.confined or trial.outcome == Outcome.INCORRECT or "thread" in trial.name]
    asked = [trials[number % len(trials)] for number in range(count)]
    for number, trial in enumerate(asked):
        prompt = Prompt(str(number), "", {"answer": json.dumps(trial.tests)}, "t")
        verdict = verifier.verify(prompt, f"```python\n{trial.program_for(verifier.limits.memory_mb)}\n```")
        wrong += verdict.outcome != trial.outcome or trial.says not in verdict.reason
        memory.append(resident_mb([os.getpid(), *verifier.runner.process_ids]))  # type: ignore[attr-defined]
    after = processes_of(os.getpid())
    owners = range(FIRST_USER, FIRST_USER + USERS) if os.geteuid() == 0 else []
    places = [tempfile.gettempdir(), "/var/tmp", "/dev/shm", os.getcwd()]
    left = [path for place in places for path in Path(place).glob("*") if path.lstat().st_uid in owners]
    print(f"planted misbehaviour: {count} programs in {time.perf_counter() - begun:.1f} s, {wrong} verdicts wrong")
    print(f"  processes before and after: {before}, {len(after)}; files of their user: {left}")
    print(f"  resident MiB after 20, after all: {memory[min(20, count - 1)]:.1f}, {memory[-1]:.1f}")
    verifier.close()
    print(f"  processes after closing: {len(processes_of(os.getpid()))}")


def cost(verifier: CodeTests, count: int) -> None:
    """Wall time of a program in the sandbox, with workers side by side, beside that of its own process without one."""
    program = "import sys\nprint(sum(map(int, sys.stdin.read().split())))\n"
    tests = {"inputs": ["1 2 3\n"], "outputs": ["6\n"]}
    workers = len(verifier.runner.process_ids) if hasattr(verifier.runner, "process_ids") else 0
    judged(verifier, [(f"warm {n}", tests, program) for n in range(20)])
    workers = workers or len(verifier.runner.process_ids)  # type: ignore[attr-defined]
    alone = []
    for _ in range(count):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], input="1 2 3\n", capture_output=True, text=True, check=True)
        alone.append(time.perf_counter() - begun)
    before = os.times()
    begun = time.perf_counter()
    judged(verifier, [(str(n), tests, f"```\n{program}\n```") for n in range(count)])
    each = (time.perf_counter() - begun) / count
    metrics = verifier.metrics()
    verifier.close()
    used = os.times()
    spent = (used.children_user + used.children_system - before.children_user - before.children_system) / count
    own = 1000 * statistics.median(alone)
    print(f"a program of its own: {own:.1f} ms; in the sandbox, {workers} workers: {1000 * each:.1f} ms")
    print(f"  a worker's wall, median and 95 %: {1000 * metrics['code/wall_50']:.1f}, {1000 * metrics['code/wall_95']:.1f} ms")
    print(f"  processor time of all processes, a program: {1000 * spent:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("human_eval", "labelled", "extra", "mbpp", "graded"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--planted", type=int, default=0)
    parser.add_argument("--cost", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--sandbox", default="auto")
    asked = parser.parse_args()

    def verifier(seconds: float = asked.seconds, bare: bool = True) -> CodeTests:
        return CodeTests(workers=asked.workers, seconds=seconds, tests=0, bare=bare, sandbox=asked.sandbox)

    made = verifier()
    if asked.human_eval:
        human_eval(made, asked.human_eval, asked.labelled, asked.extra)
    if asked.mbpp:
        mbpp(made, asked.mbpp)
    if asked.graded:
        graded(made, asked.graded)
    made.close()
    if asked.planted:
        planted(verifier(TRIAL_SECONDS, bare=False), asked.planted)
    if asked.cost:
        cost(verifier(), asked.cost)


if __name__ == "__main__":
    main()
