from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from asym_lit.objectives import simko
from asym_lit.objectives.aggregations import GlobalCounts
from asym_lit.policy.token_scores import TokenScorer
from fakes import HeadOnly, full_scores, make_experience

FILES = sorted(Path(__file__).parent.glob("simko_*.npz"))


def test_all_eight_cases_are_here():
    assert len(FILES) == 8


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_loss_gradient_and_clip_fraction_are_those_of_the_authors(file, monkeypatch):
    case = {name: torch.from_numpy(np.asarray(value)) for name, value in np.load(file).items()}
    temperature, mask_BT, response_BT = float(case["temperature"]), case["mask"], case["response"]
    experience = make_experience(
        mask_BT,
        correct_B=case["correct"].bool(),
        old_logprobs_BT=full_scores(case["old_logits"], response_BT, mask_BT, 1, temperature).logprobs_BT,
        advantages_BT=case["advantages"],
    )
    objective = simko(
        alpha=float(case["alpha"]),
        top_n=int(case["top_k"]),
        quantile=float(case["tau"]),
        lambda_top1=float(case["lambda_top1"]),
        clip=float(case["clip"]),
    )
    logits_BTV = case["logits"].clone().requires_grad_()
    # Through our own chunked scores, eleven tokens at a time: the head is the identity, so hidden states are logits.
    vocabulary = logits_BTV.shape[-1]
    monkeypatch.setattr("asym_lit.policy.token_scores.CHUNK_ELEMENTS", 11 * vocabulary)
    scorer = TokenScorer(HeadOnly.identity(vocabulary))
    flat = scorer.score_flat(logits_BTV.flatten(0, 1), response_BT.flatten(), temperature, objective.update_needs)
    scores = replace(
        flat,
        logprobs_BT=flat.logprobs_BT.view_as(mask_BT) * mask_BT,
        entropy_BT=flat.entropy_BT.view_as(mask_BT) * mask_BT,
        topk_logprobs_BTK=flat.topk_logprobs_BTK.view(*mask_BT.shape, -1) * mask_BT[..., None],
        rank1_BT=flat.rank1_BT.view_as(mask_BT) & mask_BT.bool(),
    )
    tokens = float(mask_BT.sum())
    terms = objective.loss(scores, experience, GlobalCounts(tokens, len(mask_BT)))
    (gradient_BTV,) = torch.autograd.grad(terms.loss, logits_BTV)
    clipped = (terms.sums["ratio/clipped_low"] + terms.sums["ratio/clipped_high"]) / tokens
    # The authors guard two divisions by adding 1e-8: of ratios by ratios, and by the number of tokens. We need neither,
    # so the values may differ by some 1e-8 times the losses of single tokens, and do, by up to 5e-9.
    torch.testing.assert_close(terms.loss, case["loss"], rtol=0, atol=1e-8)
    torch.testing.assert_close(gradient_BTV, case["grad_logits"], rtol=0, atol=1e-9)
    torch.testing.assert_close(clipped, case["clip_fraction"], rtol=0, atol=1e-9)
    assert gradient_BTV.abs().max() > 1e-3
