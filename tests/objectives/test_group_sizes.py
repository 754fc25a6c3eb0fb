"""What objectives ask of their groups."""

from dataclasses import replace

import pytest

from asym_lit.objectives import Objective, grpo, opo, real, remax
from asym_lit.objectives.aggregations import PromptMean
from asym_lit.objectives.group_sizes import check_group_size, check_groups_of_a_problem
from asym_lit.objectives.objective import WarmUp
from asym_lit.types import InputError


def test_a_group_too_small_to_compare_is_refused_with_what_to_write():
    with pytest.raises(InputError, match=r"sampling\.n is 1, but GroupNormalised .*allowed: 2 or more.*--data\.sampling\.n 8"):
        check_group_size(Objective(), 1)
    check_group_size(Objective(), 2)
    check_group_size(opo(), 1)


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (real(), "GroupClassification is a loss of all responses to a problem"),
        (replace(grpo(), aggregation=PromptMean()), "PromptMean is a mean over all responses to a problem"),
        (replace(grpo(), warm_up=WarmUp(2, real())), "GroupClassification"),
    ],
    ids=["real", "a mean over prompts", "real as a warm-up"],
)
def test_several_groups_of_a_problem_are_refused_where_an_update_takes_each_for_a_problem(objective, words):
    with pytest.raises(
        InputError, match=rf"most_groups is 4, and {words}.*allowed with it: 1.*--data\.curriculum\.most_groups 1"
    ):
        check_groups_of_a_problem(objective, 4)
    check_groups_of_a_problem(objective, 1)


@pytest.mark.parametrize("objective", [grpo(), opo(), remax()], ids=["grpo", "opo", "remax"])
def test_advantages_of_a_problem_may_come_from_several_groups(objective):
    check_groups_of_a_problem(objective, 4)
