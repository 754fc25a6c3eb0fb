"""One process of `step.py`: a short run of `train.py fit`, with clocks held to it from outside.

    python benchmarks/step_job.py policy JOB FOLDER            writes the random policy of a job
    python benchmarks/step_job.py fit JOB FOLDER TREE STEPS    trains as the commit checked out at TREE does, prints a record

The run is that commit's own: its `asym_lit`, its `configs/simko.yaml` with what a job changes in it. Nothing of it is
called but `asym_lit.cli.main`. The clocks hang on methods by their names, `SEAMS`; a commit without one is refused.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import wraps
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import yaml
from against_trl import MARK, Record
from lightning.pytorch import Callback
from random_policies import SHAPES, Shape, write_policy

REST = "rest"
SEAMS = {
    ("asym_lit.rollout.hf_engine", "HFEngine", "generate"): "generate",
    ("asym_lit.lit.callbacks", "VerifierReward", "submit"): "verify",
    ("asym_lit.lit.callbacks", "VerifierReward", "collect"): "verify",
    ("asym_lit.lit.learning", "RolloutLearner", "score"): "score",
    ("asym_lit.lit.learning", "RolloutLearner", "estimate"): "score",
    ("asym_lit.lit.module", "PolicyModule", "training_step"): "update",
}
"""Methods, and the stage that their time counts as. A stage within another one is taken out of it."""
KEPT = ("VerifierReward", "Dynamics", "MismatchGuard", "Transcript", "StepAccounting")
"""Callbacks of the recipe that work in every step; the others write evaluations, checkpoints and reports."""


@dataclass(frozen=True)
class Job:
    """What changes in the recipe. Without a shape it is the recipe's own policy and task."""

    name: str
    shape: Shape | None = None
    prompts: int = 32
    group: int = 16
    prompt_tokens: int = 0
    max_tokens: int = 24
    micro_batch_tokens: int = 2048


JOBS = {
    job.name: job
    for job in (
        Job("simko.yaml"),
        Job("135M", SHAPES["135M"], prompts=8, group=8, prompt_tokens=110, max_tokens=64),
        Job("152k", SHAPES["152k"], prompts=4, group=8, prompt_tokens=16, max_tokens=64),
        Job("small", SHAPES["small"], prompts=2, group=4, prompt_tokens=24, max_tokens=8),
    )
}


@dataclass
class StepRecord(Record):
    """Beside clocks, rewards and memory: seconds of each step by stage, and tokens."""

    stages: list[dict[str, tuple[float, float]]] = field(default_factory=list)
    """By the wall, and of the processor."""
    computed: list[dict[str, int]] = field(default_factory=list)
    """Tokens that the policy read, by the stage it read them in."""
    needed: list[int] = field(default_factory=list)
    """Tokens of the prompts, once a group, and of the responses."""


class Clocks:
    """Seconds and tokens of the stage that is going on."""

    def __init__(self) -> None:
        self.going, self.seconds, self.tokens = [REST], dict[str, list[float]](), Counter[str]()
        self.last = perf_counter(), process_time()

    def turn(self, stage: str | None) -> None:
        """Begin a stage, or end the one that is going on with None."""
        now = perf_counter(), process_time()
        spent = self.seconds.setdefault(self.going[-1], [0.0, 0.0])
        for kind in range(2):
            spent[kind] += now[kind] - self.last[kind]
        self.last = now
        if stage is None:
            self.going.pop()
        else:
            self.going.append(stage)

    def hold_to(self, method: Callable[..., Any], stage: str) -> Callable[..., Any]:
        """The method with a clock; of one that yields, while it works for what it yields."""

        def yielding(found: Iterator[Any]) -> Iterator[Any]:
            while True:
                self.turn(stage)
                try:
                    one = next(found)
                except StopIteration:
                    return
                finally:
                    self.turn(None)
                yield one

        @wraps(method)
        def timed(*args: Any, **kwargs: Any) -> Any:
            self.turn(stage)
            try:
                found = method(*args, **kwargs)
            finally:
                self.turn(None)
            return yielding(found) if isinstance(found, Iterator) else found

        return timed

    def hook(self) -> None:
        """Hang the clocks on the seams."""
        for (module, name, method), stage in SEAMS.items():
            owner = getattr(import_module(module), name, None)
            if not hasattr(owner, method):
                sys.exit(f"{import_module('asym_lit').__file__} has no {module}.{name}.{method}, which {stage} is timed by.")
            setattr(owner, method, self.hold_to(getattr(owner, method), stage))


