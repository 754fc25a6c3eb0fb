"""What is done about gradients that are not finite."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from asym_lit.lit.optimizing import OptimizerSteps
from asym_lit.lit.updates import MiniBatch
from asym_lit.objectives.aggregations import GlobalCounts


def updates(bad_every: int, count: int) -> tuple[OptimizerSteps, list[float], torch.Tensor]:
    """Makes updates of which each `bad_every`-th has a gradient of NaN; (the steps, whether each was skipped, the weight)."""
    weight = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    made = 0

    def accumulate(number: int, backward: Any) -> dict[str, torch.Tensor]:
        nonlocal made
        made += 1
        weight.grad = torch.full((1,), float("nan") if made % bad_every == 0 else -1.0)
        return {"loss/total": torch.tensor(0.0)}

    learner: Any = SimpleNamespace(plan=[MiniBatch([[0]], 0, GlobalCounts(4.0, 1.0), 4.0)], accumulate=accumulate)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    module: Any = SimpleNamespace(optimizers=lambda: optimizer, lr_schedulers=lambda: scheduler, manual_backward=None)
    steps = OptimizerSteps(max_grad_norm=0.0)
    skipped = [steps.make(module, learner, 0)["update/skipped"][0] for _ in range(count)]
    return steps, skipped, weight.detach()


def test_an_update_without_a_finite_gradient_is_skipped_and_counted():
    _, skipped, weight = updates(bad_every=5, count=200)
    assert sum(skipped) == 40  # one of five, 8 of any 40: rare enough
    assert float(weight) == 160  # the others made a step of 1 each


@pytest.mark.parametrize(("bad_every", "count", "seen"), [(4, 40, 40), (2, 20, 20), (1, 10, 10)])
def test_many_such_updates_end_the_run_also_if_they_are_not_in_a_row(bad_every, count, seen):
    updates(bad_every, count - 1)
    with pytest.raises(RuntimeError, match=f"not finite in 10 of the last {seen} updates"):
        updates(bad_every, count)
