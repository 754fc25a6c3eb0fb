"""Rollouts without gradient: they are told before anything is scored, and leaving them out changes no gradient."""

from dataclasses import dataclass, replace

import pytest
import torch

from asym_lit.objectives import Objective, grpo, presets
from asym_lit.objectives.regularizers import EntropyBonus, ReferenceKL, SquaredLogRatio
from asym_lit.objectives.reweights import SignScaling
from asym_lit.types import Needs
from every_preset import NAMES, preset
from fakes import LossProblem, full_scores

LOOK_AT_ALL = {  # why nothing of a batch may be left out
    "adaptive_entropy": "measures the entropy of every response",
    "clip_cov": "chooses tokens by their covariance over the micro-batch",
    "kl_cov": "likewise",
    "lens": "shapes rewards by scores",
    "differential_smoothing": "adds to every advantage",
    "real": "compares the verdicts of a group, whatever the advantages",
    "reinforce_pp": "whitens over the batch, behind nothing that wants scores",
    "unlikeliness": "shapes rewards by scores",
}


def mixed_problem(seed=0):
    """One group all wrong, one all right, one mixed: 4 rollouts each."""
    problem = LossProblem.random(seed)
    correct_B = torch.tensor([False] * 4 + [True] * 4 + [True, False, False, True])
    experience = replace(problem.experience, correct_B=correct_B, rewards_B=correct_B.double())
    return replace(problem, experience=experience)


def gradient(problem, objective, rows):
    """By the logits of all rollouts, if only these rows are read; counts are of all."""
    experience = problem.estimated(objective)
    logits_BTV = problem.logits_BTV.clone().requires_grad_()
    part = experience.rows(rows, experience.mask_BT.shape[1])
    top_n = min(max(objective.update_needs.top_n, 1), logits_BTV.shape[-1])
    scores = full_scores(logits_BTV[rows], problem.response_BT[rows], part.mask_BT, top_n)
    loss = objective.loss(scores, part, problem.counts).loss
    return loss.detach(), torch.autograd.grad(loss, logits_BTV)[0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_gradients_without_idle_rollouts_are_those_with_them(name, seed):
    problem, objective = mixed_problem(seed), preset(name)
    idle_B = objective.idle(problem.experience)
    read = [row for row, still in enumerate(idle_B.tolist()) if not still]
    loss, expected = gradient(problem, objective, list(range(12)))
    if read and len(read) < 12:
        found_loss, found = gradient(problem, objective, read)
        torch.testing.assert_close(found_loss, loss, rtol=0, atol=1e-14)
        torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert not expected[idle_B].any()


def test_presets_that_leave_uniform_groups_out_are_those_that_learn_nothing_from_them():
    problem = mixed_problem()
    uniform = {name: bool(preset(name).idle(problem.experience)[:8].any()) for name in NAMES}
    learns = {name: bool(gradient(problem, preset(name), list(range(12)))[1][:8].any()) for name in NAMES}
    assert uniform["grpo"] and uniform["simko"] and uniform["ace"] and uniform["dapo"] and uniform["gspo"]
    left = {name for name in NAMES if not uniform[name] and not learns[name]}
    assert left <= LOOK_AT_ALL.keys(), "these could leave uniform groups out and do not"


def test_groups_that_are_all_right_or_all_wrong_are_idle_under_grpo():
    assert grpo().idle(mixed_problem().experience).tolist() == [True] * 8 + [False] * 4


def test_what_a_reweight_sets_to_0_is_idle_too():
    right_alone = presets.psr_grouped(grpo())
    assert right_alone.idle(mixed_problem().experience).tolist() == [True] * 8 + [False, True, True, False]


@pytest.mark.parametrize(
    ("on", "off"),
    [
        (ReferenceKL(0.1), ReferenceKL(0.0)),
        (EntropyBonus(0.1), EntropyBonus(0.0)),
        (SquaredLogRatio(0.1), SquaredLogRatio(0.0)),
    ],
)
def test_a_regularizer_reads_every_rollout_unless_it_is_off(on, off):
    experience = mixed_problem().experience
    assert not replace(grpo(), regularizers=(on,)).idle(experience).any()
    assert replace(grpo(), regularizers=(off,)).idle(experience).sum() == 8


@dataclass(frozen=True)
class Shifted:
    """A reweight of somebody's own that says nothing of zeros."""

    needs: Needs = Needs()

    def __call__(self, advantages_BT, experience):
        return advantages_BT + experience.mask_BT


def test_a_part_that_says_nothing_of_zeros_is_taken_at_its_result_or_reads_everything():
    experience = mixed_problem().experience
    assert not replace(grpo(), reweights=(Shifted(),)).idle(experience).any()
    # Its result is not known before the scores that it wants, and it may move zeros.
    assert not replace(grpo(), reweights=(Shifted(Needs(rollout_scores=True)),)).idle(experience).any()
    assert not replace(grpo(), reweights=(SignScaling(), Shifted(Needs(rollout_scores=True)))).idle(experience).any()


def test_an_objective_without_a_word_on_zeros_reads_everything():
    def silent(ratio_BT, advantages_BT, scores, experience):
        raise AssertionError("not asked")

    assert not Objective(token_loss=silent).idle(mixed_problem().experience).any()
