"""Recipes by bare name, from any folder; a file of one's own goes before them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from asym_lit.cli import main, make_cli
from asym_lit.command_line.recipes import FOLDER, complete_recipes, nearest_shipped, recipe_file, shipped, with_recipes
from asym_lit.commands.study.definition import read_study
from asym_lit.tasks import Problems
from asym_lit.types import InputError
from runs import ROOT


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that one stands in, with the installed command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["/somewhere/bin/asym-lit"])
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def test_what_ships_is_what_configs_holds():
    names = {path.relative_to(ROOT / "configs").with_suffix("").as_posix() for path in (ROOT / "configs").rglob("*.yaml")}
    assert set(shipped()) == {name for name in names if not name.startswith(("tasks/", "callbacks/"))}
    assert {path.resolve() for path in shipped().values()} <= set((ROOT / "configs").rglob("*.yaml"))
    assert set(complete_recipes()) == {path.stem for path in (ROOT / "configs").glob("*.yaml")}


@pytest.mark.parametrize("name", ["simko", "simko.yaml", "overlays/smoke", "overlays/smoke.yaml", "studies/tinyv"])
def test_a_recipe_is_found_by_its_name_from_any_folder(empty, name):
    assert recipe_file(name) == FOLDER / f"{name.removesuffix('.yaml')}.yaml"


def test_a_file_of_the_current_folder_goes_before_a_shipped_one_of_its_name(empty):
    Path("simko.yaml").write_text("seed_everything: 7")
    assert recipe_file("simko") == recipe_file("simko.yaml") == Path("simko.yaml")
    Path("simko").write_text("seed_everything: 8")
    assert recipe_file("simko") == Path("simko")
    Path("overlays").mkdir()  # a folder is no file
    assert recipe_file("overlays/smoke") == FOLDER / "overlays/smoke.yaml"


def test_only_what_stands_behind_config_becomes_a_file(empty):
    grpo, smoke = str(FOLDER / "grpo.yaml"), str(FOLDER / "overlays/smoke.yaml")
    words = ["fit", "--config", "grpo", "--config=overlays/smoke", "-c", "nothing", "--model.objective", "grpo"]
    told = ["fit", "--config", grpo, f"--config={smoke}", "-c", "nothing", "--model.objective", "grpo"]
    assert with_recipes(words) == told
    inline = ["fit", "--config", "{seed_everything: 1}"]
    assert with_recipes(inline) == inline


def test_parts_that_an_overlay_names_by_path_are_found_from_any_folder(empty):
    task = make_cli(
        ["--config", "simko", "--config", "overlays/data/gsm8k", "--data.task.path", "here"], run=False
    ).datamodule.task
    assert isinstance(task, Problems) and (task.name, task.path) == ("gsm8k", "here")


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("simkoo", "simko"),
        ("configs/simko.yaml", "simko"),
        ("smoke", "overlays/smoke"),
        ("overlays/smok", "overlays/smoke"),
        ("gsm8", "overlays/data/gsm8k"),
        ("zzzzzz", None),
    ],
)
def test_a_name_that_is_neither_is_told_with_the_nearest(empty, capsys, given, nearest):
    assert nearest_shipped(given) == nearest
    with pytest.raises(SystemExit) as stopped:
        main(["fit", "--config", given])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    hint = f"Nearest: {nearest}." if nearest else "Recipes: ace, dapo, grpo, "
    assert f"There is no file {given}" in said and f"nothing of this name ships with asym_lit. {hint}" in said


def test_a_study_of_ones_own_names_shipped_recipes(empty):
    Path("mine.yaml").write_text("config: [overlays/smoke]\narms: {grpo: {recipe: grpo}, simko: {recipe: simko}}")
    study = read_study(Path("mine.yaml"))
    assert study.common.config == (FOLDER / "overlays/smoke.yaml",)
    assert [arm.recipe for arm in study.arms.values()] == [FOLDER / "grpo.yaml", FOLDER / "simko.yaml"]
    Path("mine.yaml").write_text("arms: {grpo: {recipe: gpro}}")
    with pytest.raises(InputError, match=r"neither here nor beside the study file, nor does it ship. Nearest: grpo\."):
        read_study(Path("mine.yaml"))


def test_the_installed_command_finds_classes_of_the_current_folder(empty):
    Path("outside_task_of_mine.py").write_text(
        "from asym_lit.tasks import Countdown\n\n\nclass Mine(Countdown):\n    '''A task of one's own.'''\n"
    )
    data = make_cli(["--config", "simko", "--data.task", "outside_task_of_mine.Mine"], run=False).datamodule
    assert type(data.task).__name__ == "Mine"
    sys.modules.pop("outside_task_of_mine")
