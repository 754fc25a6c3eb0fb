"""`--verifier`: who gives the rewards, whatever the place of its callback in a recipe's list; a function too."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser, Namespace

from asym_lit.command_line.names import nearest, short_names
from asym_lit.types import InputError, Verifier, lacking
from asym_lit.verifiers.functions.finding import for_imports

HELP = (
    "who gives the rewards, in place of the recipe's: the name of a verifier (Maths), a function (mine.py:reward, or "
    "package.module.reward), or class_path and init_args"
)
FUNCTION = "asym_lit.verifiers.Function"
OPTION = "--verifier"


def add_verifier_option(parser: ArgumentParser) -> None:
    """Let a command take `--verifier`."""
    parser.add_argument(OPTION, type=Verifier | str | None, default=None, help=HELP)


def with_function(words: Sequence[str]) -> list[str]:
    """`--verifier mine.py:reward` as `--verifier Function --verifier.function mine.py:reward`: other words may set the rest.

    Args:
        words: Of a command line.
    """
    told: list[str] = []
    for word in words:
        option, equals, given = word.partition("=") if word.startswith(f"{OPTION}=") else (OPTION, "", word)
        if (equals or told[-1:] == [OPTION]) and _is_function(given):
            told[len(told) - (not equals) :] = [option, FUNCTION, f"{OPTION}.function", given]
        else:
            told.append(word)
    return told


def _is_function(given: str) -> bool:
    """A place in a file, or an import path of ours where no class is; a slip in one of this package is told as such."""
    if given.endswith((".yaml", ".yml")) or "{" in given:
        return False
    if ".py:" in given or given.endswith(".py"):
        return True
    if "." not in given or not all(part.isidentifier() for part in given.replace(":", ".").split(".")):
        return False
    for_imports(Path.cwd())
    found = _at(given.replace(":", "."))
    return not inspect.isclass(found) and (found is not None or not given.startswith("asym_lit."))


def place_verifier(config: Namespace, owner: type) -> None:
    """Put the verifier that was given into the callback that asks it; afterwards it stands there alone.

    Args:
        config: Of one command, parsed and not built.
        owner: The class of that callback.

    Raises:
        InputError: If no callback is one.
    """
    given, config.verifier = config.verifier, None
    if given is None:
        return
    if isinstance(given, str):
        if given.isidentifier():  # a function has a file or a module before it
            raise InputError(f"verifier is {given!r}; there is no verifier of this name.{_allowed(given)}")
        if inspect.isclass(kind := _at(given)):
            lacks = lacking(kind, Verifier) or ["could not be read as a verifier"]
            raise InputError(f"verifier is {given}, which {' and '.join(lacks)}.")
        given = Namespace(class_path=FUNCTION, init_args=Namespace(function=given, **_defaults(FUNCTION)))
    callbacks = config.trainer.callbacks or []
    asking = [one for one in (callbacks if isinstance(callbacks, list) else [callbacks]) if _is(one.class_path, owner)]
    if not asking:
        raise InputError(
            f"verifier is given, but trainer.callbacks has no {owner.__name__} to ask it; write "
            f"--trainer.callbacks+={owner.__name__} --trainer.callbacks.verifier=... in its place, or take a recipe with one."
        )
    for one in asking:
        one.init_args.verifier = given


def _allowed(given: str) -> str:
    names = sorted(name for name, path in short_names(Verifier).items() if not path.startswith("asym_lit.types."))
    close = nearest(given, names)
    found = f" Nearest: {close}." if close else ""
    return f"{found} Allowed: {', '.join(names)}; a function (mine.py:reward, package.module.reward); class_path and init_args."


def _is(path: str, owner: type) -> bool:
    kind = _at(path)
    return inspect.isclass(kind) and issubclass(kind, owner)


def _defaults(path: str) -> dict[str, Any]:
    """What else can be set, so that the run's configuration shows it."""
    parameters = inspect.signature(_at(path)).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not one.empty}


def _at(path: str) -> Any:
    """What is at an import path; None if there is nothing, or it cannot be imported, which is told where it is built."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name, None)
    except (Exception, SystemExit):
        return None
