"""The steps of a story: what is done to an amount, and several ways to say it.

Fields in braces are filled by `filling`: `{n_all}` is `5 apples`, `{n_more}` `5 more apples`. `{He}`, `{Him}` and `{His}` are
the first mention of the holder in a sentence: by name where a pronoun could mean two. `{now}` and `{has_now}` stand only where
an amount has changed since it was told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from asym_lit.tasks.stories.words import Kind

Becomes = Literal["same", "dollars", "packs", "inside", "new goods"]


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of step."""

    name: str
    operator: str
    kinds: tuple[Kind, ...]
    """Of things it can be done to."""
    wordings: tuple[str, ...]
    moves: bool = False
    """The amount is another holder's afterwards."""
    becomes: Becomes = "same"
    """What is counted afterwards."""
    times: bool = False
    """What is added or taken is a product itself, `k` times `n`: two sums."""
    in_words: bool = False
    """The divisor is said as a part, `half` or `a third`, in some wordings."""
    questions: tuple[str, ...] = ()
    """Instead of the usual ones; such a step is the last of its story."""
    left: bool = False
    """What remains may be called what is left."""

    @property
    def sums(self) -> int:
        """How many sums it adds to a solution."""
        return 1 + self.times


_COUNTED: tuple[Kind, ...] = ("goods", "boxes", "packs", "dollars")
_THINGS: tuple[Kind, ...] = ("goods", "boxes", "packs")

COMPARISONS = (
    Step(
        "more than",
        "+",
        _COUNTED,
        (
            "{friend} has {n_more} than {name}{has_now}.",
            "{name}{now} has {n_fewer} than {friend}.",
            "{friend} would have to give away {n_all} to have as many {all} as {name}{has_now}.",
        ),
        moves=True,
    ),
    Step(
        "fewer than",
        "-",
        _COUNTED,
        (
            "{friend} has {n_fewer} than {name}{has_now}.",
            "{name}{now} has {n_more} than {friend}.",
            "{friend} needs {n_more} to have as many {all} as {name}{has_now}.",
        ),
        moves=True,
    ),
    Step(
        "times as many",
        "*",
        _COUNTED,
        (
            "{friend} has {n} times as many {all} as {name}{has_now}.",
            "For every {one} that {name} has{now}, {friend} has {n}.",
            "The number of {all} that {friend} has is {n} times the number that {name} has{now}.",
        ),
        moves=True,
    ),
    Step(
        "part as many",
        "/",
        _COUNTED,
        (
            "{friend} has {part} as many {all} as {name}{has_now}.",
            "{name}{now} has {n} times as many {all} as {friend}.",
            "The number of {all} that {friend} has is {part} of the number that {name} has{now}.",
        ),
        moves=True,
        in_words=True,
    ),
)
THINGS = (
    Step(
        "gain",
        "+",
        _THINGS,
        ("{friend} gives {Him} {n_more}.", "{He} finds {n_more}.", "Then {He} buys {n_more}.", "{He} wins {n_more} in a game."),
    ),
    Step(
        "lose",
        "-",
        _THINGS,
        ("{He} gives {n_all} to {friend}.", "Then {He} loses {n_all}.", "{friend} takes {n_all} from {Him}."),
        left=True,
    ),
    Step(
        "grow",
        "*",
        ("goods",),
        (
            "{He} keeps collecting until {he} has {n} times as many {all} as before.",
            "Then the number of {His} {all} grows to {n} times what it was.",
            "A week later {name} has {n} times as many {all} as before.",
        ),
    ),
    Step(
        "share",
        "/",
        ("goods", "dollars"),
        (
            "{He} shares all of {his} {all} equally between {n} people, of whom {name} is one.",
            "{name} belongs to a group of {n} children, who share all of {his} {all} equally.",
            "All of {His} {all} are split equally among {n} children, one of them {name}.",
        ),
    ),
    Step(
        "keep",
        "/",
        ("goods",),
        (
            "{He} keeps {part} of {his} {all} and gives the rest to {friend}.",
            "{He} throws some away, so that only {part} of {his} {all} are left.",
            "Then {He} loses some and still has {part} of {his} {all}.",
        ),
        in_words=True,
        left=True,
    ),
    Step(
        "sell",
        "*",
        _THINGS,
        (
            "{name} has no money and sells all of {his} {all} for {n_dollars} each.",
            "{name}, who has no money, gets {n_dollars} for each of {his} {all} and sells them all.",
            "{name}'s purse is empty, so {he} sells all of {his} {all} at {n_dollars} each.",
        ),
        becomes="dollars",
    ),
    Step(
        "pack",
        "/",
        ("goods",),
        (
            "{He} packs all of {his} {all} into {vessels} of {n}.",
            "{He} fills {vessels} with all of {his} {all}, {n} in each {vessel}.",
            "All of {His} {all} go into {vessels} that hold {n} each, and every {vessel} is full.",
        ),
        becomes="packs",
    ),
    Step(
        "open",
        "*",
        ("boxes",),
        (
            "There are {n_inside} in each {vessel}.",
            "Each {vessel} holds {n_inside}.",
            "{He} opens every {vessel} and finds {n_inside} in each.",
        ),
        becomes="inside",
    ),
)
