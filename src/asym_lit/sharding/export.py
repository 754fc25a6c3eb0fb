"""A Hugging Face directory of a sharded policy, out of its checkpoint: no process gathers it, one reads tensor by tensor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from asym_lit.policy.adapter_merging import merged_weights
from asym_lit.policy.export import ExportPlan
from asym_lit.sharding.stored_state import StoredState

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class ShardedExport:
    """What `save_policy` writes, by one process and without the others.

    Args:
        model: Sharded. It is asked now how it is built, and how strong its adapters are.
        checkpoint: Directory of its sharded state, not yet written.
        prefix: Of the policy's weights in it.
    """

    def __init__(self, model: PreTrainedModel, checkpoint: Path, prefix: str) -> None:
        self._plan = ExportPlan(model)
        self._weights = merged_weights(model, StoredState(checkpoint, model.state_dict(), prefix))

    def write_settings(self, tokenizer: PreTrainedTokenizerBase, directory: Path) -> None:
        """Configurations and tokenizer, between two steps: in the middle of one weights have the dtype of computing."""
        self._plan.write_settings(tokenizer, directory)

    def write_weights(self, directory: Path) -> None:
        """Weights, when the checkpoint is there, while the policy itself trains on."""
        self._plan.write_weights(self._weights, directory)
