"""Attention over one row in which a prompt stands once for all of its responses, by the attention a policy has anyway.

The row is cut into blocks: prompts, which see themselves, and responses, which see their prompt and themselves. Each block
goes to the policy's own attention function with a mask of the policy's own making, so windows, chunks, sinks and soft caps
stay what they are. What is not a `SharedTokens` goes there as it came. No [N, N] mask is made, and no block of the row that
nobody sees is computed: eight responses of 64 tokens to a prompt of 110 take 0.3 of the pairs of a packed row.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from asym_lit.layouts import AttentionBlock, SharedTokens
from asym_lit.shapes import Float, Int

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ABLE = ("sdpa", "eager")
"""Attention functions of transformers that take a mask of any form."""
PREFIX = "shared_prompts|"

_being_read: ContextVar[SharedTokens | None] = ContextVar("being_read", default=None)


@contextmanager
def reading(tokens: SharedTokens) -> Iterator[None]:
    """Forward passes inside are over these tokens. Backward passes need it no more: the mask remembers them."""
    token = _being_read.set(tokens)
    try:
        yield
    finally:
        _being_read.reset(token)


class SharedMask:
    """What a policy's layers hand on to their attention in place of a mask: the blocks, and who may see whom.

    Args:
        tokens: Of the row.
        sees: The policy's own rule for a kind of layer, of positions: batch, head, query and key to a bool.
        is_causal: The rule is causality alone.
        base: The attention function that is asked, `sdpa` or `eager`.
    """

    def __init__(self, tokens: SharedTokens, sees: Callable[..., Tensor], is_causal: bool, base: str) -> None:
        self.tokens, self.sees, self.is_causal, self.base = tokens, sees, is_causal, base
        self._made: dict[tuple[int, torch.dtype], Tensor] = {}

    def of(self, number: int, dtype: torch.dtype) -> Tensor | None:
        """The mask of a block, [R, 1, Q, K]: 0 where a query sees a key, the least number of the dtype elsewhere.

        None where the attention function knows without being told: all sequences see what is before them.
        """
        block = self.tokens.blocks[number]
        if self.is_causal and self.base == "sdpa" and block.is_whole:
            return None  # what stands before a token is no padding
        if (number, dtype) not in self._made:  # one for all layers of its kind
            self._made[number, dtype] = self._make(block, dtype)
        return self._made[number, dtype]

    def _make(self, block: AttentionBlock, dtype: torch.dtype) -> Tensor:
        zero = torch.zeros(1, 1, 1, 1, dtype=torch.long, device=block.keys_RK.device)
        queries, keys = block.query_positions_RQ[:, None, :, None], block.key_positions_RK[:, None, None, :]
        seen = self.sees(zero, zero, queries, keys) & block.is_key_RK[:, None, None, :]
        # A query of padding sees everything: one that sees nothing has a softmax of NaN, and so has its gradient.
        seen = seen | ~block.is_query_RQ[:, None, :, None]
        return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, torch.finfo(dtype).min)


def _mask_maker(base: str) -> Callable[..., Any]:
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, causal_mask_function

    def make(
        *args: Any, mask_function: Callable[..., Any] = causal_mask_function, use_vmap: bool = False, **kwargs: Any
    ) -> Any:
        tokens = _being_read.get()
        if tokens is None:
            plain = ALL_MASK_ATTENTION_FUNCTIONS[base]
            return plain(*args, mask_function=mask_function, use_vmap=use_vmap, **kwargs)
        if use_vmap:
            raise NotImplementedError("a mask that is no function of positions")
        return SharedMask(tokens, mask_function, mask_function is causal_mask_function, base)

    return make


def _attention(base: str) -> Callable[..., tuple[Tensor, Tensor | None]]:
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    def attend(
        module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Any, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor | None]:
        own = sys.modules[type(module).__module__]
        function = own.eager_attention_forward if base == "eager" else ALL_ATTENTION_FUNCTIONS[base]
        if not isinstance(attention_mask, SharedMask):
            if _being_read.get() is not None:
                raise NotImplementedError("a layer that gets no mask")
            answer: tuple[Tensor, Tensor | None] = function(module, query, key, value, attention_mask, *args, **kwargs)
            return answer
        if kwargs.get("position_bias") is not None:
            raise NotImplementedError("a bias on pairs of tokens")
        answers = []
        for number, block in enumerate(attention_mask.tokens.blocks):
            parts = [_taken(query, block.queries_RQ), _taken(key, block.keys_RK), _taken(value, block.keys_RK)]
            answer = function(module, *parts, attention_mask.of(number, query.dtype), *args, **kwargs)
            answers.append(answer[0].flatten(0, 1))
        return torch.cat(answers).index_select(0, attention_mask.tokens.answers_N)[None], None

    return attend


def _taken(values_1ANH: Float[Tensor, "1 A N H"], places_RQ: Int[Tensor, "R Q"]) -> Float[Tensor, "R A Q H"]:
    """Entries of the row by place, [R, A, Q, H]; by `index_select`, whose gradient is one pass of additions."""
    taken = values_1ANH[0].transpose(0, 1).index_select(0, places_RQ.flatten())
    return taken.unflatten(0, places_RQ.shape).transpose(1, 2)


def let_share(model: PreTrainedModel) -> str:
    """Have a policy's attention understand `SharedTokens`, beside all that it did; returns why it cannot, or nothing.

    Whether it then reads them rightly is for a trial to say.
    """
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface

    base = str(model.config._attn_implementation)
    if base.startswith(PREFIX):
        return ""
    if base not in ABLE:
        return f"its attention is {base!r}, which takes no masks as they are needed; {' and '.join(ABLE)} do"
    if not model._can_set_attn_implementation():
        return "its attention is not one of transformers' interchangeable functions"
    AttentionInterface.register(PREFIX + base, _attention(base))
    AttentionMaskInterface.register(PREFIX + base, _mask_maker(base))
    model.set_attn_implementation(PREFIX + base)
    return ""


def unlet_share(model: PreTrainedModel) -> None:
    """The attention as it was before `let_share`."""
    model.set_attn_implementation(str(model.config._attn_implementation).removeprefix(PREFIX))
