"""Whether a policy can read a prompt once for all of its responses: tried on a few tokens, whatever its class.

Recurrent layers, attention of a class's own and positions that are not given cannot; such a policy reads a prompt once for
each response, and it is said why.
"""

from __future__ import annotations

from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from asym_lit.layouts import SharedTokens, padded, shared
from asym_lit.policy.layer_calls import first_line
from asym_lit.policy.own_logits import plain_ids
from asym_lit.policy.shared_attention import let_share, unlet_share
from asym_lit.policy.size import small_policy
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.policy.two_modes import in_mode
from asym_lit.shapes import Float
from asym_lit.types import Needs, Prompt, Rollout, TokenScores

if TYPE_CHECKING:
    from transformers import PretrainedConfig

PROMPTS, RESPONSES = (3, 6), ((5, 1, 3), (2, 4))
"""Lengths: of each prompt, and of the responses to it."""
WORDS = 64
"""Of the vocabulary of a policy that is made to be tried."""
WITNESSES = (2, 3)
"""Rollouts, one to each prompt, that must not see the others."""
ROUNDING, HALF_ROUNDING = 1e-4, 0.05
"""Of log-probs in nats, in fp32 and in 16 bits, by which other shapes of the same products may differ."""


def try_sharing(scorer: TokenScorer) -> None:
    """Have a scorer read prompts once for all of their responses if it can; else `why_not_shared` says why not.

    Two things are asked: that log-probs are those of a row for each response, and that their gradient by the tokens of
    another response or prompt is 0 to the last bit, which no rounding hides.

    Args:
        scorer: Whole, before it is sharded; its mode is left as it was.
    """
    reason = let_share(scorer.model)
    if not reason:
        with in_mode(scorer, False):
            try:
                reason = _difference(scorer)
            except Exception as fault:  # whatever the code of a class that nobody has tried may raise
                reason = f"its forward pass does not take them so ({first_line(fault)})"
        if reason:
            unlet_share(scorer.model)
    scorer.why_not_shared = reason


def why_no_sharing(config: PretrainedConfig, dtype: torch.dtype) -> str:
    """Why policies of an architecture cannot share prompts: on random weights of two layers; empty if they can.

    Args:
        config: Of the policy; nothing is loaded.
        dtype: In which it computes.
    """
    try:
        scorer = TokenScorer(small_policy(config, dtype, WORDS))
    except Exception as fault:  # of a class that cannot be made smaller so; its weights are tried when the run starts
        return f"that is found out at the start, for no small one can be made ({first_line(fault)})"
    try_sharing(scorer)
    return scorer.why_not_shared


def _difference(scorer: TokenScorer) -> str:
    parameter = next(scorer.parameters())
    rollouts = _some(plain_ids(scorer.model))
    tokens = shared(rollouts, parameter.device)
    embedded: list[Tensor] = []

    def leaf(_: Any, __: Any, output: Tensor) -> Tensor:
        embedded.append(output.detach().requires_grad_())
        return embedded[-1]

    with torch.no_grad():
        plain_BT = _logprobs(scorer, rollouts)
    hook = scorer.model.get_input_embeddings().register_forward_hook(leaf)
    try:
        with torch.enable_grad():
            shared_BT = _logprobs(scorer, rollouts, tokens)
    finally:
        hook.remove()
    gap = float((shared_BT.detach() - plain_BT).abs().max())
    if not gap <= (ROUNDING if parameter.dtype in (torch.float32, torch.float64) else HALF_ROUNDING):
        return f"its log-probs would move by {gap:.2g} nats, as with layers that carry a state from token to token"
    for row in WITNESSES:
        (by_token_1NH,) = torch.autograd.grad(shared_BT[row].sum(), embedded, retain_graph=True)
        seen_N = (by_token_1NH[0] != 0).any(-1)
        places = tokens.predictors_BT[row, : len(rollouts[row].token_ids)]
        allowed_N = torch.zeros_like(seen_N).index_fill_(0, torch.cat([_prompt_of(tokens, places[0]), places]), True)
        if (seen_N & ~allowed_N).any():
            return "its responses would see each other"
    return ""


def _prompt_of(tokens: SharedTokens, last: Tensor) -> Tensor:
    """The places of a prompt, from that of its last token."""
    length = int(tokens.positions_1N[0, last]) + 1
    return torch.arange(int(last) + 1 - length, int(last) + 1, device=last.device)


def _logprobs(scorer: TokenScorer, rollouts: list[Rollout], tokens: SharedTokens | None = None) -> Float[Tensor, "B T"]:
    device = next(scorer.parameters()).device
    lengths = torch.tensor([len(rollout.token_ids) for rollout in rollouts], device=device)
    mask_BT = (torch.arange(int(lengths.max()), device=device) < lengths[:, None]).float()
    scores: TokenScores = scorer(padded(rollouts, device) if tokens is None else tokens, mask_BT, 1.0, Needs())
    return scores.logprobs_BT


def _some(ids: list[int]) -> list[Rollout]:
    """Rollouts of given ids, in turn."""
    source = cycle(ids or [0])
    found = []
    for slot, (length, responses) in enumerate(zip(PROMPTS, RESPONSES, strict=True)):
        prompt = Prompt(str(slot), "", {}, "", tuple(islice(source, length)))
        for number in responses:
            found.append(Rollout(prompt, slot, list(islice(source, number)), [0.0] * number, "stop", 0))
    return found
