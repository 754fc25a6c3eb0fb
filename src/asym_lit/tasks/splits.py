"""Splits that share no problem: a share by hash where the data have one split only, and overlaps taken out.

Those of generated problems are in `generated`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from asym_lit.tasks.rows import Source
from asym_lit.types import InputError, LeftOut, Prompt, Split

Read = tuple[list[Prompt], list[LeftOut]]


@dataclass(frozen=True)
class Splits:
    """The problems of each split, and the rows that are none."""

    prompts: dict[Split, list[Prompt]]
    left_out: dict[Split, list[LeftOut]]


def check_shares(held_out: float, allowed: float, called: str = "max_unanswered") -> None:
    """Refuse shares that are none.

    Args:
        held_out: Of the training problems.
        allowed: Of rows that may be left out.
        called: What that is called.

    Raises:
        InputError: If one is out of bounds.
    """
    if not 0 < held_out < 0.5:
        raise InputError(f"held_out is {held_out}; allowed: above 0, below 0.5.")
    if not 0 <= allowed <= 1:
        raise InputError(f"{called} is {allowed}; allowed: 0 to 1.")


def divide(sources: Mapping[Split, Source], read: Mapping[Source, Read], held_out: float) -> Splits:
    """Deal problems out to splits.

    A share depends on a problem's uid alone, so it stays the same whatever rows come or go.

    Args:
        sources: Where each split is stored; several may be stored in one place.
        read: What was read there.
        held_out: Share of the training source that validation and test each get if they are stored there too.
    """
    train = sources.get("train")
    parts: dict[Split, list[Prompt]] = {}
    left: dict[Split, list[LeftOut]] = {}
    for split, source in sources.items():
        prompts = read[source][0]
        parts[split] = [p for p in prompts if _share(p.uid, sources, held_out) == split] if source == train else prompts
        rows = read[source][1]
        left[split] = [r for r in rows if _share(r.uid, sources, held_out) == split] if source == train else list(rows)
    for split, stronger in (("val", ("test",)), ("train", ("test", "val"))):
        for other in stronger:
            if split in parts and other in parts and sources[split] != sources[other]:
                _take_out(parts, left, split, other)
    return Splits(parts, left)


def _share(uid: str, sources: Mapping[Split, Source], held_out: float) -> Split:
    if not uid:  # a row without a question
        return "train"
    place = int(uid, 16) / 2 ** (4 * len(uid))
    if place < held_out and sources.get("test") == sources["train"]:
        return "test"
    if held_out <= place < 2 * held_out and sources.get("val") == sources["train"]:
        return "val"
    return "train"


def _take_out(parts: dict[Split, list[Prompt]], left: dict[Split, list[LeftOut]], split: Split, other: Split) -> None:
    there = {p.uid for p in parts[other]}
    left[split] += [LeftOut(p.origin, f"also in the {other} split", p.uid) for p in parts[split] if p.uid in there]
    parts[split] = [p for p in parts[split] if p.uid not in there]
