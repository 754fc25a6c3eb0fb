"""Seconds per step and peak memory of asym_lit beside TRL's `GRPOTrainer`, on one CPU thread, in one run.

    pip install trl==1.16.0
    python benchmarks/against_trl.py --markdown against_trl.md
    python benchmarks/against_trl.py --jobs 135M 152k --rounds 1 --steps 4 --warmup 1

A policy learns by GRPO on both sides, in fresh interpreters that take turns, so that a machine that
slows down slows both. A step is one batch of rollouts with all its optimizer steps, from the end of one such step to the
end of the next; the first steps of each process are dropped. CPU seconds count this process alone, so they are steadier
on a busy machine. Memory is the largest resident set above that just before the first step, with everything imported,
model and trainer built; "whole" includes that.

Jobs: `countdown`, the bundled policy, 32 prompts x 16 responses of at most 24 tokens; `135M`, random weights in that shape,
8 prompts of 110 tokens x 8 responses of 64; `152k`, two layers under a vocabulary of 151,936, 4 x 8 responses of 64, where
asym_lit also runs with `model.head_dtype: bfloat16`. The last two make one optimizer step (of four passes, and of one), and
are right or wrong by the parity of their letters.

Equal: weights, tokenizer, prompts of every step and their order, group size, length limit, temperature 1 without top-p
and top-k, verifier, GRPO (standardised advantages, mean over responses of token means, symmetric clip, no reference),
fused AdamW without weight decay, constant learning rate, clipping by norm, optimizer steps per batch, fp32, SDPA, no
dropout, no gradient checkpointing, no logger, no progress bar, no checkpoint, no evaluation. All of a step is generated at
once. Tokens in a forward and backward pass are bounded alike: TRL by rows, padded to the longest prompt and the longest
response of the step; asym_lit by `rows * (longest prompt + 16)` tokens on Countdown, as the longest response has
about 16, and by `rows * (prompt + 64)` where all responses have 64.

Not equal, for it is what is compared:
  - Random numbers: responses differ, rewards and lengths agree only on average. They are in the table.
  - TRL reads a prompt once for each rollout, asym_lit once for each group. TRL generates on for rows that are done,
    asym_lit drops them once they are many. asym_lit keeps the sampler's log-probs, TRL does not.
  - With one optimizer step per batch TRL takes the old log-probs from the update itself; with more it scores before.
  - TRL computes entropies in every update, for a metric.
  - TRL splits a step into mini-batches row by row, asym_lit group by group.
  - TRL adds 1e-4 to the standard deviation of a group, asym_lit 1e-6.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from statistics import mean, median, quantiles
from time import perf_counter, process_time
from typing import Any

from random_policies import SHAPES, Parity, Words, write_policy

MARK = "RECORD "
COLUMNS = ("job", "updates", "rows", "library", "s/step (quartiles)", "to TRL (rounds)", "CPU s/step", "to TRL", "tokens/s")
COLUMNS += ("MiB", "to TRL", "MiB whole", "to TRL", "reward", "length")
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
ENVIRONMENT |= {"TOKENIZERS_PARALLELISM": "false", "PYTHONWARNINGS": "ignore"}


@dataclass(frozen=True)
class Job:
    """What both sides do. Without a shape it is Countdown by the bundled policy."""

    steps: int = 12
    updates: int = 1
    rows: int = 64
    prompts: int = 32
    group: int = 16
    max_tokens: int = 24
    name: str = "countdown"
    prompt_tokens: int = 0
    policy: str = "bundled"
    learning_rate: float = 5e-5
    seed: int = 1


@dataclass
class Record:
    """What one process did, filled in while it does it."""

    clocks: list[tuple[float, float]] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    optimizer_steps: int = 0
    start_mib: float = 0.0
    peak_mib: float = 0.0

    def begin(self) -> None:
        self.start_mib = _memory_mib("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
        self.end_step(0)

    def add_rollouts(self, lengths: Sequence[int], rewards: Sequence[float]) -> None:
        self.tokens.append(sum(lengths))
        self.rewards.append(mean(rewards))

    def end_step(self, optimizer_steps: int) -> None:
        self.clocks.append((perf_counter(), process_time()))
        self.optimizer_steps, self.peak_mib = optimizer_steps, _memory_mib("VmHWM")

    def seconds(self, warmup: int, kind: int = 0) -> list[float]:
        """Of each step after the warm-up: by the wall, or of CPU if `kind` is 1."""
        times = [clock[kind] for clock in self.clocks[warmup:]]
        return [after - before for before, after in pairwise(times)]


def _memory_mib(name: str) -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


SHAPED = {
    "135M": Job(rows=16, prompts=8, group=8, max_tokens=64, name="135M", prompt_tokens=110),
    "152k": Job(rows=32, prompts=4, group=8, max_tokens=64, name="152k", prompt_tokens=16),
    "small": Job(rows=8, prompts=2, group=4, max_tokens=8, name="small", prompt_tokens=24),
}
"""Jobs by the shape of their policy. All 64 rows of 135M at once took TRL more than 20 GiB."""


def _task_and_prompts(job: Job) -> tuple[Any, list[Any]]:
    """The task, and the prompts of the whole run in their order."""
    from asym_lit.rollout.prompts import PromptLoader
    from asym_lit.tasks import Countdown

    task: Any = Countdown(train_size=1024, val_size=1, test_size=1)
    if job.prompt_tokens:
        task = Words(job.prompt_tokens, SHAPES[job.name].vocabulary)
    loader = PromptLoader(task.prompts("train"), job.prompts, job.steps, job.seed)
    return task, [prompt for batch in loader for _, prompt in batch]


def _verifier(job: Job) -> Any:
    from asym_lit.tasks import CountdownVerifier

    return Parity() if job.prompt_tokens else CountdownVerifier()


def _trl_arguments(job: Job, folder: str) -> Any:
    from trl import GRPOConfig

    passes = job.prompts * job.group // job.rows
    off: dict[str, Any] = {"use_cpu": True, "bf16": False, "gradient_checkpointing": False, "disable_tqdm": True}
    off |= {"report_to": "none", "logging_strategy": "no", "save_strategy": "no"}
    return GRPOConfig(
        per_device_train_batch_size=job.rows,
        steps_per_generation=passes,
        gradient_accumulation_steps=passes // job.updates,
        max_steps=job.steps * job.updates,
        num_generations=job.group,
        max_completion_length=job.max_tokens,  # temperature is 1 anyway
        loss_type="grpo",
        epsilon=0.2,
        beta=0.0,
        learning_rate=job.learning_rate,
        lr_scheduler_type="constant",
        optim="adamw_torch_fused",
        weight_decay=0.0,
        max_grad_norm=1.0,
        shuffle_dataset=False,
        seed=job.seed,
        output_dir=folder,
        **off,
    )


def run_trl(job: Job, record: Record) -> None:
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import GRPOTrainer

    from asym_lit.policy.loading import load_policy, load_tokenizer

    _, prompts = _task_and_prompts(job)
    verifier = _verifier(job)

    def reward(completions: list[str], completion_ids: list[list[int]], index: list[int], **_: Any) -> list[float]:
        verdicts = [verifier.verify(prompts[i], text) for i, text in zip(index, completions, strict=True)]
        rewards = [float(verdict.outcome == "correct") for verdict in verdicts]
        record.add_rollouts([len(ids) for ids in completion_ids], rewards)
        return rewards

    class Watch(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            record.begin()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step % job.updates == 0:
                record.end_step(state.global_step)

    with tempfile.TemporaryDirectory() as folder:
        GRPOTrainer(
            model=load_policy(job.policy),
            reward_funcs=reward,
            args=_trl_arguments(job, folder),
            train_dataset=Dataset.from_list([{"prompt": p.text, "index": i} for i, p in enumerate(prompts)]),
            processing_class=load_tokenizer(job.policy),
            callbacks=[Watch()],
        ).train()


def run_asym_lit(job: Job, record: Record, head_dtype: Any = None) -> None:
    import torch
    from lightning.pytorch import Callback, Trainer, seed_everything

    from asym_lit.lit import PolicyModule, RolloutDataModule
    from asym_lit.lit.callbacks import VerifierReward
    from asym_lit.objectives import grpo
    from asym_lit.types import Sampling

    class Watch(Callback):
        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            record.begin()

        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            record.add_rollouts([len(r.token_ids) for r in batch.rollouts], [r.reward for r in batch.rollouts])
            record.end_step(trainer.global_step)

    seed_everything(job.seed, verbose=False)
    task, prompts = _task_and_prompts(job)
    adamw = partial(torch.optim.AdamW, lr=job.learning_rate, weight_decay=0.0, fused=True)
    row = job.prompt_tokens + job.max_tokens if job.prompt_tokens else max(len(prompt.text) for prompt in prompts) + 16
    limits = {"mini_batches": job.updates, "max_micro_batch_tokens": job.rows * row}  # Countdown: a character is a token
    module = PolicyModule(grpo(clip=0.2), job.policy, optimizer=adamw, head_dtype=head_dtype, **limits)
    sampling = Sampling(n=job.group, max_tokens=job.max_tokens)
    sizes: dict[str, int] = {"rollout_steps": job.steps, "prompts_per_step": job.prompts, "seed": job.seed}
    data = RolloutDataModule(task, sampling, policy=job.policy, **sizes)
    off: dict[str, Any] = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    off |= {"enable_model_summary": False, "num_sanity_val_steps": 0, "limit_val_batches": 0}
    callbacks = [VerifierReward(_verifier(job)), Watch()]
    Trainer(accelerator="cpu", devices=1, max_epochs=1, callbacks=callbacks, **off).fit(module, datamodule=data)


IN_BF16 = "asym_lit, head in bf16"
RUNS = {"trl": run_trl, "asym_lit": run_asym_lit, IN_BF16: partial(run_asym_lit, head_dtype="bfloat16")}


def libraries(job: Job) -> list[str]:
    """Who runs a job: the head is most of a step only under a large vocabulary."""
    return [name for name in RUNS if name != IN_BF16 or job.name == "152k"]


def child(library: str, job: Job) -> None:
    """Do the job in this process and print the record."""
    import torch

    torch.set_num_threads(1)
    record = Record()
    RUNS[library](job, record)
    print(MARK + json.dumps(asdict(record)), flush=True)


def spawn(library: str, job: Job) -> Record:
    """Do the job in a process of its own."""
    command = [sys.executable, __file__, "--child", library, json.dumps(asdict(job))]
    done = subprocess.run(command, env=os.environ | ENVIRONMENT, capture_output=True, text=True)
    found = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if done.returncode or not found:
        sys.exit(f"{library} failed (exit status {done.returncode}) at {job}:\n{done.stderr[-4000:]}")
    record = Record(**json.loads(found[-1].removeprefix(MARK)))
    if record.optimizer_steps != job.steps * job.updates or len(record.tokens) != job.steps:
        sys.exit(f"{library} did other work than asked: {record} at {job}")
    print(
        f"{job.name}, {job.updates} updates, {job.rows} rows, {library}: {median(record.seconds(0)):.3f} s/step",
        file=sys.stderr,
    )
    return record


def rows_of(job: Job, records: dict[str, list[Record]], warmup: int) -> list[list[str]]:
    """A row of the table for each library."""

    def against(measure: Any, digits: int) -> tuple[str, str]:
        mine, other = measure(runs), measure(records["trl"])
        return f"{mine:.{digits}f}", f"{mine / other:.2f}"

    def pooled(kind: int) -> Any:
        return lambda runs: median(s for r in runs for s in r.seconds(warmup, kind))

    rows = []
    for library, runs in records.items():
        low, _, high = quantiles([s for r in runs for s in r.seconds(warmup)], n=4)
        pairs = [median(r.seconds(warmup)) / median(t.seconds(warmup)) for r, t in zip(runs, records["trl"], strict=True)]
        wall, ratio = against(pooled(0), 3)
        speed = sum(sum(r.tokens[warmup:]) for r in runs) / sum(sum(r.seconds(warmup)) for r in runs)
        tokens = mean(x for r in runs for x in r.tokens)
        cells = [job.name, str(job.updates), str(job.rows), library, f"{wall} ({low:.3f}-{high:.3f})"]
        cells += [f"{ratio} ({min(pairs):.2f}-{max(pairs):.2f})", *against(pooled(1), 3), f"{speed:,.0f}"]
        cells += against(lambda runs: median(r.peak_mib - r.start_mib for r in runs), 0)
        cells += against(lambda runs: median(r.peak_mib for r in runs), 0)
        rows.append([*cells, f"{mean(x for r in runs for x in r.rewards):.3f}", f"{tokens / job.prompts / job.group:.1f}"])
    return rows


def report(rows: list[list[str]], caption: str, markdown: str | None) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*COLUMNS, caption=caption)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    if markdown:
        lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        Path(markdown).write_text(f"{text}\n\n{caption}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="asym_lit beside TRL's GRPOTrainer: seconds per step and peak memory.")
    parser.add_argument("--jobs", nargs="+", default=["countdown"], choices=["countdown", *SHAPED])
    parser.add_argument("--updates", type=int, nargs="+", default=[1, 2], help="optimizer steps per batch (countdown)")
    parser.add_argument("--rows", type=int, nargs="+", default=[64, 512], help="most rows per pass (countdown); capped")
    parser.add_argument("--rounds", type=int, default=3, help="processes per library and set-up, taking turns")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--warmup", type=int, default=2, help="steps dropped at the start of each process")
    parser.add_argument("--markdown", help="file to write the table to")
    options = parser.parse_args()
    if find_spec("trl") is None:
        sys.exit("TRL is not installed here, so there is nothing to compare with. Run: pip install trl==1.16.0")
    if options.steps < options.warmup + 2:
        parser.error(f"--steps is {options.steps}; allowed: {options.warmup + 2} or more, two beyond --warmup.")
    rollouts = Job.prompts * Job.group
    jobs = [Job(options.steps, u, min(rows, rollouts // u)) for u in options.updates for rows in options.rows]
    jobs = jobs if "countdown" in options.jobs else []
    for job in jobs:
        if rollouts % (job.updates * job.rows):
            parser.error(f"{rollouts} rollouts do not split into {job.updates} updates of passes of {job.rows} rows.")
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in (name for name in options.jobs if name in SHAPED):
            write_policy(SHAPES[name], Path(folder) / name)
            shaped = SHAPED[name]
            jobs.append(replace(shaped, steps=options.steps, policy=str(Path(folder) / name)))
        for job in jobs:
            rounds = [{library: spawn(library, job) for library in libraries(job)} for _ in range(options.rounds)]
            rows += rows_of(job, {name: [records[name] for records in rounds] for name in libraries(job)}, options.warmup)
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "trl", "lightning", "asym_lit"))
    caption = f"{options.rounds} processes of {options.steps} steps each, {options.warmup} dropped. "
    caption += f"{versions}. Python {platform.python_version()}."
    report(rows, caption, options.markdown)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Job(**json.loads(sys.argv[3])))
    else:
        main()
