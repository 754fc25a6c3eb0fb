"""What an LM head is given where layers stand between it and the base model. Whether they do is read in `own_logits.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

from asym_lit.shapes import Float, Int

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def head_inputs(model: PreTrainedModel, ids_BS: Int[Tensor, "B S"], **further: Any) -> Tensor:
    """What the LM head is given, with the gradient it carries; the head itself is left out.

    For policies with layers between base model and head, as BERT-like ones have.

    Args:
        model: The policy.
        ids_BS: Tokens.
        further: Of its forward pass.
    """
    caught: list[Tensor] = []

    def catch(hidden_BSH: Float[Tensor, "B S H"]) -> Tensor:
        caught.append(hidden_BSH)
        return hidden_BSH  # in place of the logits, which would take tokens times vocabulary

    head: Any = model.get_output_embeddings()
    head.forward = catch
    try:
        model(input_ids=ids_BS, use_cache=False, **further)
    finally:
        del head.forward
    return caught[-1]
