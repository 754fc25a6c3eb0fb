"""What tests with real vLLM share: the mark, and a tiny policy directory."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from asym_lit.policy.characters import character_tokenizer
from asym_lit.types import Rollout
from fakes import tiny_policy

needs_vllm = [
    pytest.mark.vllm,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed: make test-vllm installs and runs it"),
]


def tied_policy(folder: Path) -> str:
    """A random policy over characters whose LM head is its embedding; its distributions are far from flat."""
    tokenizer = character_tokenizer(256)
    sizes = {"hidden_size": 64, "max_position_embeddings": 256, "initializer_range": 0.2}
    model = tiny_policy(vocabulary=len(tokenizer), tied=True, **sizes)
    model.config.eos_token_id, model.config.pad_token_id = tokenizer.eos_token_id, tokenizer.pad_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def worst_gap(policy: Any, groups: Sequence[Sequence[Rollout]], temperature: float = 1.0) -> float:
    """The largest |log-prob difference| to the policy's own, from full logits of one response at a time."""
    worst = 0.0
    for rollout in (rollout for group in groups for rollout in group):
        prompt = rollout.prompt.token_ids
        with torch.no_grad():
            logits_SV = policy(input_ids=torch.tensor([[*prompt, *rollout.token_ids]])).logits[0, len(prompt) - 1 : -1]
        ours = (logits_SV / temperature).log_softmax(-1).gather(-1, torch.tensor(rollout.token_ids)[:, None]).squeeze(-1)
        worst = max(worst, float((ours - torch.tensor(rollout.logprobs)).abs().max()))
    return worst
