"""The answers of a group of responses, as they are counted: what a verifier finds the same is one answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from asym_lit.answers.classes import classes
from asym_lit.types import ComparingVerifier, Outcome, Rollout, Verifier


def answers_of(group: Sequence[Rollout], verifier: Verifier | None = None) -> list[tuple[tuple[str, bool] | None, bool]]:
    """The answer of each decided response (None if none was found), and whether it is right; undecided ones are left out.

    All right answers of a verifier that compares with one gold answer are that one. One that is called right here and wrong
    there, as a judge may, is two answers.

    Args:
        group: Verified responses to one prompt.
        verifier: Whose word they are counted by; None, or one that compares nothing: answers are texts.
    """
    said: list[tuple[str | None, bool]] = []
    for rollout in group:
        verdict = rollout.verdict
        if verdict is not None and verdict.truth != Outcome.UNDECIDED:
            right = verdict.truth == Outcome.CORRECT
            said.append((verdict.extracted or (rollout.text if right else None), right))
    comparing = verifier if isinstance(verifier, ComparingVerifier) else None
    same = partial(comparing.same_answer, group[0].prompt) if comparing else None
    homes: dict[bool, dict[str, str]] = {}
    for right in (True, False):
        texts = [text for text, ok in said if text is not None and ok == right]
        if right and comparing and comparing.one_answer:
            homes[right] = dict.fromkeys(texts, str(group[0].prompt.answer.get("answer")))
        else:
            homes[right] = classes(texts, same)
    return [(None if text is None else (homes[right][text], right), right) for text, right in said]
