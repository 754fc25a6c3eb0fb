"""What an objective asks of its groups: how many responses at least, and whether a problem may have several groups."""

from __future__ import annotations

from asym_lit.objectives.aggregations import PromptMean
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.token_losses import wants_whole_groups
from asym_lit.types import InputError


def check_group_size(objective: Objective, group_size: int, found_in: str = "") -> None:
    """Refuse a group too small for the estimator.

    Args:
        objective: Whose estimator it is.
        group_size: Responses to a prompt.
        found_in: The file that they are read from; empty if they are still to be drawn.

    Raises:
        InputError: With the size that would do.
    """
    least = objective.estimator.min_group_size
    if group_size < least:
        given = f"{found_in} has {group_size} response to each prompt" if found_in else f"sampling.n is {group_size}"
        write = "Give rollouts of groups." if found_in else "Write --data.sampling.n 8."
        raise InputError(
            f"{given}, but {type(objective.estimator).__name__} compares rollouts within a group; "
            f"allowed: {least} or more. With n=1 every advantage would be 0. {write}"
        )


def check_groups_of_a_problem(objective: Objective, most_groups: int) -> None:
    """Refuse several groups of one problem under a loss that takes each group for a problem.

    Mini-batches and micro-batches are made of groups of `sampling.n`. Advantages are over all responses to a problem, but a
    loss of whole groups would see them in parts, and a mean over prompts would count a problem of four groups four times.

    Args:
        objective: Of the run, with its warm-up.
        most_groups: Most groups that the curriculum may give a problem at once.

    Raises:
        InputError: With the part, and what to write.
    """
    both = (objective, objective.warm_up.objective) if objective.warm_up else (objective,)
    for one in both if most_groups > 1 else ():
        whole, mean = wants_whole_groups(one.token_loss), isinstance(one.aggregation, PromptMean)
        if whole or mean:
            part, what = (one.token_loss, "is a loss of") if whole else (one.aggregation, "is a mean over")
            raise InputError(
                f"data.curriculum.most_groups is {most_groups}, and {type(part).__name__} {what} all responses to a problem, "
                "while updates take each group of sampling.n for a problem of its own; allowed with it: 1. "
                "Write --data.curriculum.most_groups 1, or another objective."
            )
