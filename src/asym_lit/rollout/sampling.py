"""Drawing tokens: the distribution that is sampled from, and the draw by given random numbers.

The loop around it is in `decoding`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from asym_lit.shapes import Float, Int
from asym_lit.types import Sampling


def sampling_logprobs(logits_BV: Float[Tensor, "B V"], sampling: Sampling) -> Float[Tensor, "B V"]:
    """Log-probs of the distribution that is sampled from: temperature, then min-p, top-k, top-p, renormalised.

    Args:
        logits_BV: Of the next token.
        sampling: With `min_p=0`, `top_k=0` and `top_p=1` this is the policy's own distribution at the temperature.

    Returns:
        Log-probs in fp32 or wider, -inf for tokens cut away, shape [B, V].
    """
    scaled_BV = logits_BV.to(torch.promote_types(logits_BV.dtype, torch.float32))
    if sampling.temperature == 0:  # greedy: the first of the likeliest tokens has all the probability
        return torch.full_like(scaled_BV, -torch.inf).scatter(-1, scaled_BV.argmax(-1, keepdim=True), 0.0)
    if sampling.temperature != 1:  # a pass over the vocabulary
        scaled_BV = scaled_BV / sampling.temperature
    if sampling.min_p > 0:
        least_B1 = scaled_BV.amax(-1, keepdim=True) + math.log(sampling.min_p)
        scaled_BV = scaled_BV.masked_fill(scaled_BV < least_B1, -torch.inf)
    if 0 < sampling.top_k < scaled_BV.shape[-1]:
        least_B1 = scaled_BV.topk(sampling.top_k, -1).values[:, -1:]
        scaled_BV = scaled_BV.masked_fill(scaled_BV < least_B1, -torch.inf)
    if sampling.top_p < 1:
        ordered_BV, order_BV = scaled_BV.sort(-1, descending=True)
        probs_BV = ordered_BV.softmax(-1)
        # A token stays if those before it have not reached top_p: the likeliest one always stays.
        cut_BV = probs_BV.cumsum(-1) - probs_BV >= sampling.top_p
        scaled_BV = scaled_BV.masked_fill(cut_BV.gather(-1, order_BV.argsort(-1)), -torch.inf)
    return scaled_BV.log_softmax(-1)


def draw(logprobs_BV: Float[Tensor, "B V"], uniform_B: Float[Tensor, " B"]) -> Int[Tensor, " B"]:
    """One token per row, by inverting the cumulative distribution at `uniform_B`.

    Args:
        logprobs_BV: From `sampling_logprobs`.
        uniform_B: In [0, 1).

    Returns:
        Token ids, shape [B]; never one of probability 0.
    """
    cumulative_BV = logprobs_BV.exp().cumsum(-1)
    # Scaled by the last sum, which rounding leaves slightly off 1.
    total_B1 = cumulative_BV[:, -1:].contiguous()
    point_B1 = uniform_B[:, None].to(cumulative_BV.dtype) * total_B1
    token_B1 = torch.searchsorted(cumulative_BV, point_B1, right=True)
    # Where the product rounded up to the total: the last token that has any probability.
    return torch.minimum(token_B1, torch.searchsorted(cumulative_BV, total_B1)).squeeze(-1)
