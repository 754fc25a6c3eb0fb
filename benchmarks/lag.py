"""Wall time of a step with a lag of 1 beside one without, with the same cores, in one run.

    python benchmarks/lag.py --markdown lag.md --json lag.json
    python benchmarks/lag.py --shape small --steps 4 --warmup 1 --rounds 1       does it run at all?

Without a lag the engine and the update take turns, each with all threads (`--threads`); with one the engine has threads of
its own in a process of its own (`--engine_threads`) and the update the rest (`--trainer_threads`). All processes are held to
the same cores (`--cores`), whatever threads they have. Both train a random policy of the shape by GRPO with the same correction
(`TokenTruncated`), on the same prompts, without evaluations and checkpoints, in fresh interpreters that take turns, so that a
machine that slows down slows both. The first steps of each are dropped, and the last one, which begins no next.

A step is `time/step` of `StepAccounting`. What overlapping can give at most is the longer of both stages over their sum, if
the cores would else stand still: generating with few rows reads all weights for every token and gains little from a second
core, so shares of the machine that it cannot use are what there is to win.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from random_policies import SHAPES, write_policy

ROOT = Path(__file__).parents[1]
KEPT = ("VerifierReward", "MismatchGuard", "StepAccounting", "RunRecord")
STAGES = ("step", "generate", "score", "update", "sync", "waited", "overlapped")


def recipe(args: argparse.Namespace, lag: int, folder: Path, name: str) -> dict[str, Any]:
    """The recipe of GRPO, for the random policy."""
    made = yaml.safe_load((ROOT / "configs" / "grpo.yaml").read_text())
    trainer, model, data = made["trainer"], made["model"]["init_args"], made["data"]["init_args"]
    trainer["callbacks"] = [one for one in trainer["callbacks"] if one["class_path"].rpartition(".")[2] in KEPT]
    trainer["callbacks"][0]["init_args"] = {"verifier": {"class_path": "random_policies.Parity"}}
    trainer |= {"num_sanity_val_steps": 0, "limit_val_batches": 0, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer["accelerator"] = "cpu"
    trainer["logger"]["init_args"] |= {"save_dir": str(folder), "name": name, "version": 0}
    model |= {"policy": str(folder / "policy"), "max_micro_batch_tokens": args.micro_batch_tokens, "mini_batches": 1}
    model["correction"] = {"class_path": "asym_lit.objectives.corrections.TokenTruncated"}
    data |= {"rollout_steps": args.steps, "prompts_per_step": args.prompts, "lag": lag}
    data["sampling"] |= {"n": args.group, "max_tokens": args.tokens}
    words = {"tokens": args.prompt_tokens, "vocabulary": SHAPES[args.shape].vocabulary}
    data["task"] = {"class_path": "random_policies.Words", "init_args": words}
    made["threads"] = args.trainer_threads if lag else args.threads
    if lag:
        own = {"max_batch_tokens": 16384, "threads": args.engine_threads}
        data["engine"] = {"class_path": "asym_lit.engine_process.ProcessEngine", "init_args": own}
    return made


def run(args: argparse.Namespace, lag: int, folder: Path, name: str) -> dict[str, float]:
    """Medians over the steps that count, by stage; tokens of a step."""
    config = folder / f"{name}.json"
    config.write_text(json.dumps(recipe(args, lag, folder, name)))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "benchmarks")])}
    environment |= {"OMP_NUM_THREADS": str(args.trainer_threads if lag else args.threads), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "train.py"), "fit", "--config", str(config)],
        env=environment,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, args.cores),
    )
    if done.returncode:
        sys.exit(f"{name} failed (exit status {done.returncode}):\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    rows = [json.loads(line) for line in (folder / name / "version_0" / "metrics.jsonl").read_text().splitlines()]
    counted = [row for row in rows if args.warmup <= row["step"] < args.steps - 1]
    found = {stage: median(row.get(f"time/{stage}", 0.0) for row in counted) for stage in STAGES}
    found["tokens"] = median(row["tokens/generated"] for row in counted)
    found["mismatch"] = median(row["mismatch/mean"] for row in counted)
    print(f"{name}: {found['step']:.2f} s a step", file=sys.stderr)
    return found


def main() -> None:
    """Runs, in turn; a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=sorted(SHAPES), default="135M")
    parser.add_argument("--prompts", type=int, default=4)
    parser.add_argument("--group", type=int, default=4)
    parser.add_argument("--prompt_tokens", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--micro_batch_tokens", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2, help="of a run without a lag")
    parser.add_argument("--trainer_threads", type=int, default=1, help="of the update beside the engine")
    parser.add_argument("--engine_threads", type=int, default=1)
    parser.add_argument("--cores", type=int, nargs="+", default=sorted(os.sched_getaffinity(0))[:2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if args.steps - 1 <= args.warmup:
        sys.exit(f"--steps is {args.steps} and --warmup {args.warmup}: no step would be left; allowed: warmup + 2 or more.")
    pairs = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_policy(SHAPES[args.shape], folder / "policy")
        for number in range(args.rounds):
            order = (0, 1) if number % 2 == 0 else (1, 0)
            found = {lag: run(args, lag, folder, f"round_{number}_lag_{lag}") for lag in order}
            pairs.append((found[0], found[1]))
    ratios = [with_lag["step"] / without["step"] for without, with_lag in pairs]
    lines = ["| seconds a step | lag 0 | lag 1 |", "| --- | --- | --- |"]
    lines += [f"| {s} | {median(a[s] for a, _ in pairs):.2f} | {median(b[s] for _, b in pairs):.2f} |" for s in STAGES]
    lines.append(f"\nWall time of a step, lag 1 over lag 0: {median(ratios):.2f} ({', '.join(f'{r:.2f}' for r in ratios)})")
    table = "\n".join(lines)
    print(table)
    if args.markdown:
        args.markdown.write_text(table + "\n")
    if args.json:
        told = {name: value if not isinstance(value, Path) else str(value) for name, value in vars(args).items()}
        args.json.write_text(json.dumps({"settings": told, "pairs": pairs, "ratios": ratios}, indent=1))


if __name__ == "__main__":
    main()
