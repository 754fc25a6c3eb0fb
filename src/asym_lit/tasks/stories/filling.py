"""From a wording with fields to a sentence: numbers agree with their nouns, and a pronoun never means two."""

from __future__ import annotations

from dataclasses import dataclass

from asym_lit.tasks.stories.words import DAYS, DOLLARS, PARTS, Holder, Thing


@dataclass(frozen=True, slots=True)
class Scene:
    """What a sentence can speak of."""

    holder: Holder
    met: tuple[Holder, ...]
    """Everybody in the story so far, the holder too."""
    friend: Holder
    """Who is new."""
    thing: Thing
    """What is counted."""
    new: Thing
    """What is counted afterwards."""
    other: Thing
    """Goods that are new."""
    number: int
    many: int
    """The other number, if two are told."""
    changed: bool
    """Since the holder's amount was told."""
    day: int
    does: str
    do: str
    objects: str
    """What is measured, in plural."""


def sentence(wording: str, scene: Scene) -> str:
    """A wording with its fields filled, and a capital letter at its beginning."""
    text = wording.format(**_people(scene), **_amounts(scene))
    return text[0].upper() + text[1:]


def _people(scene: Scene) -> dict[str, str]:
    holder = scene.holder
    # A friend of the sentence itself is not meant by a pronoun: `Lena gives her 5 apples`, `she gives 5 apples to Lena`.
    clear = bool(holder.he) and sum(other.he == holder.he for other in scene.met) == 1
    first = holder if clear else Holder(holder.name)
    now = " now" if scene.changed else ""
    return {
        "name": holder.name,
        "He": first.he or first.name,
        "Him": first.him,
        "His": first.his,
        "he": holder.he,
        "his": holder.his,
        "friend": scene.friend.name,
        "now": now,
        "has_now": f" has{now}" if now else "",
        "is_now": f" is{now}" if now else "",
        "does": scene.does,
        "do": scene.do,
        "day": DAYS[scene.day],
        "next": DAYS[(scene.day + 1) % len(DAYS)],
    }


def _amounts(scene: Scene) -> dict[str, str]:
    thing, number = scene.thing, scene.number
    vessel = scene.new if scene.new.vessel and not thing.vessel else thing
    return {
        "n": str(number),
        "k": str(scene.many),
        "all": thing.many,
        "one": thing.one,
        "n_all": thing.of(number),
        "n_more": thing.of(number, "more "),
        "n_fewer": thing.of(number, "fewer "),
        "n_dollars": DOLLARS.of(number),
        "n_inside": thing.inside.of(number) if thing.inside else "",
        "n_goods": scene.other.of(number),
        "k_goods": scene.other.of(scene.many),
        "goods": scene.new.many,
        "vessel": vessel.vessel,
        "vessels": vessel.vessels,
        "part": PARTS.get(number, ""),
        "are": "is" if number == 1 else "are",
        "objects": scene.objects,
    }
