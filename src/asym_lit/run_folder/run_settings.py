"""The settings of a run as plain words, and what a resumed run has changed of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

import torch

from asym_lit.types import InputError, Prompt

MUST_STAY = {
    "model.optimizer": "What it remembers of every weight would be another optimizer's",
    "data.problems": "The order of prompts and the meaning of every step would be others",
    "data.evaluation": "The evaluation before training and those after it would not ask alike",
}
"""Settings that a run cannot go on with another value of, and why; names by their beginnings."""


def in_words(value: Any) -> str:
    """A value as it can be compared with that of another process: without addresses."""
    return re.sub(r" at 0x[0-9a-f]+", "", value if isinstance(value, str) else repr(value))


def fingerprint(prompts: Iterable[Prompt]) -> str:
    """How many problems, and a hash of their names and answers in order; how they are put to the policy is not in it."""
    mark, count = blake2b(digest_size=8), 0
    for prompt in prompts:
        mark.update(json.dumps([prompt.uid, dict(prompt.answer)], sort_keys=True, default=str).encode())
        count += 1
    return f"{count} problems, {mark.hexdigest()}"


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """(before, now) of the settings that differ, by name; what only one side knows of is no change.

    Args:
        before: Of the checkpoint.
        now: Of this run.

    Raises:
        InputError: If one of them must stay as it was.
    """
    found = {name: (before[name], now[name]) for name in before if name in now and before[name] != now[name]}
    for name, (old, new) in found.items():
        for beginning, why in MUST_STAY.items():
            if name.startswith(beginning):
                raise InputError(
                    f"The checkpoint was made with {name} {old}, and this run has {new}. {why}. Write the former, or start a "
                    "new run without --ckpt_path."
                )
    return found


def settings_of(module: Any, data: Any) -> dict[str, str]:
    """Settings of a run by the names of the command line; those that no step hangs on (how often it saves) are left out.

    Args:
        module: A `PolicyModule`.
        data: Its `RolloutDataModule`.
    """
    own = ("objective", "schedule", "warmup_steps", "inner_epochs", "mini_batches", "max_micro_batch_tokens")
    found = {f"model.{name}": in_words(getattr(module, name)) for name in own}
    found["model.optimizer"] = type(module.make_optimizer([torch.nn.Parameter(torch.zeros(1))])).__name__
    found["model.dtype"] = module.dtype_name
    found["model.max_grad_norm"] = in_words(module.steps.max_grad_norm)
    for name in ("sampling", "prompts_per_step", "temperature", "curriculum", "lag"):
        found[f"data.{name}"] = in_words(getattr(data, name))
    found["data.prompt_format"] = in_words(data.prompt_sets.form)
    found["data.engine"] = type(data.maker.engine).__name__
    found["data.problems"] = fingerprint(data.training_prompts())
    for name, one in data.evaluation_sets.items():
        found[f"data.evaluation of {name}"] = in_words(one.sampling(data.evaluation))
        found[f"data.evaluation problems of {name}"] = fingerprint(data.evaluation_prompts(name, "val"))
    return found
