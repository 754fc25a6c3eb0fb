"""Verdicts per second and core: the easy path of rules, the ladder on answers of MATH with warm workers, programs in a sandbox.

    python benchmarks/verifiers.py
    python benchmarks/verifiers.py --file test.jsonl     # a file with a column "answer", such as MATH's or MATH-500's

Seconds are processor time, of this process and of the workers, which other work on the machine does not lengthen as it does
the time that passes. Each gold answer gets eight responses, as a group in training would: the answer itself, three spellings
of it, the answer with another digit, and the answers of three other problems.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from pathlib import Path

from asym_lit.types import Outcome, Prompt
from asym_lit.verifiers import CodeTests, Maths, Rule, Symbolic

ANSWERS = [  # every seventh short answer of MATH-500 (MIT, (c) 2021 Dan Hendrycks)
    r"\left( 3, \frac{\pi}{2} \right)",
    r"90^\circ",
    r"\sqrt{51}",
    r"13535",
    r"-2 + 7i",
    r"3",
    r"4",
    r"83",
    r"11",
    r"10",
    r"40_9",
    r"4",
    r"-1",
    r"1",
    r"2k+2",
    r"29",
    r"13",
    r"-9",
    r"1+274i",
    r"120",
    r"13",
    r"16",
    r"2\sqrt{113}",
    r"6",
    r"19",
    r"3",
    r"1251",
    r"160",
    r"1600",
    r"12",
    r"10",
    r"11,\! 111,\! 111,\! 100",
    r"\frac{9}{256}",
    r"10",
    r"-4",
    r"-13x+3",
    r"81",
    r"22",
    r"\dfrac{33}{100}",
    r"1250",
    r"8",
    r"36",
    r"58",
    r"5.4 \text{ cents}",
    r"1+2\sqrt{3}",
    r"41",
    r"-1",
    r"4",
    r"26000",
    r"58,500",
    r"4",
    r"4",
    r"(1,-16,-4,43)",
    r"17",
    r"3",
    r"22",
    r"\sqrt{66}",
    r"326.5",
    r"0",
    r"5r^5",
    r"\begin{pmatrix} 16/49 \\ 48/49 \\ 24/49 \end{pmatrix}",
    r"29",
    r"32",
    r"550",
    r"44",
    r"6",
    r"59",
    r"25",
    r"200",
    r"\frac{8}{15}",
    r"14",
    r"\frac{7}{2}",
]
DIGITS = "0123456789"


def groups(answers: list[str], seed: int = 0) -> list[tuple[Prompt, list[str]]]:
    """A prompt for each answer, and eight responses to it."""
    rng = random.Random(seed)
    found = []
    for number, gold in enumerate(answers):
        digits = [i for i, character in enumerate(gold) if character in DIGITS]
        place = rng.choice(digits) if digits else len(gold)
        wrong = f"{gold[:place]}{(int(gold[place]) + 3) % 10}{gold[place + 1 :]}" if digits else gold + "1"
        spellings = [
            gold,
            f" {gold} ",
            gold.replace("\\frac", "\\dfrac"),
            gold.replace(",", ", "),
            wrong,
            *rng.sample(answers, 3),
        ]
        prompt = Prompt(str(number), "A problem.", {"answer": gold, "question": "A problem."}, "math")
        found.append((prompt, [f"Some thought, then more of it.\nSo the answer is $\\boxed{{{text}}}$." for text in spellings]))
    return found


def easy(count: int) -> float:
    """Verdicts per second of processor time on plain numbers and exact matches, right and wrong."""
    rule, rng = Rule(), random.Random(0)
    numbers = [str(rng.randrange(10_000)) for _ in range(count)]
    asked = [(Prompt(n, "", {"answer": n}, "t"), f"So it is \\boxed{{{n if i % 2 else i}}}.") for i, n in enumerate(numbers)]
    begun = time.process_time()
    for prompt, response in asked:
        rule.verify(prompt, response)
    return count / (time.process_time() - begun)


def processor_seconds(processes: list[int]) -> float:
    """Of this process and others, so far."""
    ticks = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in processes]
    return time.process_time() + sum(int(t) for pair in ticks for t in pair) / os.sysconf("SC_CLK_TCK")


def mixed(answers: list[str], workers: int) -> dict[str, float]:
    """The ladder on groups of responses; a first round warms workers and caches up on other groups."""
    ladder = Maths(symbolic=Symbolic(workers=workers))
    ladder.self_test()
    symbolic = ladder.rungs[1]
    assert isinstance(symbolic, Symbolic)
    warm, timed = groups(answers[::2], 1), groups(answers[1::2], 2)
    for prompt, responses in warm:
        for pending in [ladder.submit(prompt, response) for response in responses]:
            pending.result()
    begun, wall = processor_seconds(symbolic.process_ids), time.perf_counter()
    pending = [ladder.submit(prompt, response) for prompt, responses in timed for response in responses]
    verdicts = [one.result() for one in pending]
    wall, seconds = time.perf_counter() - wall, processor_seconds(symbolic.process_ids) - begun
    ladder.close()
    return {
        "verdicts": len(verdicts),
        "per core second": len(verdicts) / seconds,
        "per second of wall time": len(verdicts) / wall,
        "correct": sum(v.outcome == Outcome.CORRECT for v in verdicts) / len(verdicts),
        "undecided": sum(v.outcome == Outcome.UNDECIDED for v in verdicts) / len(verdicts),
        "that reached Math-Verify's processes": sum(v.reason in ("equal", "not equal") for v in verdicts) / len(verdicts),
    }


def programs(count: int, workers: int) -> dict[str, float]:
    """Programs that read a line and print a number, one test each, half of them wrong; each in a fresh interpreter."""
    verifier = CodeTests(workers=workers)
    verifier.open()
    tests = json.dumps({"inputs": ["2 3\n"], "outputs": ["5\n"]})
    asked = [
        (Prompt(str(n), "", {"answer": tests}, "t"), f"```\nprint(sum(map(int, input().split())) + {n % 2})\n```")
        for n in range(count)
    ]
    for prompt, response in asked[: 2 * workers]:
        verifier.verify(prompt, response)
    wall, before = time.perf_counter(), os.times()
    pending = [verifier.submit(prompt, response) for prompt, response in asked]
    right = sum(one.result().outcome == Outcome.CORRECT for one in pending)
    wall = time.perf_counter() - wall
    verifier.close()
    after = os.times()  # the supervisors' time is known when they have ended
    seconds = sum(
        getattr(after, name) - getattr(before, name) for name in ("user", "system", "children_user", "children_system")
    )
    return {
        "programs": count,
        "per core second": count / seconds,
        "per second of wall time": count / wall,
        "correct": right / count,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, help="JSON lines with a column 'answer'; without it, built-in answers of MATH-500")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--easy", type=int, default=100_000, help="verdicts of the easy path")
    parser.add_argument("--programs", type=int, default=200, help="programs in a sandbox; 0 for none")
    settings = parser.parse_args()
    rows = settings.file.read_text().splitlines() if settings.file else []
    answers = [json.loads(row)["answer"] for row in rows] or ANSWERS
    print(f"easy path: {easy(settings.easy):,.0f} verdicts per core second")
    for name, number in mixed(answers, settings.workers).items():
        print(f"ladder, {name}: {number:,.3g}" if number < 1 else f"ladder, {name}: {number:,.0f}")
    for name, number in (programs(settings.programs, settings.workers) if settings.programs else {}).items():
        print(f"programs, {name}: {number:,.3g}")


if __name__ == "__main__":
    main()
