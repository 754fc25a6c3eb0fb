"""Attention whose logits are soft-capped: computed with the cap, whatever release of transformers loads the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def cap_attention(model: PreTrainedModel) -> None:
    """Have a policy with a soft cap in its attention (Gemma 2) computed as it is defined; in place.

    transformers 5.19 takes torch's kernel for it, which has no cap, and says nothing: log-probs of a random Gemma 2 are off by
    0.02 nats. From 5.24 on it takes `eager` by itself.

    Args:
        model: Others are not touched; nor is one that is computed by another kernel.
    """
    named = vars(model.config.get_text_config(decoder=True)).items()
    is_capped = any(name.startswith("att") and "cap" in name and value for name, value in named)
    if is_capped and model.config._attn_implementation == "sdpa":
        model.set_attn_implementation("eager")
