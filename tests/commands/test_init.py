"""A recipe of one's own: copied whole, called by its name, never over a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from asym_lit.cli import main
from asym_lit.command_line.recipes import complete_recipes
from asym_lit.commands.init.command import copy_recipe
from asym_lit.types import InputError


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("recipe", complete_recipes())
def test_a_copy_says_what_the_recipe_says_but_for_the_name_of_its_runs(recipe):
    path = copy_recipe("my_run", recipe)
    mine, theirs = yaml.safe_load(path.read_text()), yaml.safe_load(complete_recipes()[recipe].read_text())
    assert mine["trainer"]["logger"]["init_args"].pop("name") == "my_run"
    assert theirs["trainer"]["logger"]["init_args"].pop("name") == recipe
    assert mine == theirs
    assert path.read_text().count("#") == complete_recipes()[recipe].read_text().count("#")  # comments too


@pytest.mark.parametrize("called", ["asym-lit", "train.py"])
def test_what_to_type_next_is_said_as_the_program_was_called(monkeypatch, capsys, called):
    monkeypatch.setattr("sys.argv", [called])
    main(["init", "my_run"])
    said = capsys.readouterr().out
    fit = "asym-lit fit --config my_run.yaml" if called == "asym-lit" else "python train.py fit --config my_run.yaml"
    smoke = "overlays/smoke " if called == "asym-lit" else "configs/overlays/smoke.yaml "
    assert f"  {fit}\n" in said and f"  {fit} --config {smoke}" in said
    assert f"#   {fit}\n" in Path("my_run.yaml").read_text()


def test_a_file_that_is_there_is_never_written_over():
    Path("my_run.yaml").write_text("mine")
    with pytest.raises(InputError, match=r"my_run.yaml is there already, and is left as it is"):
        copy_recipe("my_run", "simko")
    assert Path("my_run.yaml").read_text() == "mine"


@pytest.mark.parametrize("name", ["7", "true", "null", "1e5"])
def test_a_name_that_yaml_would_read_as_something_else_stays_a_name(name):
    assert yaml.safe_load(copy_recipe(name, "simko").read_text())["trainer"]["logger"]["init_args"]["name"] == name


def test_a_copy_may_lie_in_a_folder_that_is_not_there_yet():
    path = copy_recipe("recipes/mine.yaml", "grpo")
    assert path == Path("recipes/mine.yaml") and path.is_file()


@pytest.mark.parametrize(
    ("name", "recipe", "words"),
    [
        ("a", "simkoo", "--recipe is 'simkoo'. Nearest: simko. Allowed: ace, dapo, grpo"),
        ("a", "overlays/smoke", "overlays are not copied but go behind a recipe"),
        ("a b", "simko", "The name is 'a b'; allowed: letters, digits"),
    ],
)
def test_what_cannot_be_copied_is_told(name, recipe, words):
    with pytest.raises(InputError, match=words):
        copy_recipe(name, recipe)
    assert not list(Path().iterdir())
