"""Runs of a study as their folders would be read: ledgers of two evaluations, and metrics."""

from asym_lit.evaluation.ledger import ProblemRecord
from asym_lit.evaluation.runs import Run


def run(arm, correct_before, correct_after, n=4, seed=1):
    ledger = [
        ProblemRecord("set", step, f"p{i}", n, c, 0, {"a": c} if c else {}, (n - c,) if n > c else ())
        for step, counts in ((0, correct_before), (8, correct_after))
        for i, c in enumerate(counts)
    ]
    metrics = [{"step": s, "policy/entropy": 1.0 / (s + 1), "time/step": 2.0, "tokens/generated": 10.0} for s in range(8)]
    return Run(f"{arm}/{seed}", arm, seed, "finished", 8, 8, "v", ledger, metrics)


def row(uid, step, correct, right=None, samples=4, evaluation="set"):
    wrong = (samples - correct,) if samples > correct else ()
    return ProblemRecord(evaluation, step, uid, samples, correct, 0, right or ({"a": correct} if correct else {}), wrong)


BEFORE = [row("lost", 0, 1), row("dull", 0, 3), row("same", 0, 2), row("sharp", 0, 1), row("wide", 0, 0), row("never", 0, 0)]
AFTER = [row("lost", 5, 0), row("dull", 5, 1), row("same", 5, 2), row("sharp", 5, 4), row("wide", 5, 1), row("never", 5, 0)]
