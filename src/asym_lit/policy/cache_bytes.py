"""What a policy keeps of one row while it generates, found without running it: keys and values, windows, states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from asym_lit.model_caches import cache_argument
from asym_lit.policy.decoder_layers import drawn_out
from asym_lit.policy.simulation import LiveStorages, simulated
from asym_lit.policy.size import empty_policy

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel


def cache_bytes(config: PretrainedConfig, dtype: torch.dtype, width: int) -> int:
    """Bytes of the cache of one row; 0 for a class that has none that we know.

    Args:
        config: Of the policy.
        dtype: In which it generates.
        width: Tokens of the row.

    Raises:
        InputError: If the passes of this class hang on what tensors hold.
    """
    return drawn_out(lambda: empty_policy(config, dtype, None), lambda model: _kept(model, width))


@torch.no_grad()
def _kept(model: PreTrainedModel, width: int) -> int:
    """Of a row that was read, after everything but its cache is gone."""
    argument = cache_argument(model)
    if argument is None:
        return 0
    model.eval()
    with simulated(model):
        ids_BS = torch.zeros(1, width, dtype=torch.long)
        with LiveStorages([*model.parameters(), *model.buffers(), ids_BS]) as live:
            cache = getattr(model(input_ids=ids_BS, use_cache=True), argument, None)
            before = live.now
            del cache
            return before - live.now