CLOCKS, RECORD = Clocks(), StepRecord()


class Watch(Callback):
    """Reads the clocks at the end of each step; it counts the tokens that reach the policy's embedding."""

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        def count(module: Any, inputs: tuple[Any, ...]) -> None:
            CLOCKS.tokens[CLOCKS.going[-1]] += inputs[0].numel()

        pl_module.scorer.model.get_input_embeddings().register_forward_pre_hook(count)
        RECORD.begin()
        self._start()

    def _start(self) -> None:
        CLOCKS.turn(REST)
        CLOCKS.turn(None)
        CLOCKS.seconds, CLOCKS.tokens = {}, Counter()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        CLOCKS.turn(REST)
        CLOCKS.turn(None)
        RECORD.stages.append({stage: (wall, cpu) for stage, (wall, cpu) in CLOCKS.seconds.items()})
        RECORD.computed.append(dict(CLOCKS.tokens))
        lengths = [len(rollout.token_ids) for rollout in batch.rollouts]
        prompts = {rollout.slot: len(rollout.prompt.token_ids) for rollout in batch.rollouts}
        RECORD.needed.append(sum(lengths) + sum(prompts.values()))
        RECORD.add_rollouts(lengths, [rollout.reward or 0.0 for rollout in batch.rollouts])
        RECORD.end_step(trainer.global_step)
        self._start()


def recipe_of(job: Job, tree: Path, folder: Path, steps: int) -> dict[str, Any]:
    """The commit's main job, changed to the one asked for, without evaluations and checkpoints."""
    recipe = yaml.safe_load((tree / "configs" / "simko.yaml").read_text())
    trainer, model, data = recipe["trainer"], recipe["model"]["init_args"], recipe["data"]["init_args"]
    callbacks = [one for one in trainer["callbacks"] if one["class_path"].rpartition(".")[2] in KEPT]
    trainer |= {"num_sanity_val_steps": 0, "limit_val_batches": 0, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer["accelerator"], trainer["callbacks"] = "cpu", [*callbacks, {"class_path": "step_job.Watch"}]
    trainer["logger"]["init_args"]["save_dir"] = str(folder / "runs")
    data |= {"rollout_steps": steps, "prompts_per_step": job.prompts}
    data["sampling"] |= {"n": job.group, "max_tokens": job.max_tokens}
    if job.shape is not None:
        model |= {"policy": str(folder / job.name), "max_micro_batch_tokens": job.micro_batch_tokens, "mini_batches": 1}
        model["objective"] = {"class_path": "asym_lit.objectives.grpo"}
        words = {"tokens": job.prompt_tokens, "vocabulary": job.shape.vocabulary}
        data["task"] = {"class_path": "random_policies.Words", "init_args": words}
        verify = next(one for one in callbacks if one["class_path"].endswith("VerifierReward"))
        verify["init_args"] = {"verifier": {"class_path": "random_policies.Parity"}}
    return recipe


def fit(job: Job, tree: Path, folder: Path, steps: int) -> None:
    """Train, and print the record."""
    import asym_lit
    from asym_lit.cli import main

    if not Path(str(asym_lit.__file__)).is_relative_to(tree / "src"):
        sys.exit(f"asym_lit is imported from {asym_lit.__file__}, not from {tree / 'src'}.")
    CLOCKS.hook()
    recipe = folder / f"{job.name}.json"
    recipe.write_text(json.dumps(recipe_of(job, tree, folder, steps)))
    sys.argv = ["train.py", "fit", "--config", str(recipe)]
    main()
    print("\n" + MARK + json.dumps(asdict(RECORD)), flush=True)


if __name__ == "__main__":
    sys.modules["step_job"] = sys.modules["__main__"]  # recipes name its classes
    what, named, place = sys.argv[1:4]
    if what == "policy":
        shape = JOBS[named].shape
        assert shape is not None
        write_policy(shape, Path(place))
    else:
        fit(JOBS[named], Path(sys.argv[4]), Path(place), int(sys.argv[5]))
