"""Random draws of a forward pass: seen, and put at an end of their range. It knows no policy."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

End = Literal["lowest", "highest"]
BOUNDED = ("rand", "rand_like", "uniform_", "bernoulli", "bernoulli_")
"""Operations whose draws have ends. They may be drawn in vain: layer drop with a rate of 0 still draws, and drops nothing."""


class Draws(TorchDispatchMode):
    """Sees every random number that torch draws while it lasts, and puts bounded ones at one end of their range.

    Dropout of 0.001 mostly leaves 16 tokens as they are; with its draws at an end it strikes them all.

    Args:
        end: Where bounded draws are put; None to leave them as they are.
        tell: Called with the name of an operation whose draws have no ends, such as `normal_`.
    """

    def __init__(self, end: End | None = None, tell: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self.end, self.tell, self.seen = end, tell, False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation, then move what it drew."""
        chance = _chance(func.overloadpacket.__name__, args)
        out = func(*args, **(kwargs or {}))
        if torch.Tag.nondeterministic_seeded not in func.tags or _is_idle(func, args, kwargs or {}):
            return out
        self.seen, name = True, func.overloadpacket.__name__
        if name not in BOUNDED:
            if self.tell is not None:
                self.tell(name)
        elif self.end is not None:
            _move(out, name, args, chance, self.end)
        return out


def _is_idle(func: Any, args: Any, kwargs: Any) -> bool:
    """True of what could draw and does not: attention without dropout is marked as random too."""
    names = [argument.name for argument in func._schema.arguments]
    given = {**{a.name: a.default_value for a in func._schema.arguments if a.has_default_value()}, **kwargs}
    given.update(zip(names, args, strict=False))
    rates = [given.get(name) for name in ("p", "dropout", "dropout_p")]
    return given.get("train") is False or given.get("training") is False or any(isinstance(r, float) and r == 0 for r in rates)


def _chance(name: str, args: Any) -> Tensor | None:
    """The probabilities of a Bernoulli draw, taken before it overwrites them."""
    if not name.startswith("bernoulli"):
        return None
    given = args[1] if len(args) > 1 else args[0] if name == "bernoulli" else 0.5
    return torch.as_tensor(given, dtype=torch.float32).clone()


def _move(out: Tensor, name: str, args: Any, chance: Tensor | None, end: End) -> None:
    if chance is not None:
        out.copy_((chance > 0 if end == "highest" else chance >= 1).expand(out.shape))
        return
    low, high = (*args[1:], *(0.0, 1.0)[len(args) - 1 :])[:2] if name == "uniform_" else (0.0, 1.0)
    # The highest draw whose sum with 1 is still below 2 after rounding: stochastic depth floors that sum.
    out.fill_(low if end == "lowest" else low + (high - low) * (1 - 4 * torch.finfo(out.dtype).eps))


def other_generators() -> tuple[Any, bytes]:
    """The states of Python's and NumPy's global generators, to be compared."""
    return random.getstate(), numpy.random.get_state(legacy=True)[1].tobytes()  # type: ignore


@contextmanager
def generators_restored() -> Iterator[None]:
    """The global generators of torch (on the CPU), Python and NumPy end as they began; in between, torch's starts from 0."""
    python, of_numpy = random.getstate(), numpy.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            yield
    finally:
        random.setstate(python)
        numpy.random.set_state(of_numpy)
