"""Settings by name: a part of the run that asks for some by name asks for those that there are."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from asym_lit.lit.resuming import ASKED_BY
from asym_lit.run_folder.run_settings import settings_of
from asym_lit.types import Sampling


def test_the_settings_that_rollouts_are_asked_for_by_are_among_those_of_a_run() -> None:
    own = dict.fromkeys(("objective", "schedule", "warmup_steps", "inner_epochs", "mini_batches", "max_micro_batch_tokens"))
    module = SimpleNamespace(
        **own, make_optimizer=torch.optim.AdamW, dtype_name="float32", steps=SimpleNamespace(max_grad_norm=1)
    )
    data = SimpleNamespace(
        **dict.fromkeys(("prompts_per_step", "temperature", "curriculum", "lag")),
        sampling=Sampling(),
        prompt_sets=SimpleNamespace(form=None),
        maker=SimpleNamespace(engine=None),
        training_prompts=list,
        evaluation_sets={},
    )
    assert set(ASKED_BY) <= set(settings_of(module, data))
