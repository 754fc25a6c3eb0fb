"""What `preflight` predicts of a rollout step, beside the seconds that others have published; `published_steps.json` has them.

    python benchmarks/step_times.py --markdown step_times.md

Three kinds of rows. *Whole steps* and *updates* are predicted from model, lengths, and a data sheet alone, with the shares of
it that `asym_lit.step_times.roofline.Reached` assumes. *Moved* steps are calibrated: stages that were measured on some GPUs are
predicted for other numbers of them, with engine and trainer on the same GPUs or apart.

Not published, and assumed: prompts of 128 tokens where there is a whole step; the longest response is as long as it may be.
NeMo-RL's recipes have a KL penalty, so old log-probs and a reference are scored. The assumed shares were chosen in view of
these rows: the first two kinds show how far runs spread, not how well new ones are met. No step of a policy of 32 billion
weights is published by verl or prime-rl with its lengths; NeMo-RL's stand for it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from math import exp, log
from pathlib import Path
from typing import Any

from asym_lit.step_times.costs import PolicyCosts, dense_costs
from asym_lit.step_times.devices import Device, device_named
from asym_lit.step_times.moving import moved
from asym_lit.step_times.roofline import Roofline, StageSeconds
from asym_lit.step_times.splits import Split
from asym_lit.step_times.work import StepWork

DATA = Path(__file__).with_name("published_steps.json")
COLUMNS = ("kind", "who", "policy", "GPUs", "lag", "generate", "score", "update", "predicted, s", "published, s", "ratio")
ADAPTER_SHARE = 0.006
"""Of the weights of a policy of 7 billion, in adapters of rank 16."""

Row = tuple[list[str], float]


def device_of(row: dict[str, Any]) -> Device:
    """Of a row; every one of them is listed."""
    device = device_named(row["device"])
    assert device is not None, row["device"]
    return device


def whole(row: dict[str, Any], costs: PolicyCosts) -> Row:
    """A step from figures alone."""
    response, longest = row["sequence"] - row["prompt"], row["longest"] - row["prompt"]
    sizes = (row["prompts"], row["group"], row["prompt"], response, longest)
    work = StepWork(*sizes, scored=2, mini_batches=row["mini_batches"], shares_prompts=False, recomputes=row["recomputes"])
    roofline = Roofline(costs, device_of(row), sharded=False)
    stages = roofline.stages(work, row["engines"], row["trainers"], row["tensor_parallel"])
    return told("whole step", row, stages, row["engines"], row["trainers"], row["lag"], row["seconds"])


def update(row: dict[str, Any], costs: PolicyCosts) -> Row:
    """An update from figures alone: rows of one length, no prompts."""
    costs = replace(costs, trained=ADAPTER_SHARE * costs.weights) if row["adapters"] else costs
    work = StepWork(row["rows"], 1, 0, row["length"], row["length"], shares_prompts=False, recomputes=row["recomputes"])
    seconds = Roofline(costs, device_of(row)).update(work, row["gpus"])
    name = {"policy": f"{row['policy']}{', LoRA' if row['adapters'] else ''}, {row['rows']} x {row['length']:,}"}
    return told("update", row | name, StageSeconds(0.0, 0.0, seconds), 0, row["gpus"], 0, row["seconds"])


def elsewhere(row: dict[str, Any], costs: PolicyCosts) -> Row:
    """A measured step on other GPUs."""
    before, now = row["from"], row["to"]
    roofline = Roofline(costs, device_of(row))
    measured = StageSeconds(before["generate"], before["score"], before["update"])
    tail = row["longest"] * roofline.one_pass()
    stages = moved(measured, before["gpus"], now["engines"], now["trainers"], tail, roofline.sync())
    name = {"policy": f"{row['policy']}, as on {before['gpus']}"}
    return told("moved", row | name, stages, now["engines"], now["trainers"], now["lag"], now["step"])


def told(kind: str, row: dict[str, Any], stages: StageSeconds, engines: int, trainers: int, lag: int, seconds: float) -> Row:
    """A line of the table, and the ratio of predicted to published."""
    together = not lag and engines == trainers
    predicted = Split(engines, trainers, lag, together, stages).seconds
    where = f"{engines} + {trainers}" if lag else str(trainers)
    parts = [f"{part:.3g}" if part else "" for part in (stages.generate, stages.score, stages.update)]
    cells = [kind, row["who"], row["policy"], f"{where} x {row['device']}", str(lag), *parts]
    return [*cells, f"{predicted:.3g}", f"{seconds:.3g}", f"{predicted / seconds:.2f}"], predicted / seconds


def rows_of(data: dict[str, Any]) -> Iterator[Row]:
    """All rows."""
    costs = {name: dense_costs(**sizes) for name, sizes in data["policies"].items()}
    for kind, make in (("whole", whole), ("updates", update), ("moved", elsewhere)):
        yield from (make(row, costs[row["policy"]]) for row in data[kind])


def main() -> None:
    parser = argparse.ArgumentParser(description="Predicted seconds of a step beside published ones.")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="where to write the table")
    options = parser.parse_args()
    found = list(rows_of(json.loads(DATA.read_text())))
    lines = [COLUMNS, ["---"] * 5 + ["---:"] * 6, *(cells for cells, _ in found)]
    logs = [log(ratio) for _, ratio in found]
    caption = f"{len(found)} rows: predicted over published from {exp(min(logs)):.2f} to {exp(max(logs)):.2f}, "
    caption += f"geometric mean {exp(sum(logs) / len(logs)):.2f}; "
    caption += f"{sum(abs(ratio - 1) <= 0.25 for _, ratio in found)} within a quarter."
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines) + f"\n\n{caption}\n"
    print(text)
    if options.markdown:
        options.markdown.write_text(text)


if __name__ == "__main__":
    main()
