"""Rewards that are wrong on purpose, for studies of what a reward must be: each wraps a verifier and notes the truth.

Definitions are those of Wu et al., "Mirage or Method?" (arXiv 2508.21188), as its text has them. All random numbers hang on
the seed, the prompt, the weights that sampled and the place in the group, so order and number of workers change nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b

from asym_lit.answers.classes import classes
from asym_lit.types import ComparingVerifier, InputError, Intervention, Outcome, Prompt, Rollout, Verdict, Verifier
from asym_lit.verifiers.formats import THINK_ANSWER, Format


class Revision(ABC):
    """What interventions share: the verdicts of the wrapped verifier come first, each is then replaced.

    Args:
        verifier: Says what is true; it may be an intervention itself, whose verdicts are then revised again.
    """

    name: str

    def __init__(self, verifier: Verifier) -> None:
        self.verifier = verifier

    @abstractmethod
    def replaced(self, group: Sequence[Rollout], verdicts: Sequence[Verdict]) -> list[Verdict]:
        """The new verdicts of one group."""

    def revise(self, group: Sequence[Rollout], verdicts: Sequence[Verdict]) -> list[Verdict]:
        """The verdicts in use; each carries the innermost verifier's as its oracle."""
        if isinstance(self.verifier, Intervention):
            verdicts = self.verifier.revise(group, verdicts)
        made = self.replaced(group, verdicts)
        return [replace(new, oracle=old.truth, extracted=old.extracted) for new, old in zip(made, verdicts, strict=True)]

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on a response that is a group of its own."""
        innermost = innermost_of(self)
        alone = Rollout(prompt, 0, [], [], "stop", 0, text=response)
        return self.revise([alone], [innermost.verify(prompt, response)])[0]

    def self_test(self) -> None:
        """That of the wrapped verifier."""
        self.verifier.self_test()

    def _said(self, right: bool, reason: str, old: Verdict, score: float | None = None) -> Verdict:
        outcome = Outcome.CORRECT if right else Outcome.INCORRECT
        return Verdict(outcome, self.name, reason, seconds=old.seconds, path=old.path or (old,), score=score)


class RandomReward(Revision):
    """Right with a given probability, whatever the response says.

    Args:
        verifier: Says what is true.
        p: Probability; the study's is one half.
        format: Regular expression that the whole response must match, else it is wrong; empty for no such gate.
        seed: Of the draws.
    """

    name = "random"

    def __init__(self, verifier: Verifier, p: float = 0.5, format: str = "", seed: int = 0) -> None:
        super().__init__(verifier)
        self.p, self.seed = _share("p", p), seed
        self.format = Format(format)

    def replaced(self, group: Sequence[Rollout], verdicts: Sequence[Verdict]) -> list[Verdict]:
        """A draw for each."""
        drawn = uniforms(self.seed, self.name, group)
        return [
            self._said(u < self.p and self.format.holds(r.text), f"drawn with probability {self.p:g}", old)
            for r, old, u in zip(group, verdicts, drawn, strict=True)
        ]


class IncorrectReward(Revision):
    """Wrong responses are right and right ones wrong; undecided ones stay so.

    Args:
        verifier: Says what is true.
        format: Regular expression that the whole response must match, else it is wrong; empty for no such gate.
    """

    name = "incorrect"

    def __init__(self, verifier: Verifier, format: str = "") -> None:
        super().__init__(verifier)
        self.format = Format(format)

    def replaced(self, group: Sequence[Rollout], verdicts: Sequence[Verdict]) -> list[Verdict]:
        """The opposite of each."""
        return [
            old
            if old.outcome == Outcome.UNDECIDED
            else self._said(old.outcome == Outcome.INCORRECT and self.format.holds(r.text), "turned around", old)
            for r, old in zip(group, verdicts, strict=True)
        ]


class FormatOnly(Revision):
    """Right: the response has the format. The control of every other reward that is gated by it.

    Args:
        verifier: Says what is true.
        format: Regular expression that the whole response, without blanks around it, must match; dots match line ends.
    """

    name = "format_only"

    def __init__(self, verifier: Verifier, format: str = THINK_ANSWER) -> None:
        super().__init__(verifier)
        if not format:
            raise InputError("format is empty; write the regular expression that a response must match.")
        self.format = Format(format)

    def replaced(self, group: Sequence[Rollout], verdicts: Sequence[Verdict]) -> list[Verdict]:
        """By the format alone."""
        found = [self.format.holds(r.text) for r in group]
        return [
            self._said(holds, "has the format" if holds else "has not the format", old)
            for holds, old in zip(found, verdicts, strict=True)
        ]


class MajorityVote(Revision):
    """Right: the answer is the most frequent one of its group (TTRL, arXiv 2504.16084); of equals, the one seen first.

    Answers that the verifier finds the same are one (`ComparingVerifier`), else those spelled alike but for blanks; the gold
    answer takes no part in it. A response in which no answer was found has no vote and is wrong.

    Args:
        verifier: Finds the answers, compares them with each other, and says what is true.
        votes: How many rollouts of a group vote, from the first on; 0 for all.
    """

    name = "majority_vote"

    def __init__(self, verifier: Verifier, votes: int = 0) -> None:
        super().__init__(verifier)
        if votes < 0:
            raise InputError(f"votes is {votes}; allowed: 0 (all) or more.")
        self.votes = votes

    def replaced(self, group: Sequence[Rollout], verdicts: Sequence[Verdict]) -> list[Verdict]:
        """By agreement with the most frequent answer."""
        innermost, found = innermost_of(self), [(v.extracted or "").strip() for v in verdicts]
        same = partial(innermost.same_answer, group[0].prompt) if isinstance(innermost, ComparingVerifier) else None
        home = classes(filter(None, found), same)
        answers = [home.get(text, "") for text in found]
        count = Counter(a for a in answers[: self.votes or None] if a)
        if not count:
            return [self._said(False, "nobody voted", old) for old in verdicts]
        elected, votes = count.most_common(1)[0]
        reason = f"{votes} of {count.total()} votes are for {elected[:80]!r}"
        return [self._said(answer == elected, reason, old) for answer, old in zip(answers, verdicts, strict=True)]


def innermost_of(verifier: Verifier) -> Verifier:
    """What stands below all interventions."""
    while isinstance(verifier, Intervention):
        verifier = verifier.verifier
    return verifier


def uniforms(seed: int, purpose: str, group: Sequence[Rollout]) -> list[float]:
    """One number in [0, 1) for each rollout of a group; equal texts in other places have other numbers."""
    names = (f"{seed}/{purpose}/{r.prompt.uid}/{r.policy_version}/{r.slot}/{i}" for i, r in enumerate(group))
    return [int.from_bytes(blake2b(name.encode(), digest_size=7).digest(), "big") / 2**56 for name in names]


def _share(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise InputError(f"{name} is {value}; allowed: 0 to 1.")
    return value
