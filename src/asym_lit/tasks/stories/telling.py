"""How a story is told: step by step, with names, pronouns and numbers that leave no doubt, and a question at the end."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from asym_lit.tasks.stories.filling import Scene, sentence
from asym_lit.tasks.stories.frames import ASIDES, ASIDES_OF_THINGS, COUNTED_STARTS, LEFT, NOW, QUESTIONS, STARTS, STILL
from asym_lit.tasks.stories.measures import LENGTH, MONEY, TIME
from asym_lit.tasks.stories.steps import COMPARISONS, THINGS, Step
from asym_lit.tasks.stories.words import (
    ACTIVITIES,
    COLOURS,
    DAYS,
    DOLLARS,
    GOODS,
    MEASURED,
    METRES,
    MINUTES,
    PARTS,
    PEOPLE,
    VESSELS,
    Holder,
    Thing,
    filled,
)
from asym_lit.tasks.worked import Working

STEPS = (*COMPARISONS, *THINGS, *MONEY, *TIME, *LENGTH)
LEAST = 2
"""Of every value: `all of her apples` wants two, and 1 would be the most frequent answer of all."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """Which numbers and operations a story may have."""

    low: int
    high: int
    factor_high: int
    largest: int
    operations: str


@dataclass(frozen=True, slots=True)
class Told:
    """A story, told to its end."""

    text: str
    working: Working


def told_story(rng: random.Random, ranges: Ranges, sums: int, aside: bool) -> Told | None:
    """A story that takes so many sums; None if it came to a point from which there was no step.

    Args:
        rng: Of all choices.
        ranges: Of its numbers.
        sums: How many the solution has.
        aside: Whether a number that nothing hangs on is told too.
    """
    story = _Story(rng, ranges)
    story.begin()
    place = rng.randrange(sums) if aside else sums
    while (done := len(story.working.sums)) < sums:
        if place <= done:
            story.digress()
            place = sums
        if not story.go_on(sums - done):
            return None
    if place < sums:  # the last step had two sums
        story.digress()
    story.ask()
    return Told(" ".join(story.sentences), story.working)


class _Story:
    """A story while it is being told."""

    def __init__(self, rng: random.Random, ranges: Ranges) -> None:
        self.rng, self.ranges = rng, ranges
        self.people = rng.sample(PEOPLE, len(PEOPLE))
        self.goods = rng.sample(GOODS, len(GOODS))
        self.objects = rng.choice(MEASURED)
        self.does, self.do = rng.choice(ACTIVITIES)
        self.day = 0
        self.sentences: list[str] = []
        self.met: list[Holder] = []
        self.changed = False
        """Since the amount of its holder was told."""
        self.step: Step | None = None
        self.number = 0
        """The last step's."""

    def begin(self) -> None:
        """Who has how much of what."""
        rng = self.rng
        self.thing = rng.choice((self._new_goods, self._new_boxes, lambda: DOLLARS, lambda: MINUTES, lambda: METRES))()
        if self.thing is METRES:
            self.people = [Holder(f"the {colour} {self.objects[0]}") for colour in rng.sample(COLOURS, len(COLOURS))]
        self.holder = self.people.pop()
        self.met.append(self.holder)
        number = self._told()
        self.working = Working(number)
        self.say(rng.choice(STARTS.get(self.thing.kind, COUNTED_STARTS)), number)

    def go_on(self, sums: int) -> bool:
        """One step further, of at most so many sums; False if there is none."""
        operator = self.rng.choice(self.ranges.operations)
        steps = [s for s in STEPS if s.operator == operator and self._fits(s, sums)]
        if not steps:
            return False
        step = self.rng.choice(steps)
        wording = self.rng.choice(step.wordings)
        many = self.rng.randint(2, self.ranges.factor_high) if step.times else 1
        numbers = self._numbers(step, many)
        if not numbers:
            return False
        number = self.rng.choice(numbers)
        before = self.working
        if step.times:
            product = Working(many).then("*", number)
            self.working = Working(before.value, (*before.sums, *product.sums)).then(operator, product.value)
        else:
            self.working = before.then(operator, number)
        new = self._becoming(step)
        self.say(wording, number, many, new)
        self._after(step, new, number)
        return True

    def digress(self) -> None:
        """A number that nothing hangs on."""
        asides = ASIDES if self.holder.he else ASIDES_OF_THINGS
        self.say(self.rng.choice(asides), self._told())

    def ask(self) -> None:
        """The question."""
        assert self.step is not None
        counted = (*NOW, *(LEFT if self.step.left else ())) if self.changed else STILL
        usual = QUESTIONS.get(self.thing.kind, counted)
        self.say(self.rng.choice(self.step.questions or usual), self.number)

    def say(self, wording: str, number: int, many: int = 0, new: Thing | None = None) -> None:
        """One sentence; a friend or other goods that it names are new to the story."""
        self.sentences.append(sentence(wording, self._scene(number, many, new or self.thing)))
        if "{friend}" in wording:
            self.met.append(self.people.pop())
        if "_goods}" in wording:
            self.goods.pop()

    def _told(self) -> int:
        """A number of the range, but at least two."""
        return self.rng.randint(max(self.ranges.low, LEAST), max(self.ranges.high, LEAST))

    def _fits(self, step: Step, sums: int) -> bool:
        days_left = self.day + 1 < len(DAYS) or not (step.moves and self.thing is MINUTES)
        is_last = step.sums == sums
        allowed = (not step.times or "*" in self.ranges.operations) and (is_last or not step.questions)
        return self.thing.kind in step.kinds and step.sums <= sums and allowed and days_left and step is not self.step

    def _numbers(self, step: Step, many: int) -> Sequence[int]:
        """What a step may be done with, so that the result is in range."""
        value, ranges = self.working.value, self.ranges
        factors = range(2, ranges.factor_high + 1)
        if step.operator in "*/":
            parts = [n for n in factors if not step.in_words or n in PARTS]
            if step.operator == "/":
                return [n for n in parts if value % n == 0 and value // n >= LEAST]
            return [n for n in parts if value * n <= ranges.largest]
        numbers = factors if step.times else range(ranges.low, ranges.high + 1)
        if step.operator == "+":
            return [n for n in numbers if value + many * n <= ranges.largest]
        return [n for n in numbers if value - many * n >= LEAST]

    def _becoming(self, step: Step) -> Thing:
        """What is counted after a step."""
        if step.becomes == "dollars":
            return DOLLARS
        if step.becomes == "packs":
            return filled(self.rng.choice(VESSELS), self.thing, "packs")
        if step.becomes == "inside":
            assert self.thing.inside is not None
            return self.thing.inside
        return self._new_goods() if step.becomes == "new goods" else self.thing

    def _after(self, step: Step, new: Thing, number: int) -> None:
        self.step, self.thing, self.number = step, new, number
        self.changed = not step.moves
        if step.moves and self.thing is MINUTES:
            self.day += 1
        elif step.moves:
            self.holder = self.met[-1]

    def _scene(self, number: int, many: int, new: Thing) -> Scene:
        return Scene(
            holder=self.holder,
            met=tuple(self.met),
            friend=self.people[-1],
            thing=self.thing,
            new=new,
            other=self.goods[-1],
            number=number,
            many=many,
            changed=self.changed,
            day=self.day,
            does=self.does,
            do=self.do,
            objects=self.objects[1],
        )

    def _new_goods(self) -> Thing:
        return self.goods.pop()

    def _new_boxes(self) -> Thing:
        return filled(self.rng.choice(VESSELS), self._new_goods(), "boxes")
