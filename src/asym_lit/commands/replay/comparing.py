"""From measurements to what people read: shares of weight, cosines, and a few rollouts token by token.

The tables are in `reports/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from asym_lit.commands.replay.measuring import RANKS, Description, Measured, inner_products
from asym_lit.policy.token_texts import token_texts
from asym_lit.reports.heat_page import HeatRollout, HeatToken
from asym_lit.reports.objective_tables import ENTROPY_PARTS, Comparison, MethodRow, Shares
from asym_lit.rollout.microbatches import experience_of
from asym_lit.types import Outcome, Rollout, RolloutBatch

if TYPE_CHECKING:
    from asym_lit.commands.replay.settings import Replay

SAME_WEIGHTS = 0.01
"""Mean gap in nats between the transcript's log-probs and the policy's, up to which the policy is the one that sampled."""


def compared(
    settings: Replay,
    batch: RolloutBatch,
    before: Description,
    now: Description,
    measured: Mapping[str, Measured],
    own_reference: bool,
) -> Comparison:
    """The comparison of all objectives.

    Args:
        settings: What was asked for.
        batch: The rollouts.
        before: What the weights that sampled say of them.
        now: What the weights that were measured say.
        measured: By objective.
        own_reference: Some objective compares with a reference, and was given the policy itself.
    """
    experience = experience_of(batch.rollouts, batch.sampling.n, torch.device("cpu"))
    decided_BT = experience.mask_BT.bool() & experience.valid_B[:, None]
    right_N = experience.correct_B[:, None].expand_as(decided_BT)[decided_BT]
    entropy_N, rank_N = _fifths(now.entropy_BT[decided_BT]), now.rank_BT[decided_BT]

    def shares(weight_N: Tensor) -> Shares:
        return Shares(
            _share(weight_N, right_N),
            [_share(weight_N, entropy_N == part) for part in range(len(ENTROPY_PARTS))],
            [_share(weight_N, rank_N == rank) for rank in range(1, RANKS + 2)],
        )

    products = inner_products(measured)
    norms = products.diagonal().sqrt()
    rows = []
    for (name, m), norm in zip(measured.items(), norms.tolist(), strict=True):
        push_N, candidates_N = m.push_BT[decided_BT].abs(), m.candidates_BT[decided_BT]
        touched = float(m.touched_BT[decided_BT].double().mean())
        on_candidates = _ratio(float(candidates_N.sum()), float((push_N + candidates_N).sum()))
        rows.append(MethodRow(name, m.loss, norm, touched, m.clipped / len(right_N), on_candidates, shares(push_N)))
    cosines = [[_ratio(float(products[i, j]), float(norms[i] * norms[j])) for j in range(len(rows))] for i in range(len(rows))]
    gap = float((before.logprobs_BT - experience.sampler_logprobs_BT)[decided_BT].abs().mean())
    moved = float((now.logprobs_BT - before.logprobs_BT)[decided_BT].abs().mean())
    tokens = shares(torch.ones_like(rank_N, dtype=torch.float32))
    return Comparison(_facts(settings, batch, len(right_N), moved), _notes(batch, gap, own_reference), tokens, rows, cosines)


def _fifths(values_N: Tensor) -> Tensor:
    """Which fifth each value is in, from 0; equal values go by position, so that the fifths are of equal size."""
    place_N = values_N.argsort(stable=True).argsort()
    return place_N * len(ENTROPY_PARTS) // len(values_N)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _share(weight_N: Tensor, mask_N: Tensor) -> float | None:
    return _ratio(float(weight_N[mask_N].double().sum()), float(weight_N.double().sum()))


def _facts(settings: Replay, batch: RolloutBatch, tokens: int, moved: float) -> dict[str, str]:
    outcomes = [r.verdict.outcome if r.verdict else Outcome.UNDECIDED for r in batch.rollouts]
    right, wrong, undecided = (outcomes.count(outcome) for outcome in (Outcome.CORRECT, Outcome.INCORRECT, Outcome.UNDECIDED))
    drift = f"{settings.drift} AdamW steps of GRPO at {settings.drift_lr:g}; mean |log ratio| {moved:.4f}"
    return {
        "policy": settings.policy,
        "rollouts": f"{len(batch.groups)} groups of {batch.sampling.n} ({settings.transcript or 'sampled now'})",
        "verdicts": f"{right} right, {wrong} wrong, {undecided} undecided",
        "tokens": f"{tokens} of decided rollouts",
        "temperature": f"{batch.sampling.temperature:g}",
        "drift": drift if settings.drift else "none: the first update after sampling",
    }


def _notes(batch: RolloutBatch, gap: float, own_reference: bool) -> list[str]:
    notes = []
    if gap > SAME_WEIGHTS:
        notes.append(
            f"Log-probs of the rollouts differ from the policy's by {gap:.3f} nats on average: other weights, or a cut "
            "distribution, wrote them. Old log-probs are the policy's own, as if it had."
        )
    uniform = sum(len({r.verdict.outcome for r in group if r.verdict}) == 1 for group in batch.groups)
    if uniform:
        notes.append(
            f"{uniform} of {len(batch.groups)} groups are all right or all wrong. Objectives that drop such groups draw "
            "others in training; here they train on what is left."
        )
    if own_reference:
        notes.append(
            "The reference is the policy itself, as at the start of a run: ACE's factor is then the same for all. Write "
            "--reference to compare with another policy."
        )
    return notes


def heat_rollouts(
    tokenizer: PreTrainedTokenizerBase, batch: RolloutBatch, now: Description, measured: Mapping[str, Measured], count: int
) -> list[HeatRollout]:
    """A few rollouts with everything known of their tokens.

    A push is told in units of the objective's mean |push| over all tokens of decided rollouts, so that objectives of
    different scale can be compared.
    """
    decided = sum(len(r.token_ids) for r in batch.rollouts if r.reward is not None)
    units = [max(float(m.push_BT.abs().sum()) / decided, 1e-30) for m in measured.values()]

    def token(row: int, step: int, text: str) -> HeatToken:
        return HeatToken(
            text,
            float(now.logprobs_BT[row, step]),
            float(now.entropy_BT[row, step]),
            int(now.rank_BT[row, step]),
            [float(m.push_BT[row, step]) / unit for m, unit in zip(measured.values(), units, strict=True)],
            [float(m.advantages_BT[row, step]) for m in measured.values()],
        )

    shown = []
    for row in _chosen(batch.groups, count):
        rollout = batch.rollouts[row]
        assert rollout.verdict is not None
        texts = token_texts(tokenizer, rollout.prompt.token_ids, rollout.token_ids)
        tokens = [token(row, step, text) for step, text in enumerate(texts)]
        right = rollout.verdict.outcome == Outcome.CORRECT
        shown.append(HeatRollout(rollout.prompt.text, right, rollout.verdict.reason, tokens))
    return shown


def _chosen(groups: Sequence[Sequence[Rollout]], count: int) -> list[int]:
    """Rows of right and wrong rollouts, first in pairs of the same problem, then whatever is left."""
    size = len(groups[0])
    rights, wrongs, pairs = [], [], []
    for number, group in enumerate(groups):
        rows = [(number * size + i, r) for i, r in enumerate(group) if r.reward is not None and r.verdict]
        right = [row for row, r in rows if r.verdict and r.verdict.outcome == Outcome.CORRECT]
        wrong = [row for row, _ in rows if row not in right]
        if right and wrong:
            pairs += [right.pop(0), wrong.pop(0)]
        rights += right
        wrongs += wrong
    return [*pairs, *rights, *wrongs][:count]
