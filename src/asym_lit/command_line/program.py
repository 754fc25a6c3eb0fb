"""How this program was called: what a person is told to type is typed the same way."""

from __future__ import annotations

import sys
from pathlib import Path

INSTALLED = "asym-lit"


def is_installed_command() -> bool:
    """True for `asym-lit` and `python -m asym_lit.cli`, False for `python train.py`."""
    return Path(sys.argv[0]).stem in (INSTALLED, "cli")


def program() -> str:
    """Its name, as usage lines begin."""
    return INSTALLED if is_installed_command() else "train.py"


def typed() -> str:
    """What stands before a command."""
    return INSTALLED if is_installed_command() else "python train.py"


def typed_recipe(name: str) -> str:
    """A shipped recipe, as one names it: `simko` to the installed command, `configs/simko.yaml` beside train.py.

    Args:
        name: Such as `simko` or `overlays/smoke`.
    """
    return name if is_installed_command() else f"configs/{name}.yaml"
