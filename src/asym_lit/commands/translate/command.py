"""The `translate` command: another trainer's configuration as a recipe, and every option of it that has no counterpart."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from asym_lit.command_line import PlainErrors
from asym_lit.command_line.program import program
from asym_lit.commands.translate.building import translated
from asym_lit.commands.translate.options import Translation
from asym_lit.commands.translate.reading import read_options
from asym_lit.types import InputError

_LIT = "asym_lit.lit"
_OTHERS = ("PassAtK", "Dynamics", "MismatchGuard", "Transcript", "StepAccounting", "Ledger", "RunRecord", "RolloutCheckpoint")
FRAME: dict[str, Any] = {
    "seed_everything": 1,
    "threads": "auto",
    "trainer": {
        "accelerator": "auto",
        "devices": 1,
        "strategy": "auto",
        "max_epochs": 1,
        "log_every_n_steps": 1,
        "num_sanity_val_steps": -1,
        "val_check_interval": 40,
        "check_val_every_n_epoch": None,
        "enable_model_summary": False,
        "logger": {
            "class_path": "lightning.pytorch.loggers.TensorBoardLogger",
            "init_args": {"save_dir": "runs", "name": "translated", "default_hp_metric": False},
        },
        "callbacks": [],
    },
    "model": {
        "class_path": f"{_LIT}.PolicyModule",
        "init_args": {"policy": "bundled", "optimizer": {"class_path": "torch.optim.AdamW", "init_args": {}}},
    },
    "data": {
        "class_path": f"{_LIT}.RolloutDataModule",
        "init_args": {
            "rollout_steps": 100,
            "sampling": {},
            "evaluation": {"n": 16, "max_tokens": "${data.init_args.sampling.max_tokens}"},
            "task": {"class_path": "asym_lit.tasks.WordProblems"},
        },
    },
}
"""What every recipe has; the rest is put into it."""


def recipe_of(made: Translation) -> dict[str, Any]:
    """The whole recipe."""
    recipe = deepcopy(FRAME)
    for place, value in made.settings.items():
        if place == "verifier":
            continue
        inside, *keys = recipe, *place.split(".")
        for key in keys[:-1]:
            inside = inside.setdefault(key, {})
        inside[keys[-1]] = deepcopy(value)
    scored = {"class_path": f"{_LIT}.callbacks.VerifierReward", "init_args": {"verifier": made.settings["verifier"]}}
    others = [{"class_path": f"{_LIT}.callbacks.{name}"} for name in (*_OTHERS, "Report")]
    recipe["trainer"]["callbacks"] = [scored, *others]
    return recipe


def translate(path: Path, output: Path, processes: int, console: Console) -> bool:
    """Write the recipe, and say what became of each option; False if none was translated."""
    trainer, given = read_options(path)
    made = translated(trainer, given, processes)
    if not made.read:
        console.print(f"Nothing of {path} has a counterpart here: {', '.join(given)}.", highlight=False, markup=False)
        return False
    lines = [f"# From {path.name}, for {trainer}:", f"#   python train.py preflight --config {output}"]
    lines += [f"# Not here: {name}: {why}." for name, why in made.nowhere.items()]
    output.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(recipe_of(made), sort_keys=False)
    output.write_text("\n".join([*lines, text]), encoding="utf-8")

    def say(title: str, rows: Sequence[str]) -> None:
        if rows:
            console.print(f"{title}:", highlight=False, markup=False)
            for row in rows:
                console.print(f"  {row}", highlight=False, markup=False, soft_wrap=True)

    say(f"Translated ({trainer})", [f"{name} = {given[name]}" for name in made.read])
    say("Nothing to write for", [", ".join(made.needless)] if made.needless else [])
    say("No counterpart", [f"{name}: {why}" for name, why in made.nowhere.items()])
    say("Not the same", made.notes)
    console.print(f"Recipe  {output}", highlight=False, markup=False, soft_wrap=True)
    return True


def translate_command(args: Sequence[str]) -> None:
    """Run `translate`; ends with 1 if nothing could be translated.

    Args:
        args: Words after `translate`.
    """
    parser = PlainErrors(prog=f"{program()} translate", description="Another trainer's configuration as a recipe.")
    parser.add_argument("config", type=str, help="TRL's or verl's: .yaml, .json, or a shell script with its command line")
    parser.add_argument("--output", type=str, default="", help="the recipe; the file's name with .recipe.yaml in this folder")
    parser.add_argument("--processes", type=int, default=1, help="GPUs that TRL's configuration runs on")
    options = parser.parse_args(list(args))
    if options.processes < 1:
        raise InputError(f"processes is {options.processes}; allowed: 1 or more.")
    path = Path(options.config)
    output = Path(options.output or f"{path.stem}.recipe.yaml")
    if not translate(path, output, options.processes, Console()):
        sys.exit(1)
