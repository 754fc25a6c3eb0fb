"""What a run knows of how well the policy answers each problem: discounted counts of right and wrong responses.

What follows from it is in `curricula`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import torch
from torch import Tensor

from asym_lit.shapes import Float
from asym_lit.types import InputError, Prompt

Tally = tuple[str, int, int]
"""A problem's uid, decided responses to it, right ones among them."""


class Successes:
    """Counts of each problem, older visits discounted; the same on every rank, as plain tensors.

    Args:
        prompts: The training set; prompts with the same uid are one problem.

    Raises:
        InputError: If problems cannot be told apart by their uids.
    """

    def __init__(self, prompts: Sequence[Prompt]) -> None:
        self.places = _places(prompts)
        """Of each uid."""
        self.uids = list(self.places)
        self._mark = blake2b("\n".join(self.uids).encode(), digest_size=8).hexdigest()
        self.problem_of = torch.tensor([self.places[prompt.uid] for prompt in prompts])
        """Of each prompt, its problem."""
        count = len(self.uids)
        self.right_U, self.wrong_U = torch.zeros(2, count, dtype=torch.float64)
        self.visits_U = torch.zeros(count, dtype=torch.int64)
        self.solved_U = torch.zeros(count, dtype=torch.bool)
        """Bool: answered right at least once."""

    @property
    def mean_U(self) -> Float[Tensor, " U"]:
        """Mean of p under Beta(right + 1, wrong + 1), shape [U]: 1/2 where nothing is known."""
        return (self.right_U + 1) / (self.right_U + self.wrong_U + 2)

    def visit(self, tallies: Iterable[Tally], forgetting: float) -> None:
        """Take in what a step has found out.

        All tallies of a problem are one visit, so their order says nothing; without a decided response they are none.

        Args:
            tallies: Of all ranks; of other problems they are left aside.
            forgetting: Share of the earlier counts of a visited problem that is taken away.
        """
        sums: dict[int, tuple[int, int]] = {}
        for uid, decided, right in tallies:
            if uid in self.places and decided:
                before = sums.get(self.places[uid], (0, 0))
                sums[self.places[uid]] = (before[0] + decided, before[1] + right)
        for place, (decided, right) in sums.items():
            self.right_U[place] = self.right_U[place] * (1 - forgetting) + right
            self.wrong_U[place] = self.wrong_U[place] * (1 - forgetting) + decided - right
            self.visits_U[place] += 1
            self.solved_U[place] |= right > 0

    def begin(self, past: Mapping[str, Sequence[tuple[int, int]]], forgetting: float, found_in: str) -> None:
        """Start from what others have found out.

        Args:
            past: By uid, (decided, right) responses at each visit, in order.
            forgetting: As in `visit`.
            found_in: The file it was read from.

        Raises:
            InputError: If none of its problems is trained on.
        """
        if not past.keys() & self.places.keys():
            raise InputError(
                f"data.curriculum.start: {found_in} knows {len(past)} problems, and none of them is among the "
                f"{len(self.uids)} of the training set ({self.uids[0]!r}, ...). Give the file of a run on the same problems, "
                "or leave start out."
            )
        for uid, visits in past.items():
            for decided, right in visits:
                self.visit([(uid, decided, right)], forgetting)

    def state_dict(self) -> dict[str, Any]:
        """The counts, and a hash of whose they are."""
        counts = {name: getattr(self, f"{name}_U").clone() for name in ("right", "wrong", "visits", "solved")}
        return {**counts, "problems": self._mark}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with the counts of another run.

        Raises:
            InputError: If they are of other problems.
        """
        if state["problems"] != self._mark:
            raise InputError(
                "The checkpoint's curriculum knows other problems than this run trains on. Restore the task of that run, or "
                "start a new run."
            )
        for name in ("right", "wrong", "visits", "solved"):
            setattr(self, f"{name}_U", state[name].clone())


def _places(prompts: Sequence[Prompt]) -> dict[str, int]:
    """A number for each uid, in the order they come."""
    places: dict[str, int] = {}
    said: dict[str, Prompt] = {}
    for prompt in prompts:
        other = said.setdefault(prompt.uid, prompt)
        if not prompt.uid:
            raise InputError(
                f"data.curriculum: a problem of {prompt.task} has no uid ({prompt.text[:40]!r}), and what is known of a "
                "problem is kept under its uid. Give every problem one, or leave the curriculum out."
            )
        if (other.text, other.token_ids) != (prompt.text, prompt.token_ids):
            raise InputError(
                f"data.curriculum: two problems of {prompt.task} are called {prompt.uid!r} ({other.text[:40]!r} and "
                f"{prompt.text[:40]!r}), and what is known of a problem is kept under its uid. Give every problem a uid of its "
                "own, or leave the curriculum out."
            )
        places.setdefault(prompt.uid, len(places))
    return places
