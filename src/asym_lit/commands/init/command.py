"""The `init` command: copies a shipped recipe to edit. What it may say then is what `fit` takes."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from asym_lit.command_line import PlainErrors
from asym_lit.command_line.names import nearest
from asym_lit.command_line.program import program, typed, typed_recipe
from asym_lit.command_line.recipes import complete_recipes
from asym_lit.run_folder.writing import write_atomically
from asym_lit.types import InputError

RUN_NAME = re.compile(r"^(\s+init_args: \{save_dir: runs, name: )[\w.-]+", re.MULTILINE)
FIT = re.compile(r"python train\.py fit --config configs/\w+\.yaml")


def init_command(args: Sequence[str]) -> None:
    """Run `init`.

    Args:
        args: Words after `init`.
    """
    parser = PlainErrors(prog=f"{program()} init", description="Copy a recipe that ships, to edit.")
    parser.short_usage = f"NAME [--recipe {'|'.join(complete_recipes())}]"
    parser.add_argument("name", help="of the copy, NAME.yaml, and of its runs, runs/NAME")
    parser.add_argument("--recipe", default="simko", help=f"which one: {', '.join(complete_recipes())}")
    given = parser.parse_args(list(args))
    path = copy_recipe(given.name, given.recipe)
    sys.stdout.write(
        f"{path} is a copy of the recipe {given.recipe}. Edit it, then:\n"
        f"  {typed()} preflight --config {path}    # memory and checks, nothing runs\n"
        f"  {typed()} fit --config {path} --config {typed_recipe('overlays/smoke')}    # does it run at all?\n"
        f"  {typed()} fit --config {path}\n"
    )


def copy_recipe(name: str, recipe: str) -> Path:
    """A copy of a shipped recipe, whose runs are called by its name.

    Args:
        name: Of the copy, with or without `.yaml`; may have folders before it.
        recipe: Of those that run by themselves.

    Raises:
        InputError: If there is no such recipe, or a file of the name.
    """
    recipes = complete_recipes()
    if recipe not in recipes:
        close = f" Nearest: {near}." if (near := nearest(recipe, list(recipes))) else ""
        raise InputError(
            f"--recipe is {recipe!r}.{close} Allowed: {', '.join(recipes)}; overlays are not copied but go behind a recipe."
        )
    path = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    if not re.fullmatch(r"[\w.-]+", path.stem):
        raise InputError(f"The name is {name!r}; allowed: letters, digits and any of _ . - , for the folder of its runs too.")
    if path.exists():
        raise InputError(f"{path} is there already, and is left as it is; give another name, or move it away.")
    run = path.stem if yaml.safe_load(path.stem) == path.stem else f"'{path.stem}'"  # 7 and true are no text to YAML
    text = recipes[recipe].read_text(encoding="utf-8").rstrip("\n")
    write_atomically(path, [FIT.sub(f"{typed()} fit --config {path}", RUN_NAME.sub(rf"\g<1>{run}", text))])
    return path
