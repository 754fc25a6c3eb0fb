"""Small puzzles in words, in the manner of SynLogic: who lies, and words to sort by a changed alphabet. Made with a seed.

They are short enough for the bundled language model of 135 million weights, which seldom solves them: a weak regime in words.
Answers go to `SynLogicRules`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from string import ascii_lowercase
from typing import ClassVar

from typing_extensions import override

from asym_lit.tasks.bbh import check_parts
from asym_lit.tasks.generated import split_of
from asym_lit.tasks.read_task import problem_hash
from asym_lit.tasks.stories.words import PEOPLE
from asym_lit.tasks.worked import WorkedTask, counts_of
from asym_lit.types import InputError, Prompt, Split

KINDS = ("web_of_lies", "word_sorting")
_LISTED = (
    "acorn apple arrow badge bean bell bird boat bone bread brick brush cake camel candle card cart castle cat "
    "chair cloud coat coin corn cup deer desk dog door drum duck eagle ear egg elbow fan farm feather fish flag "
    "flute fork fox frog gate glove goat grape hat hill honey horse ice ink iron island jacket jam jar jewel key "
    "king kite knot ladder lake lamp leaf lemon lion map mask milk moon mouse nail needle nest net oak ocean onion "
    "orange owl paint pan pear pen piano quail queen quilt rabbit rain ring river rope sail salt shell ship snow "
    "table tent tiger tower tree umbrella uncle unit vase violin voice wagon whale wheel window yard yarn zebra zoo "
)
WORDS = tuple(_LISTED.split())


@dataclass(frozen=True)
class SmallPuzzles(WorkedTask):
    """Puzzles of two kinds from a seeded generator, each with a worked solution: `Ben lies. Leo lies. The answer is no, no.`

    A problem belongs to one split by a hash of its facts, so splits share none under any seed and size.

    Args:
        kinds: Any of `web_of_lies` (each says of another whether they lie) and `word_sorting` (by a changed alphabet).
        people: How many in a web of lies, 2 to 12, or several counts to draw from.
        asked: How many of them are asked about, fewer than there are; one is guessed half of the time, three an eighth.
        shuffled: Whether what people say stands in any order, and not each behind the one it hangs on.
        words: How many words to sort, 2 to 12, or several counts to draw from.
        front: How many letters the changed alphabet has in front, 0 to 8; 0 leaves it as it is.
        train_size: Problems in the train split.
        val_size: Problems in the validation split.
        test_size: Problems in the test split.
        seed: Seed of the three splits.
        name: Name of the task in metrics and transcripts.
    """

    kinds: list[str] = field(default_factory=lambda: list(KINDS))
    people: int | list[int] = 3
    asked: int = 2
    shuffled: bool = False
    words: int | list[int] = 3
    front: int = 2
    train_size: int = 4096
    val_size: int = 128
    test_size: int = 256
    seed: int = 0
    name: str = "small_puzzles"
    remedy: ClassVar[str] = "more people or words"

    def __post_init__(self) -> None:
        check_parts(self.kinds, KINDS, f"kinds of {self.name}")
        if not self.kinds:
            raise InputError(f"kinds of {self.name} is empty; allowed: {', '.join(KINDS)}, one or both.")
        counts_of(self.people, "people", 2, 12)
        counts_of(self.words, "words", 2, 12)
        if not 1 <= self.asked < min(counts_of(self.people, "people", 2, 12)):
            raise InputError(f"asked is {self.asked} and people {self.people}; allowed: 1 to one less than the fewest people.")
        if not 0 <= self.front <= 8:
            raise InputError(f"front is {self.front}; allowed: 0 to 8.")

    @override
    def _problem(self, rng: random.Random, split: Split) -> Prompt:
        make = self._lies if rng.choice(self.kinds) == "web_of_lies" else self._sorting
        for _ in range(10_000):
            prompt = make(rng)
            if split_of(prompt.uid) == split:
                return replace(prompt, uid=problem_hash(prompt.uid))
        raise InputError(f"{self.name}: no {split} problem in 10,000 draws; write {self.remedy}.")

    def _lies(self, rng: random.Random) -> Prompt:
        count = rng.choice(counts_of(self.people, "people", 2, 12))
        names = [holder.name for holder in rng.sample(PEOPLE, count)]
        honest = [rng.random() < 0.5 for _ in names]
        said = [f"{names[0]} {_verb(honest[0])}."]
        for place in range(1, count):  # a liar says of one who tells the truth that they lie, and of a liar that they do not
            said.append(f"{names[place]} says that {names[place - 1]} {_verb(honest[place] == honest[place - 1])}.")
        if self.shuffled:
            rng.shuffle(said)
        about = sorted(rng.sample(range(1, count), self.asked))
        questions = " ".join(f"Does {names[place]} tell the truth?" for place in about)
        text = f"Everybody here always tells the truth or always lies. {' '.join(said)} {questions}"
        answer = ", ".join("yes" if honest[place] else "no" for place in about)
        steps = " ".join(f"{names[place]} {_verb(honest[place])}." for place in range(about[-1] + 1))
        return self._prompt("web_of_lies", text, answer, {}, f"{steps} The answer is {answer}.")

    def _sorting(self, rng: random.Random) -> Prompt:
        count = rng.choice(counts_of(self.words, "words", 2, 12))
        words = rng.sample(WORDS, count)
        first = sorted({word[0] for word in words})  # letters of the words, so that the change changes something
        front = rng.sample(first, min(self.front, len(first)))
        front += rng.sample([letter for letter in ascii_lowercase if letter not in first], self.front - len(front))
        alphabet = [*front, *(letter for letter in ascii_lowercase if letter not in front)]
        ordered = sorted(words, key=lambda word: [alphabet.index(letter) for letter in word])
        changed = f"In a changed alphabet {_and(front)} {'come' if len(front) > 1 else 'comes'} first. " if front else ""
        text = f"{changed}Sort these words from first to last: {', '.join(words)}."
        letters = list(dict.fromkeys(word[0] for word in ordered))
        steps = " ".join(f"{letter}: {', '.join(w for w in ordered if w[0] == letter)}." for letter in letters)
        metadata = {"words": words, "front_letters": ",".join(front), "order": 1}
        answer = ", ".join(ordered)
        return self._prompt("word_sorting", text, answer, metadata, f"{steps} The answer is {answer}.")

    def _prompt(self, kind: str, text: str, answer: str, metadata: dict[str, object], solution: str) -> Prompt:
        carried = {"answer": answer, "question": text, "kind": kind, "metadata": metadata}
        return Prompt(text, text, carried, self.name, solution=solution)


def _verb(honest: bool) -> str:
    return "tells the truth" if honest else "lies"


def _and(letters: Sequence[str]) -> str:
    *head, last = letters
    return f"{', '.join(head)} and {last}" if head else last
