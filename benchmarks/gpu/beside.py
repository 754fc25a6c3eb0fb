"""What stands beside: a step of TRL's `GRPOTrainer` of the same size, and `fit` itself where Lightning is installed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from made import SHAPES, Place, SkippedError, policy, write_policy
from step_table import GROUP, PROMPT, PROMPTS

ROOT = Path(__file__).parents[2]
RESPONSE = 1024


def trl(place: Place) -> dict[str, Any]:
    """Seconds of TRL's second step: 8 prompts x 8 responses of 1,024 tokens, 0.5B, bf16, `generate` of transformers."""
    for name in ("trl", "datasets"):
        if find_spec(name) is None:
            raise SkippedError(f"{name} is not installed")
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    shape, prompt, response = ("tiny", 8, 16) if place.small else ("0.5B", PROMPT, RESPONSE)
    ends: list[float] = []

    class Watch(TrainerCallback):
        """Notes when steps end."""

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            place.wait()
            ends.append(perf_counter())

    def reward(completions: list[str], **_: Any) -> list[float]:
        return [float(len(text) % 2) for text in completions]

    with tempfile.TemporaryDirectory() as folder:
        model = policy(shape, torch.float32, place.device)
        tokenizer = write_policy(model, Path(folder))
        words = [" ".join(f"w{(37 * i + 11 * j) % (SHAPES[shape].vocabulary - 2)}" for j in range(prompt)) for i in range(32)]
        rows = PROMPTS * GROUP // 4
        settings = GRPOConfig(
            output_dir=folder,
            per_device_train_batch_size=rows,
            gradient_accumulation_steps=4,
            num_generations=GROUP,
            max_completion_length=response,
            max_steps=2,
            beta=0.0,
            learning_rate=1e-6,
            bf16=place.is_gpu,
            use_cpu=not place.is_gpu,
            gradient_checkpointing=False,
            report_to="none",
            logging_strategy="no",
            save_strategy="no",
            disable_tqdm=True,
        )
        data = Dataset.from_list([{"prompt": text} for text in words])
        place.forget_peak()
        GRPOTrainer(
            model=model, reward_funcs=reward, args=settings, train_dataset=data, processing_class=tokenizer, callbacks=[Watch()]
        ).train()
    return {"step, s": ends[1] - ends[0], "peak GiB": place.peak() / 2**30, "response tokens": PROMPTS * GROUP * response}


def fit(place: Place) -> dict[str, Any]:
    """`fit` on the bundled policy, split over one rank by the `fsdp2` strategy on a GPU: four steps."""
    for name in ("lightning", "jsonargparse", "scipy", "pyarrow"):
        if find_spec(name) is None:
            raise SkippedError(f"{name} is not installed; with asym_lit's own requirements `fit` is run too")
    where = (
        ["--trainer.accelerator", "gpu", "--trainer.strategy", "fsdp2"] if place.is_gpu else ["--trainer.accelerator", "cpu"]
    )
    recipe = ["--config", str(ROOT / "configs/simko.yaml"), "--config", str(ROOT / "configs/overlays/smoke.yaml")]
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "asym_lit.cli", "fit", *recipe, *where, "--trainer.devices", "1"]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, f"fit ended with status {done.returncode}: {(done.stdout + done.stderr)[-1500:]}"
        written = list(Path(folder).rglob("metrics.jsonl"))
        assert written, "fit wrote no metrics.jsonl"
        return {"steps": len(written[0].read_text().splitlines())}
