"""A recipe's objective while it is put together: a preset, and `with_parts` around it where a preset alone is not enough."""

from __future__ import annotations

from typing import Any

from asym_lit.commands.translate.options import Translation

PLACE = "model.init_args.objective"
CENTRED = "advantages.Centred"


def preset(made: Translation, name: str, /, **arguments: Any) -> dict[str, Any]:
    """Put a preset into the settings, in the place of what is there."""
    found: dict[str, Any] = {"class_path": f"asym_lit.objectives.{name}"}
    if arguments:
        found["init_args"] = arguments
    made.settings[PLACE] = found
    return found


def around(made: Translation, name: str, /, **arguments: Any) -> None:
    """Put a preset around what is there."""
    preset(made, name, base=made.settings[PLACE], **arguments)


def part(name: str, /, **arguments: Any) -> dict[str, Any]:
    """A part by its name in the objectives: `advantages.Centred`."""
    found: dict[str, Any] = {"class_path": f"asym_lit.objectives.{name}"}
    return found | ({"init_args": arguments} if arguments else {})


def add(made: Translation, **parts: Any) -> None:
    """Put parts into what is there: one in the place of its own, several (a list) after its own."""
    if made.settings[PLACE]["class_path"] != "asym_lit.objectives.with_parts":
        around(made, "with_parts")
    there = made.settings[PLACE]["init_args"]
    for name, given in parts.items():
        there[name] = [*there.get(name, []), *given] if isinstance(given, list) else given


def dual_clip(low: float, high: float, cap: float) -> dict[str, Any]:
    """The clipped surrogate with a floor under negative advantages."""
    return part("token_losses.DualClippedSurrogate", surrogate={"clip_low": low, "clip_high": high}, cap=cap)


def kl(coefficient: float, estimate: str = "k3", weighted: bool = False) -> dict[str, Any]:
    """The KL to the reference."""
    return part("regularizers.ReferenceKL", coefficient=coefficient, estimate=estimate, weighted=weighted)


def entropy_bonus(coefficient: float) -> dict[str, Any]:
    """The entropy bonus."""
    return part("regularizers.EntropyBonus", coefficient=coefficient)
