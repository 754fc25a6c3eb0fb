"""Noise: dropout, layer drop, jitter. What a number switches off is switched off; any other is refused by `check_modes`.

The configuration that is saved with the policy keeps its numbers: they say how others would train it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple

from asym_lit.policy.draws import generators_restored
from asym_lit.policy.two_modes import check_modes, gap, rounding, score

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

NOISY = re.compile(r"drop|jitter|noise|stochastic", re.IGNORECASE)
"""In the name of a number, or of the class of module that holds it (`nn.Dropout.p`)."""
LOUD = 0.9
"""In place of a rate, to see whether eval mode reads it."""


class Rate(NamedTuple):
    """A number that says how strong some noise is."""

    owner: Any
    """A module, or a configuration that modules read while they run."""
    name: str
    value: float


def remove_noise(model: PreTrainedModel) -> list[str]:
    """Make a policy do in train mode what it does in eval mode, in place.

    A number that eval mode reads too is no noise, whatever its name: PhiMoE's `router_jitter_noise` also decides which
    experts are weighed against each other. It stays.

    Args:
        model: As loaded, whole, before it is wrapped or sharded.

    Returns:
        Names of numbers that eval mode reads too, which were left as they are.

    Raises:
        InputError: If noise is left that no number switches off, with the module in which it arises.
    """
    kept: list[str] = []
    if rates := _rates(model):
        with generators_restored():
            kept = _switch_off(model, rates)
    named = ", ".join(f"{name}={value:g}" for name, value in sorted({(r.name, r.value) for r in rates if r.name in kept}))
    check_modes(model, f" Of its numbers, eval mode reads {named} too, so it was not set to 0." if named else "")
    return sorted(set(kept))


def silence(model: PreTrainedModel, kept: Iterable[str]) -> None:
    """Switch off what `remove_noise` did of another copy of a policy, without trying it again.

    Args:
        model: It is not run, so its weights may be on the meta device.
        kept: What `remove_noise` returned.
    """
    for rate in _rates(model):
        if rate.name not in kept:
            setattr(rate.owner, rate.name, 0.0)


def noisy_names(module: Any) -> frozenset[str]:
    """Names of the numbers within a module that are not 0 and may say how strong some noise is."""
    return frozenset(rate.name for one in module.modules() for rate in _rates_of(one, type(one).__name__))


def _switch_off(model: PreTrainedModel, rates: list[Rate]) -> list[str]:
    """Set rates to 0, but for those that eval mode reads; returns the names of these."""
    if _is_idle(model, rates):
        return []
    by_name: dict[str, list[Rate]] = defaultdict(list)
    for rate in rates:
        by_name[rate.name].append(rate)
        setattr(rate.owner, rate.name, rate.value)
    kept = []
    for name, group in by_name.items():
        if not _is_idle(model, group):
            kept.append(name)
            for rate in group:
                setattr(rate.owner, name, rate.value)
    return kept


def _is_idle(model: PreTrainedModel, rates: list[Rate]) -> bool:
    """True if eval mode does not read the rates; they are left at 0."""
    passes = [score(model)]
    for value in (LOUD, 0.0):
        for rate in rates:
            setattr(rate.owner, rate.name, value)
        passes.append(score(model))
    return max(gap(passes[0], other) for other in passes[1:]) <= rounding(model)


def _rates(model: PreTrainedModel) -> list[Rate]:
    """All that are not 0, of modules and of the configurations they hold."""
    found = [rate for module in model.modules() for rate in _rates_of(module, type(module).__name__)]
    if any(_rates_of(config, "") for config in _configs(model)):
        _separate_configs(model)
        found += [rate for config in _configs(model) for rate in _rates_of(config, "")]
    return found


def _rates_of(owner: Any, class_name: str) -> list[Rate]:
    every = bool(NOISY.search(class_name))
    return [
        Rate(owner, name, value)
        for name, value in vars(owner).items()
        if isinstance(value, float) and value != 0 and (every or NOISY.search(name))
    ]


def _configs(model: PreTrainedModel) -> list[PretrainedConfig]:
    """The configurations that modules below the policy hold, each once."""
    from transformers import PretrainedConfig

    held = [
        value for m in model.modules() if m is not model for value in vars(m).values() if isinstance(value, PretrainedConfig)
    ]
    return list({id(config): config for config in held}.values())


def _separate_configs(model: PreTrainedModel) -> None:
    """Modules below the policy read a copy of its configuration: the policy's own is the one that is saved."""
    from transformers import PretrainedConfig

    copies: dict[int, Any] = {}
    for module in model.modules():
        for name, value in list(vars(module).items()):
            if module is not model and isinstance(value, PretrainedConfig):
                setattr(module, name, deepcopy(value, copies))
