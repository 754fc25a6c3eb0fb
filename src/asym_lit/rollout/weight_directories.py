"""Weights as files for an engine that shares no memory with the trainer: a new directory per version.

Without files: `vllm_transfer`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from torch import Tensor

KEEP = 2
"""Up to the one that is written; a server may still be reading the last but one. Higher versions are those of an earlier run,
which a new one, or one that goes on from a checkpoint before them, finds there."""


class WeightDirectories:
    """Writes `<root>/version_000012/` in Hugging Face format, whole or not at all.

    Args:
        root: Made if missing.
        policy: Whose configuration goes with the weights.
    """

    def __init__(self, root: str, policy: str) -> None:
        self.root, self.policy = Path(root), policy

    def write(self, weights: dict[str, Tensor], version: int) -> Path:
        """The directory of a version, written.

        Args:
            weights: On the host; no two may share memory, for safetensors would leave one out.
            version: Optimizer steps behind them.
        """
        from huggingface_hub import save_torch_state_dict
        from transformers import AutoConfig

        final = self.root / f"version_{version:06d}"
        for left in self.root.glob(".version_*.partial"):  # by a run that was killed
            shutil.rmtree(left)
        partial = final.with_name(f".{final.name}.partial")
        partial.mkdir(parents=True)
        AutoConfig.from_pretrained(self.policy).save_pretrained(partial)
        save_torch_state_dict(weights, partial)
        shutil.rmtree(final, ignore_errors=True)
        os.replace(partial, final)
        found = sorted(self.root.glob("version_*"))
        until = found.index(final) + 1
        for other in [*found[: max(until - KEEP, 0)], *found[until:]]:
            shutil.rmtree(other)
        return final
