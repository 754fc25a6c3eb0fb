"""Numbers with a tolerance of their own, as physics problems have (`prompt.answer["tolerance"]`)."""

from __future__ import annotations

from collections.abc import Sequence

from asym_lit.answers.catalogue import Switches
from asym_lit.answers.cleaning import clean
from asym_lit.answers.literals import quantity_of
from asym_lit.answers.splitting import listed
from asym_lit.answers.values import as_float, number_of, real


def within(gold: str, answer: str, tolerance: float | Sequence[float], switches: Switches) -> bool:
    """True if every number of the answer is within the tolerance of one of the gold answer, one to one.

    Args:
        gold: A number, or several.
        answer: Likewise, in any order.
        tolerance: Largest absolute difference; one for each gold number, or one for all.
        switches: Which rules may be used.
    """
    sides = [[_number(item, switches) for item in listed(clean(text, switches), True)] for text in (gold, answer)]
    wanted, given = sides
    allowed = list(tolerance) if isinstance(tolerance, Sequence) else [tolerance] * len(wanted)
    if len(wanted) != len(given) or len(allowed) != len(wanted) or None in wanted or None in given:
        return False
    left = list(given)
    for number, most in zip(wanted, allowed, strict=True):
        # A difference written in decimals is a little off in binary.
        found = next((g for g in left if abs(g - number) <= most * (1 + 1e-9)), None)  # type: ignore[operator]
        if found is None:
            return False
        left.remove(found)
    return True


def _number(text: str, switches: Switches) -> float | None:
    quantity = quantity_of(text, switches) if "units" in switches.on else None
    found = number_of(quantity.amount.text if quantity else text)
    return as_float(found) if found is not None and real(found) else None
