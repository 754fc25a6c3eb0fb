"""What becomes of another trainer's options: each goes where its table says; sizes, rewards and data are worked out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from typing import Any

from asym_lit.command_line.names import nearest
from asym_lit.commands.translate import trl_options, verl_options
from asym_lit.commands.translate.options import Option, Translation
from asym_lit.commands.translate.reading import Trainer
from asym_lit.commands.translate.rewards import verifier_of
from asym_lit.commands.translate.sizes import trl_sizes, verl_sizes
from asym_lit.commands.translate.trl_objectives import trl_objective
from asym_lit.commands.translate.verl_objectives import verl_objective


class Asked(dict[str, Any]):
    """Options that remember which of them were read: what is left has no effect beside the others."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """As of a dict."""
        self.read.add(name)
        return super().get(name, default)


TABLES: dict[Trainer, tuple[tuple[Option, ...], Mapping[str, Any], Callable[..., None], Callable[..., None]]] = {
    "trl": (trl_options.TRL, trl_options.DEFAULTS, trl_objective, trl_sizes),
    "verl": (verl_options.VERL, verl_options.DEFAULTS, verl_objective, verl_sizes),
}


def translated(trainer: Trainer, given: Mapping[str, Any], processes: int = 1) -> Translation:
    """What becomes of a configuration.

    Args:
        trainer: Whose options these are.
        given: They, by their names there.
        processes: How many train together, where the file does not say.
    """
    options, defaults, objective, sizes = TABLES[trainer]
    known = {option.name: option for option in options}
    made = Translation(trainer)
    for name, value in given.items():
        option = known.get(name) or next((o for pattern, o in known.items() if "*" in pattern and fnmatch(name, pattern)), None)
        if option is None:
            close = nearest(name, list(known))
            made.nowhere[name] = "not known" + (f"; nearest: {close}" if close else "")
        elif option.kind == "none":
            if value not in (None, False):
                made.nowhere[name] = option.differs or "nothing like it here"
        elif option.kind == "needless":
            made.needless.append(name)
        else:
            made.read.append(name)
    whole = Asked({**defaults, **{name: value for name, value in given.items() if value is not None}})
    for name, value in whole.items():
        if name in known and known[name].kind == "value":
            made.settings[known[name].here] = value
    objective(made, whole)
    sizes(made, whole, processes)
    verifier_of(made, whole)
    idle = [name for name in made.read if known[name].kind == "part" and name not in whole.read]
    made.nowhere |= {name: "has no effect beside the other options" for name in idle if given[name] not in (None, False)}
    made.read = [name for name in made.read if name not in made.nowhere and name not in idle]
    return made
