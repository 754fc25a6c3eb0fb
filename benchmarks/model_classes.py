"""Classes of policies, each trained plain, with adapters, with gradient checkpointing and in bf16: what works, what is refused.

    python benchmarks/model_classes.py --markdown model_classes.md
    python benchmarks/model_classes.py --only qwen2 gemma2 --ways plain lora

Policies are tiny and random (`tiny_policies.py`); a class is named by its `model_type`, and any that transformers has may be
asked for. Each cell is a run of two steps by the command line, in this process: prompts of different lengths, responses that
end at different times, negative samples alone, so that every response has a gradient. Its outcome is one of

  - works: log-probs of engine and trainer are at most 1e-4 apart on every token of both steps (bf16: 0.05 in the mean over
    tokens, MismatchGuard's default), each step moved weights, and the exported directory, loaded by transformers, gives the
    trained policy's log-probs to 1e-5 (both computed in fp64 where fp32 rounds more than that). The number is the first gap.
  - refused: one line that says why, before anything was trained on or evaluated.
  - NEITHER: whatever else. The exit status is then 1.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import platform
import sys
import tempfile
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import process_time
from typing import Any

import lightning
import peft
import torch
import transformers
from lightning.pytorch import Callback, LightningModule, Trainer
from tiny_policies import CLASSES, Kind, make_policy

from asym_lit.cli import main as asym_lit
from asym_lit.lit.module import PolicyModule
from asym_lit.loggers.run_place import run_folder
from asym_lit.run_folder.paths import CHECKPOINTS, EXPORT, checkpoint_name
from asym_lit.types import RolloutBatch

WAYS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "lora": ("--model.lora.r", "4"),
    "checkpointed": ("--model.gradient_checkpointing", "true"),
    "bf16": ("--model.dtype", "bfloat16"),
}
GAP, GAP_BF16, RELOADED = 1e-4, 0.05, 1e-5
STEPS = 2
RECIPE = Path(__file__).parents[1] / "configs" / "grpo.yaml"


@dataclass
class Outcome:
    """Of one class, trained one way."""

    policy: str
    way: str
    state: str = "NEITHER"
    said: str = ""
    gap: float | None = None
    """Between engine and trainer: the largest of a token, in bf16 the mean of the worse step."""
    reloaded: float | None = None
    seconds: float = 0.0


@dataclass
class Seen:
    """What happened in the run at hand."""

    batches: int = 0
    gaps: list[tuple[float, float]] = field(default_factory=list)
    """Of each step: mean over tokens, and largest."""
    moved: list[bool] = field(default_factory=list)
    prompt_lengths: set[int] = field(default_factory=set)
    response_lengths: set[int] = field(default_factory=set)
    reloaded: float | None = None


SEEN = Seen()


class Witness(Callback):
    """Writes down what the run did into `SEEN`."""

    def on_validation_batch_start(self, *_: Any, **__: Any) -> None:
        SEEN.batches += 1

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: RolloutBatch, batch_idx: int) -> None:
        SEEN.batches += 1
        SEEN.prompt_lengths |= {len(rollout.prompt.token_ids) for rollout in batch.rollouts}
        SEEN.response_lengths |= {len(rollout.token_ids) for rollout in batch.rollouts}
        self._before = [value.detach().clone() for value in pl_module.parameters()]

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: RolloutBatch, batch_idx: int
    ) -> None:
        seen = batch.experience
        assert seen is not None and seen.old_logprobs_BT is not None
        gap_N = (seen.sampler_logprobs_BT - seen.old_logprobs_BT)[seen.mask_BT.bool()].abs().nan_to_num(torch.inf)
        SEEN.gaps.append((float(gap_N.mean()), float(gap_N.max())))
        after = [value.detach() for value in pl_module.parameters()]
        is_whole = all(bool(value.isfinite().all()) for value in after)
        moved = any(not torch.equal(old, new) for old, new in zip(self._before, after, strict=True))
        SEEN.moved.append(is_whole and moved)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, PolicyModule)
        export = run_folder(trainer) / CHECKPOINTS / checkpoint_name(STEPS) / EXPORT
        trained = pl_module.scorer.model.eval()
        loaded = transformers.AutoModelForCausalLM.from_pretrained(export, dtype=trained.dtype).eval()
        SEEN.reloaded = _apart(trained, loaded)
        if SEEN.reloaded > RELOADED:  # rounding in passes over adapters and over merged weights is no fault of an export
            SEEN.reloaded = _apart(trained.double(), loaded.double())


@torch.no_grad()
def _apart(one: Any, other: Any) -> float:
    """The largest difference of log-probs, of a few tokens."""
    ids_BS = torch.arange(5, 53).reshape(2, 24)
    ours, theirs = (model(input_ids=ids_BS, use_cache=False).logits.double().log_softmax(-1) for model in (one, other))
    return float((ours - theirs).abs().max().nan_to_num(torch.inf))


def _arguments(folder: Path, policy: str, way: str) -> list[str]:
    """A small run; what it writes goes into the folder."""
    callbacks = [
        {"class_path": "VerifierReward", "init_args": {"verifier": {"class_path": "asym_lit.tasks.CountdownVerifier"}}},
        {"class_path": "MismatchGuard", "init_args": {"max_mean": GAP_BF16 if way == "bf16" else GAP}},
        {"class_path": "RolloutCheckpoint", "init_args": {"every_n_steps": STEPS, "keep": 1}},
        {"class_path": f"{Witness.__module__}.Witness"},
    ]
    settings = {
        "trainer.callbacks": json.dumps(callbacks),
        "trainer.logger": "false",
        "trainer.default_root_dir": str(folder),
        "trainer.accelerator": "cpu",
        "trainer.enable_progress_bar": "false",
        "trainer.num_sanity_val_steps": "0",
        "trainer.limit_val_batches": "0",
        "trainer.val_check_interval": str(STEPS),
        "data.rollout_steps": str(STEPS),
        "data.prompts_per_step": "4",
        "data.sampling.n": "4",
        "data.sampling.max_tokens": "12",
        "data.task.train_size": "32",
        "data.task.val_size": "4",
        "data.task.test_size": "4",
        "model.warmup_steps": "0",
        "model.mini_batches": "1",
        "model.optimizer.lr": "0.001",
        "model.objective": "asym_lit.objectives.nsr_full",
        "model.policy": policy,
    }
    words = [word for key, value in settings.items() for word in (f"--{key}", value)]
    return ["fit", "--config", str(RECIPE), *words, *WAYS[way]]


def measure(policy: str, way: str, folder: Path) -> Outcome:
    """Train a class one way.

    Args:
        policy: Its `model_type`.
        way: A key of `WAYS`.
        folder: For the policy and the run; empty.
    """
    global SEEN
    SEEN, outcome, start = Seen(), Outcome(policy, way), process_time()
    said = io.StringIO()
    try:
        where = make_policy(policy, folder / "policy")
    except Exception as fault:  # of any class whatever
        raise SystemExit(
            f"{policy} cannot be made of the common sizes: {_words(fault)}. Give it settings in CLASSES."
        ) from fault
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            asym_lit(_arguments(folder, where, way))
        outcome.said = _fault(way)
        outcome.state = "NEITHER" if outcome.said else "works"
    except SystemExit as stop:
        outcome.said = str(stop.code)
        is_refusal = outcome.said.startswith("error: ") and len(outcome.said.splitlines()) == 1 and not SEEN.batches
        outcome.state = "refused" if is_refusal else "NEITHER"
    except Exception as fault:  # of any class whatever: what is looked for
        place = traceback.extract_tb(fault.__traceback__)[-1]
        outcome.said = f"{type(fault).__name__}: {fault} ({Path(place.filename).name}:{place.lineno})"
    outcome.gap, outcome.reloaded = _gap(way), SEEN.reloaded
    outcome.seconds = process_time() - start
    return outcome


def _words(fault: Exception) -> str:
    """The first line of what it says; its kind, unless it is the one by which `make_policy` refuses."""
    first = next(iter(str(fault).splitlines()), "").rstrip(".")
    return first if type(fault) is ValueError else f"{type(fault).__name__}: {first}"


def _gap(way: str) -> float | None:
    return max((mean if way == "bf16" else largest for mean, largest in SEEN.gaps), default=None)


def _fault(way: str) -> str:
    """What is wrong with a run that ended by itself; empty if nothing is."""
    if len(SEEN.moved) != STEPS or not all(SEEN.moved):
        return f"of {STEPS} steps {sum(SEEN.moved)} moved the weights to finite ones"
    if len(SEEN.prompt_lengths) < 2 or len(SEEN.response_lengths) < 3:
        return f"too alike to tell: prompts of {SEEN.prompt_lengths} tokens, responses of {SEEN.response_lengths}"
    gap, allowed = _gap(way), GAP_BF16 if way == "bf16" else GAP
    if gap is None or not gap <= allowed:
        return f"engine and trainer are {gap} apart, allowed {allowed}"
    if SEEN.reloaded is None or not SEEN.reloaded <= RELOADED:
        return f"the export's log-probs are {SEEN.reloaded} off"
    return ""


def table(outcomes: Sequence[Outcome]) -> str:
    """One row a class, in Markdown."""
    ways = [way for way in WAYS if any(one.way == way for one in outcomes)]
    lines = [f"| class | kind | {' | '.join(ways)} | what is said |", "| --- " * (3 + len(ways)) + "|"]
    for policy in dict.fromkeys(one.policy for one in outcomes):
        own = {one.way: one for one in outcomes if one.policy == policy}
        cells = [_cell(own.get(way)) for way in ways]
        said = dict.fromkeys(one.said.removeprefix("error: ").replace("|", "\\|") for one in own.values() if one.said)
        words = CLASSES.get(policy, Kind("-")).words
        lines.append(f"| {policy} | {words} | {' | '.join(cells)} | {' / '.join(said)} |")
    return "\n".join(lines)


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return "-"
    return f"works {outcome.gap:.0e}" if outcome.state == "works" and outcome.gap is not None else outcome.state


def main() -> int:
    """Measure, print the table; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", default=list(CLASSES), metavar="MODEL_TYPE")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--json", type=Path, help="write outcomes there as they come; those in it are not measured again")
    parser.add_argument("--markdown", type=Path, help="write the table there")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    known = json.loads(arguments.json.read_text()) if arguments.json and arguments.json.exists() else []
    outcomes = [Outcome(**one) for one in known]
    done = {(one.policy, one.way) for one in outcomes}
    for policy, way in ((policy, way) for policy in arguments.only for way in arguments.ways):
        if (policy, way) in done:
            continue
        with tempfile.TemporaryDirectory() as folder:
            outcomes.append(one := measure(policy, way, Path(folder)))
        print(f"{one.policy:20} {one.way:13} {_cell(one):14} {one.seconds:4.1f} s  {one.said}", file=sys.stderr, flush=True)
        if arguments.json:
            arguments.json.write_text(json.dumps([asdict(one) for one in outcomes], indent=1))
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}, peft {peft.__version__}"
    print(text := f"{table(outcomes)}\n\n{versions}, Lightning {lightning.__version__}, Python {platform.python_version()}")
    if arguments.markdown:
        arguments.markdown.write_text(text + "\n")
    wrong = [one for one in outcomes if one.state == "NEITHER"]
    print(f"{len({one.policy for one in outcomes})} classes, {len(outcomes)} cells, {len(wrong)} neither right nor refused")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
