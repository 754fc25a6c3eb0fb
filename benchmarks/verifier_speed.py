"""The ladder against Math-Verify alone on whole responses, in processor time, both in one run.

    python benchmarks/verifier_speed.py --gsm8k gsm8k/test.jsonl --math math500/test.jsonl --hard HardVerify-Math.json

A third of the responses each are solutions of GSM8K (end in `#### 18`), of MATH (end in a box), and answers of HardVerify-Math,
chosen because verifiers fail on them, at the end of a text. Half of them are wrong: the box or number holds the answer of
another problem, or HardVerify's own wrong one. Seconds are processor time of this process and of the workers. Problems of the
first half warm both up; those of the second are timed.
"""

from __future__ import annotations

import argparse
import logging
import random
import time
from collections.abc import Iterator
from pathlib import Path

from asym_lit.tasks.answers import gold_answer, last_boxed
from asym_lit.tasks.rows import find_source, read_rows
from asym_lit.types import Outcome, Prompt
from asym_lit.verifiers import Maths, Symbolic
from verifiers import processor_seconds

Asked = tuple[Prompt, str]


def gsm8k(file: Path, rng: random.Random) -> Iterator[Asked]:
    """Worked solutions, every second one with another number at its end."""
    rows = list(read_rows(find_source(str(file))))
    for number, row in enumerate(rows):
        gold, text = gold_answer(row["answer"], "after_hashes") or "", row["answer"]
        other = str(int(float(gold)) + rng.randrange(1, 50))
        yield (
            prompt(f"gsm{number}", row["question"], gold),
            text if number % 2 else text.rpartition("####")[0] + f"#### {other}",
        )


def maths(file: Path, rng: random.Random) -> Iterator[Asked]:
    """Solutions with a box, every second one with the answer of another problem in it."""
    rows = list(read_rows(find_source(str(file))))
    golds = [last_boxed(row["solution"]) or "" for row in rows]
    for number, (row, gold) in enumerate(zip(rows, golds, strict=True)):
        wrong = row["solution"].replace(f"\\boxed{{{gold}}}", f"\\boxed{{{rng.choice(golds)}}}")
        yield prompt(f"math{number}", row.get("problem") or row["question"], gold), row["solution"] if number % 2 else wrong


def hard(file: Path, _rng: random.Random) -> Iterator[Asked]:
    """Answers that verifiers fail on, in a box behind a thought."""
    for number, row in enumerate(read_rows(find_source(str(file)))):
        asked = prompt(f"hard{number}", row["question"], str(row["ground_truth"]))
        for answer in (row["fn_output"], row["tn_output"]):
            yield asked, f"Let us see what is asked, and think it over.\nSo the answer is $\\boxed{{{answer}}}$."


def prompt(uid: str, question: str, gold: str) -> Prompt:
    """A problem of mathematics."""
    return Prompt(uid, question, {"answer": gold, "question": question}, "maths")


def ladder(asked: list[Asked], warm: list[Asked], workers: int) -> tuple[float, int]:
    """Seconds of the ladder, and how many it accepts."""
    verifier = Maths(symbolic=Symbolic(workers=workers))
    try:
        verifier.self_test()
        symbolic = verifier.rungs[1]
        assert isinstance(symbolic, Symbolic)
        for pending in [verifier.submit(*one) for one in warm]:
            pending.result()
        begun = processor_seconds(symbolic.process_ids)
        verdicts = [pending.result() for pending in [verifier.submit(*one) for one in asked]]
        seconds = processor_seconds(symbolic.process_ids) - begun
        return seconds, sum(verdict.outcome == Outcome.CORRECT for verdict in verdicts)
    finally:
        verifier.close()


def math_verify(asked: list[Asked], warm: list[Asked]) -> tuple[float, int]:
    """The same of Math-Verify, as its README calls it."""
    from math_verify import parse, verify

    logging.disable(logging.ERROR)

    def right(one: Asked) -> bool:
        return verify(parse(f"${one[0].answer['answer']}$"), parse(one[1]))

    for one in warm:
        right(one)
    begun = time.process_time()
    accepted = sum(map(right, asked))
    return time.process_time() - begun, accepted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("gsm8k", "math", "hard"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--each", type=int, default=120, help="responses of each third")
    parser.add_argument("--workers", type=int, default=1)
    settings = parser.parse_args()
    rng = random.Random(0)
    totals = [0.0, 0.0]
    found = {"GSM8K": gsm8k(settings.gsm8k, rng), "MATH": maths(settings.math, rng), "HardVerify": hard(settings.hard, rng)}
    for name, responses in found.items():
        everything = list(responses)
        half = len(everything) // 2
        warm, asked = everything[:half][: settings.each], everything[half:][: settings.each]
        ours, accepted = ladder(asked, warm, settings.workers)
        theirs, also = math_verify(asked, warm)
        totals = [totals[0] + ours / len(asked), totals[1] + theirs / len(asked)]
        print(
            f"{name}: {len(asked)} responses, ladder {1000 * ours / len(asked):.2f} ms ({accepted} accepted), "
            f"Math-Verify {1000 * theirs / len(asked):.2f} ms ({also} accepted): {theirs / ours:.1f}x"
        )
        print(f"    so far, in equal parts: {totals[1] / totals[0]:.1f}x")


if __name__ == "__main__":
    main()
