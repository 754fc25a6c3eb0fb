"""What a replay is asked, checked before anything is loaded. The parser is in `command`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from asym_lit.objectives import Objective
from asym_lit.policy.loading import Dtype
from asym_lit.rollout.rendering import PromptFormat
from asym_lit.types import InputError, Sampling, Task, Verifier

Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class Replay:
    """How do objectives differ on one policy's rollouts? Answered in one pass, before anything is trained.

    Takes a transcript, or has the policy answer a few problems, and puts the same rollouts under each objective, as one
    mini-batch. Needs memory for one gradient per objective.

    Args:
        policy: `bundled`, a local Hugging Face directory, or a hub id.
        transcript: A `.jsonl` file from the `rollouts/` folder of a run; TRL's table of completions (`.parquet`), a dump of
            verl's, or rows with prompt, response and reward, whose texts are tokenized anew; none to sample rollouts now.
        presets: Names of objectives with their defaults, e.g. '[grpo, simko]', or '[all]'; a short list if there are no
            `objectives`, else GRPO.
        objectives: Objectives by a name of yours, e.g. `--objectives.strong {class_path: asym_lit.objectives.simko,
            init_args: {alpha: 0.1}}`.
        reference: Policy that KL and ACE compare with; none for `policy` itself.
        task: Problems to sample for; Countdown if not given.
        verifier: Decides on samples; Countdown's if not given.
        prompts: Problems to sample for, the first of the training split.
        sampling: How rollouts are sampled.
        prompt_format: How sampled problems are put to the policy, as training puts them: a template, a chat, shots.
        seed: Of sampling.
        drift: Optimizer steps of GRPO on the rollouts before anything is measured; 0 is the first update of a step, where
            nothing is clipped.
        drift_lr: Learning rate of these steps.
        heat_rollouts: Rollouts on the token-heat page, right and wrong ones of the same problem side by side.
        output: Folder for `replay.html`, `replay.json`, `replay.md` and sampled rollouts; files in it are replaced.
        threads: CPU threads; 0 leaves it to torch. Small policies want 1.
        device: `auto` takes a GPU if there is one.
        dtype: Of the weights.
        max_micro_batch_tokens: Tokens (prompts, responses, padding) scored at once.
    """

    policy: str = "bundled"
    transcript: str | None = None
    presets: list[str] | None = None
    objectives: dict[str, Objective] | None = None
    reference: str | None = None
    task: Task | None = None
    verifier: Verifier | None = None
    prompts: int = 16
    sampling: Sampling = field(default_factory=lambda: Sampling(n=16, max_tokens=24))
    prompt_format: PromptFormat = field(default_factory=PromptFormat)
    seed: int = 1
    drift: int = 0
    drift_lr: float = 5e-5
    heat_rollouts: int = 6
    output: str = "runs/replay"
    threads: int = 1
    device: Device = "auto"
    dtype: Dtype = "float32"
    max_micro_batch_tokens: int = 4096

    def __post_init__(self) -> None:
        for name, least in (("prompts", 1), ("drift", 0), ("heat_rollouts", 0), ("threads", 0), ("max_micro_batch_tokens", 1)):
            if getattr(self, name) < least:
                raise InputError(f"{name} is {getattr(self, name)}; allowed: {least} or more.")
        if self.drift_lr <= 0:
            raise InputError(f"drift_lr is {self.drift_lr}; allowed: above 0.")
