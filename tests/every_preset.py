"""Every preset by name, with what it must be given, for tests that go over all of them."""

from __future__ import annotations

import inspect
from typing import Any

from asym_lit.objectives import Objective, grpo, presets
from asym_lit.objectives.corrections import TokenTruncated

GIVEN = {"base": grpo(), "max_tokens": 6, "correction": TokenTruncated(), "beta": 0.1}
WANT = {"bcpg_nsa"}  # an annotator, without which it refuses
NAMES = sorted(name for name in vars(presets) if inspect.isfunction(getattr(presets, name)) and name not in WANT)


def needed(name: str) -> dict[str, Any]:
    """What the preset must be given."""
    wanted = inspect.signature(getattr(presets, name)).parameters
    return {key: value for key, value in GIVEN.items() if key in wanted and wanted[key].default is inspect.Parameter.empty}


def preset(name: str) -> Objective:
    """The preset with its defaults; over GRPO, if it wants a base."""
    made: Objective = getattr(presets, name)(**needed(name))
    return made
