"""What stands between the items of a list: `and`, `or`, a comma."""

from __future__ import annotations

import re

from asym_lit.answers.cleaning import compact
from asym_lit.answers.kinds import Collection, Quantity, Words

_JOINT = re.compile(r"(?<![A-Za-z\\])(and|or)(?![A-Za-z])|(&)")


def joint_of(side: Collection) -> str:
    """The word before the last item; a comma where there is none."""
    found = _JOINT.findall(side.text)
    return "," if not found else found[-1][0] or "and"


def other_joint(gold: Collection, answer: Collection) -> bool:
    """True if one list of things has all of them, and the other one of them; of values, `or` and `and` say the same."""
    joints = {joint_of(side) for side in (gold, answer)}
    things = all(
        isinstance(item, Words) or (isinstance(item, Quantity) and item.unit.dimension == "count" and not item.unit.generic)
        for side in (gold, answer)
        for item in side.items
    )
    return things and len(joints) == 2 and "or" in joints


def in_two_forms(side: Collection) -> bool:
    """True if it may be one answer written twice: 15 39/40 or 639/40."""
    forms = {compact(item.text) for item in side.items}
    return side.shape == "list" and len(side.items) == len(forms) == 2 and joint_of(side) == "or" and "" not in forms
