"""Reinforcement learning with verifiable rewards, for those who care about exploration.

What is named here is imported when it is asked for: `import asym_lit` alone takes neither torch nor time.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PLACES = {
    "Evaluation": "api",
    "InputError": "types",
    "Objective": "objectives",
    "PolicyModule": "lit",
    "Prompt": "types",
    "RolloutDataModule": "lit",
    "Sampling": "types",
    "evaluate": "api",
}
"""Names that stand here too, by the room they are from."""
_ROOMS = ("evaluation", "objectives", "tasks", "types", "verifiers")
"""Rooms that are libraries by themselves: `asym_lit.objectives.simko`, with `__all__` in each."""

__all__ = ["Evaluation", "InputError", "Objective", "PolicyModule", "Prompt", "RolloutDataModule", "Sampling", "evaluate"]
__all__ += ["evaluation", "objectives", "tasks", "types", "verifiers"]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
