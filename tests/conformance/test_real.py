"""REAL: losses and gradients of ms-swift 4.6.0."""

from pathlib import Path

import numpy as np
import pytest
import torch

from asym_lit.objectives import real
from asym_lit.objectives.aggregations import GlobalCounts
from asym_lit.types import TokenScores
from fakes import make_experience

NUMBERS = np.load(Path(__file__).parent / "real_2026.npz")


def number(name):
    return torch.from_numpy(np.asarray(NUMBERS[name]))


@pytest.mark.parametrize(("name", "tau"), [("real", 0.5), ("real_tau_0.1", 0.1)])
def test_losses_and_gradients_are_those_of_ms_swift(name, tau):
    mask_BT = number("mask").double()
    experience = make_experience(
        mask_BT,
        correct_B=number("correct").bool(),
        old_logprobs_BT=number("old_log_probs"),
        advantages_BT=torch.zeros_like(mask_BT),
        slots_B=number("group").long(),
        prompt_tokens_B=mask_BT.sum(-1).view(6, 4).sum(-1).repeat_interleave(4),
        group_size=4,
    )
    logprobs_BT = number("log_probs").clone().requires_grad_()
    counts = GlobalCounts(float(mask_BT.sum()), 24, 6)
    loss = real(tau).loss(TokenScores(logprobs_BT), experience, counts).loss
    (gradient_BT,) = torch.autograd.grad(loss, logprobs_BT)
    torch.testing.assert_close(loss, number(f"{name}__loss"), rtol=0, atol=1e-9)
    torch.testing.assert_close(gradient_BT, number(f"{name}__grad"), rtol=0, atol=1e-9)
    # In two micro-batches of whole groups it is the same, whatever their order.
    parts_BT = number("log_probs").clone().requires_grad_()
    parts = []
    for rows in (list(range(12, 24))[::-1], list(range(12))):
        parts.append(real(tau).loss(TokenScores(parts_BT[rows]), experience.rows(rows, 10), counts).loss)
    torch.testing.assert_close(sum(parts), loss, rtol=0, atol=1e-12)
    torch.testing.assert_close(torch.autograd.grad(sum(parts), parts_BT)[0], gradient_BT, rtol=0, atol=1e-12)
