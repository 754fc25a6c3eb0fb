"""SynLogic's puzzles: an answer that keeps every rule of its puzzle is right, whether it is the stored one or not.

Rules and kinds are in `puzzles/`, problems in `tasks/synlogic.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter

from asym_lit.puzzles import KINDS, Game, fault_of, found_answer, gold_fault
from asym_lit.types import InputError, Outcome, Prompt, Verdict
from asym_lit.verifiers.formats import Format


class SynLogicRules:
    r"""Right: the answer keeps the rules of its puzzle, any solution of those that there are (SynLogic, arXiv 2505.19641).

    The answer is what the last mark of those that its kind asks for points at (`\boxed{}`, a block of code, `[[ ]]`), behind
    the thoughts and within `<answer>` if there is one. It is read as a literal, never evaluated.

    Args:
        format: Regular expression that the whole response must match, else it is wrong; empty for no such gate. Model-Task
            Alignment's reward is `<think>.*</think>\s*<answer>.*</answer>`: format and verdict.
    """

    name = "synlogic"

    def __init__(self, format: str = "") -> None:
        self.format = Format(format)

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on a response, with the first rule that it breaks.

        Raises:
            InputError: If the prompt is no puzzle of the task SynLogic.
        """
        start = perf_counter()
        game = _game(prompt)
        answer = found_answer(game, response)
        if not self.format.holds(response):
            outcome, reason = Outcome.INCORRECT, "has not the format"
        elif answer is None:
            outcome, reason = Outcome.INCORRECT, "no answer found"
        else:
            fault = fault_of(game, answer)
            outcome, reason = (Outcome.INCORRECT, fault) if fault else (Outcome.CORRECT, f"keeps the rules of {game.kind}")
        return Verdict(outcome, self.name, reason, answer, perf_counter() - start)

    def unreadable(self, prompts: Sequence[Prompt]) -> dict[str, str]:
        """Why a stored solution breaks its own rules, by `uid`."""
        return {prompt.uid: fault for prompt in prompts if (fault := gold_fault(_game(prompt)))}

    def self_test(self) -> None:
        """A survo solved, one with a wrong sum, one with a clue changed; a number within a box."""
        facts = {"original_matrix": [[0, 2, 3], [4, 0, 9], [5, 7, 12]], "candidate_numbers": [1, 5]}
        survo = Prompt("self_test", "", {"kind": "survo", "metadata": facts, "question": "", "answer": ""}, "self_test")
        for answer, expected in (
            ("[[1, 2, 3], [4, 5, 9], [5, 7, 12]]", Outcome.CORRECT),
            ("[[5, 2, 3], [4, 1, 9], [5, 7, 12]]", Outcome.INCORRECT),
            ("[[1, 2, 3], [3, 5, 9], [5, 7, 12]]", Outcome.INCORRECT),
        ):
            verdict = self._ungated(survo, answer)
            if verdict != expected:
                raise RuntimeError(f"{self.name}: {answer!r} was called {verdict}, not {expected}.")

    def _ungated(self, prompt: Prompt, answer: str) -> Outcome:
        return Outcome.INCORRECT if fault_of(_game(prompt), answer) else Outcome.CORRECT


def _game(prompt: Prompt) -> Game:
    kind = prompt.carried("kind", str, SynLogicRules.name)
    if kind not in KINDS:
        raise InputError(f"The problem {prompt.origin or prompt.uid!r} is of the kind {kind!r}; allowed: {', '.join(KINDS)}.")
    metadata = prompt.carried("metadata", Mapping, SynLogicRules.name)  # type: ignore[type-abstract]
    answer = prompt.answer
    return Game(kind, str(answer.get("question", "")), str(answer.get("answer", "")), metadata, prompt.origin or prompt.uid)
