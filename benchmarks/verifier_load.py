"""The same rows, the same verdicts: one, two and eight workers, on an idle machine and beside four other jobs.

    python benchmarks/verifier_load.py --gold math500/test.jsonl gsm8k/test.jsonl --rows 2000

Rows are answers made out of gold ones, right and wrong (`verifier_perturbations.py`), as they are, and with expressions that no
worker can compute in between. The exit status is 1 if any verdict differs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from verifier_perturbations import evenly, gold_rows

from asym_lit.evaluation.perturbations import Pair, made, perturbed
from asym_lit.types import Prompt
from asym_lit.verifiers import Symbolic

HANGING = ("9^{9^{9^9}}", "\\frac{5^{5^{5^{5^5}}}-5}{16}", "x^{" * 60 + "2" + "}" * 60, "(10^9)!", "(x+y+z)^{90}-(x+y)^{89}z")
OTHER_JOB = [sys.executable, "-c", "while True: sum(range(10**6))"]


def verdicts(pairs: list[Pair], workers: int, jobs: int) -> tuple[list[tuple[str, str]], float]:
    """Outcome and reason of each pair by computer algebra alone, and how long all took."""
    others = [subprocess.Popen(OTHER_JOB) for _ in range(jobs)]
    verifier = Symbolic(workers=workers, whole_only=False)
    try:
        verifier.self_test()
        begun = time.perf_counter()
        prompts = [Prompt(str(n), p.question, {"answer": p.gold, "question": p.question}, "t") for n, p in enumerate(pairs)]
        pending = [verifier.submit(prompt, f"\\boxed{{{p.answer}}}") for prompt, p in zip(prompts, pairs, strict=True)]
        found = [one.result() for one in pending]
        return [(str(one.outcome), one.reason) for one in found], time.perf_counter() - begun
    finally:
        verifier.close()
        for other in others:
            other.kill()
            other.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path, nargs="+", required=True)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 8])
    parser.add_argument("--jobs", type=int, nargs="+", default=[0, 4], help="other jobs beside it")
    settings = parser.parse_args()
    pairs = perturbed([row for file in settings.gold for row in gold_rows(file)]) + made(10)
    pairs = evenly(pairs, settings.rows - len(HANGING))
    step = len(pairs) // len(HANGING)
    for place, answer in enumerate(HANGING):
        pairs.insert(place * (step + 1), Pair("hanging", "", "12", answer, right=False))
    first: list[tuple[str, str]] = []
    differing = 0
    for jobs in settings.jobs:
        for workers in settings.workers:
            found, seconds = verdicts(pairs, workers, jobs)
            first = first or found
            apart = [(pair, one, other) for pair, one, other in zip(pairs, first, found, strict=True) if one != other]
            differing += len(apart)
            counts = Counter(outcome for outcome, _ in found)
            print(f"{workers} workers, {jobs} other jobs: {len(apart)} of {len(found)} differ; {dict(counts)}; {seconds:.1f} s")
            for pair, one, other in apart[:10]:
                print(f"    {pair.gold!r} {pair.answer!r}: {one} {other}")
    sys.exit(differing > 0)


if __name__ == "__main__":
    main()
