"""Rotary frequencies of `longrope` and `dynamic`: fixed once; transformers chooses them by the longest row of every batch."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from torch import nn

from asym_lit.types import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FIXED = "fixed"
"""In place of a rope type: transformers leaves the frequencies of any it does not know alone."""


def fix_frequencies(model: PreTrainedModel, longest: int | None = None) -> None:
    """Choose rotary frequencies by one length, for all rows, and say which were chosen; in place.

    `longrope` (arXiv 2402.13753) has two sets, for rows up to the length of pre-training and for longer ones; `dynamic`
    stretches them with every row beyond it. Left alone, a short row's log-probs move by more than a nat when a long one
    stands beside it, and tokens in a cache keep the frequencies of the length at which they were written.

    Args:
        model: Others than these two are not touched; nor is the configuration.
        longest: Tokens of the longest prompt and response together; None if it is not known, for rows up to the length of
            pre-training. Longer rows are then refused as they come.

    Raises:
        InputError: If the model chooses its frequencies by itself, outside of transformers' common way.
    """
    for module in list(model.modules()):
        types = getattr(module, "rope_type", None)
        for layer, rope_type in (types if isinstance(types, dict) else {None: types}).items():
            if isinstance(rope_type, str) and (rope_type == "longrope" or "dynamic" in rope_type):
                _fix(module, layer, rope_type, longest)


def _fix(module: Any, layer: str | None, rope_type: str, longest: int | None) -> None:
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    prefix, written = (f"{layer}_", module.config.rope_parameters[layer]) if layer else ("", module.config.rope_parameters)
    pretrained = written["original_max_position_embeddings"] if rope_type == "longrope" else module.original_max_seq_len
    buffer = getattr(module, f"{prefix}inv_freq", None)
    if buffer is None or {"long_mscale", "short_mscale"} & set(written):
        raise InputError(
            f"The policy's {type(module).__name__} ({rope_type}) chooses by the longest row of a batch in a way of its own, so "
            "a row's log-probs would depend on its neighbours. Allowed: policies whose frequencies transformers chooses."
        )
    is_long = longest is not None and longest > pretrained
    if is_long:
        # longrope asks only whether it is longer; dynamic takes the length itself.
        chosen, _ = ROPE_INIT_FUNCTIONS[rope_type](
            module.config, buffer.device, seq_len=longest, **({"layer_type": layer} if layer else {})
        )
        buffer.copy_(chosen)
    most = longest if is_long and longest is not None else pretrained
    _refuse_longer(module, most)
    if layer:
        module.rope_type[layer] = FIXED
    else:
        module.rope_type = FIXED
    warnings.warn(
        f"The policy's rotary frequencies ({rope_type}) are fixed to those of rows "
        f"{'beyond' if is_long else 'of up to'} {pretrained} tokens{f', for rows have up to {most}' if is_long else ''}: "
        "transformers would choose them anew by the longest row of every batch. Other programs choose in ways of their own.",
        stacklevel=5,
    )


def _refuse_longer(module: nn.Module, most: int) -> None:
    def check(_module: nn.Module, args: Any, kwargs: Any) -> None:
        positions = kwargs.get("position_ids", args[1] if len(args) > 1 else None)
        # Rollouts that share a prompt lie in one row, longer than any of them.
        if positions is not None and positions.shape[-1] > most and (longest := int(positions.max()) + 1) > most:
            raise InputError(
                f"A row of {longest} tokens is longer than {most}, for which the policy's rotary frequencies were "
                "fixed. Write a smaller max_tokens, or leave long prompts out."
            )

    module.register_forward_pre_hook(check, with_kwargs=True)
