"""Made-up runs of a study: whole run folders, written as the callbacks write them, without training."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

from asym_lit.evaluation.ledger import ProblemRecord
from asym_lit.run_folder.ledger import write_ledger


def fake_run(
    folder: Path,
    seed: int = 1,
    gain: float = 0.0,
    problems: int = 40,
    n: int = 16,
    steps: int = 8,
    every: int = 4,
    forget: float = 0.0,
    state: str = "finished",
    reached: int | None = None,
    evaluation: str = "countdown",
    temperature: float = 1.0,
    top_k: int = 0,
    min_p: float = 0.0,
    verifier: str = "countdown",
    prefix: str = "p",
) -> Path:
    """A run folder.

    Args:
        folder: Where.
        seed: Of the draws; the base is the same for all seeds.
        gain: Logits by which training makes problems easier.
        problems: How many.
        n: Responses to each.
        steps: Rollout steps planned.
        every: Steps between evaluations.
        forget: Share of problems that training loses.
        state: As `run.json` calls it.
        reached: Steps made; None for all.
        evaluation: Name of the evaluation set.
        temperature: Of evaluations.
        top_k: Likewise.
        min_p: Likewise.
        verifier: Its name.
        prefix: Of the problems' names.
    """
    reached = steps if reached is None else reached
    records = []
    for step in range(0, reached + 1, every):
        for i in range(problems):
            rng = random.Random(f"{seed if step else 0}/{folder.parent.name if step else ''}/{step}/{i}")
            logit = random.Random(i).gauss(-1.5, 1.5) + gain * step / steps
            chance = 0.0 if step and random.Random(f"forget{i}").random() < forget else 1 / (1 + math.exp(-logit))
            answers = [rng.choice("abcd") for _ in range(n) if rng.random() < chance]
            right = {answer: answers.count(answer) for answer in sorted(set(answers))}
            wrong = (n - len(answers),) if len(answers) < n else ()
            sampling = (temperature, 1.0, top_k, 24)
            uid = f"{prefix}{i:03d}"
            records.append(ProblemRecord(evaluation, step, uid, n, len(answers), 0, right, wrong, sampling, min_p))
    folder.mkdir(parents=True)
    write_ledger(folder / "ledger.parquet", records)
    lines = []
    for step in range(reached):
        noise = random.Random(f"{seed}/{step}").gauss(0, 0.01)
        line = {"step": step, "policy/entropy": 0.5 - 0.02 * gain * step + noise, "time/step": 1.5, "tokens/generated": 1000.0}
        lines.append(json.dumps({**line, **{f"candidates/rank_{i}": -3.0 * i + noise for i in (1, 2, 3)}}))
    (folder / "metrics.jsonl").write_text("".join(line + "\n" for line in lines))
    facts = {"versions": {"asym_lit": "0.1.0", "torch": "2.13.0"}, "git": {"commit": "0123456789abcdef", "changed": False}}
    record = {"state": state, "reached": reached, "rollout_steps": steps, "seed": seed, "verifier": verifier, **facts}
    (folder / "run.json").write_text(json.dumps(record))
    return folder
