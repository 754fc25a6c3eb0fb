"""TinyV's training data (arXiv 2505.14625): what a rule rejects, relabelled by teachers, with synthetic answers beside it.

Training on it is in `lit/demonstrations`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from asym_lit.types import InputError, LabelledAnswer, Outcome, Prompt, Split, Verifier
from asym_lit.verifiers.answer_shapes import AnswerWriter
from asym_lit.verifiers.gold import gold_of, question_of


@dataclass
class JudgeData:
    """Makes labelled answers, and counts what became of every candidate.

    Args:
        rule: Only what it rejects is of use: a judge is asked about nothing else.
        teachers: Any verifiers; an answer is kept if all of them decide and agree.
        writer: Adds synthetic equivalents and near-misses; None for real responses alone.
        per_question: Most synthetic answers of each kind for a question.
        seed: Of choices and shuffling.
    """

    rule: Verifier
    teachers: Sequence[Verifier]
    writer: AnswerWriter | None = None
    per_question: int = 4
    seed: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        if not self.teachers:
            raise InputError("There are no teachers; give at least one verifier to label what the rule rejects.")

    def answers(self, responses: Iterable[tuple[Prompt, str]]) -> list[LabelledAnswer]:
        """Labelled answers from responses and, once for each question, from the writer; none twice."""
        found: dict[tuple[str, str], LabelledAnswer] = {}
        seen: set[str] = set()
        for prompt, response in responses:
            candidates = [("rule_reject", response)]
            if question_of(prompt) not in seen:
                seen.add(question_of(prompt))
                candidates += self._synthetic(prompt)
            for source, text in candidates:
                answer = self._labelled(prompt, text, source)
                if answer is not None:
                    found.setdefault((answer.question, answer.candidate), answer)
        return list(found.values())

    def _synthetic(self, prompt: Prompt) -> Iterator[tuple[str, str]]:
        if self.writer is None:
            return
        question, gold = question_of(prompt), gold_of(prompt)
        rng = random.Random(f"{self.seed}/{question}")
        for source, texts in (
            ("equivalent", self.writer.equivalents(question, gold, rng)),
            ("near_miss", self.writer.near_misses(question, gold, rng)),
        ):
            for text in rng.sample(texts, min(self.per_question, len(texts))):
                yield source, rf"\boxed{{{text}}}"

    def _labelled(self, prompt: Prompt, response: str, source: str) -> LabelledAnswer | None:
        """The answer in a response with the teachers' label; None if the rule accepts it or the teachers do not agree."""
        ruled = self.rule.verify(prompt, response)
        if ruled.outcome == Outcome.CORRECT:
            self.counts[f"{source}: accepted by the rule"] += 1
            return None
        if not ruled.extracted:
            self.counts[f"{source}: no answer in it"] += 1
            return None
        said = {teacher.verify(prompt, response).outcome for teacher in self.teachers}
        if len(said) > 1 or Outcome.UNDECIDED in said:
            self.counts[f"{source}: teachers disagree or are undecided"] += 1
            return None
        label = said == {Outcome.CORRECT}
        self.counts[f"{source}: {'right' if label else 'wrong'}"] += 1
        return LabelledAnswer(question_of(prompt), gold_of(prompt), ruled.extracted, label, source)


def balanced(answers: Sequence[LabelledAnswer], seed: int = 0) -> list[LabelledAnswer]:
    """As many right as wrong answers, shuffled; of the kind there are more of, some are left out at random."""
    rng = random.Random(seed)
    sides = [[a for a in answers if a.label == label] for label in (True, False)]
    size = min(len(side) for side in sides)
    kept = [answer for side in sides for answer in rng.sample(side, size)]
    rng.shuffle(kept)
    return kept


def split_by_question(
    answers: Iterable[LabelledAnswer], val: float = 0.1, test: float = 0.1
) -> Mapping[Split, list[LabelledAnswer]]:
    """The answers by split; a hash of the question decides, so no question is in two and none ever moves.

    Args:
        answers: In any order.
        val: Share of the questions for validation.
        test: Share of the questions for the test.
    """
    if min(val, test) < 0 or val + test >= 1:
        raise InputError(f"val is {val} and test {test}; allowed: 0 or more, together below 1.")
    splits: dict[Split, list[LabelledAnswer]] = {"train": [], "val": [], "test": []}
    for answer in answers:
        place = int.from_bytes(blake2b(answer.question.encode(), digest_size=7).digest(), "big") / 2**56
        splits["val" if place < val else "test" if place < val + test else "train"].append(answer)
    return splits
