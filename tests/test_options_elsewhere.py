"""The tables of other trainers' options in docs/objectives.md: no value is missing, and every recipe of theirs can be built."""

from __future__ import annotations

import ast
import importlib.util
import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest

from asym_lit import objectives
from asym_lit.commands.translate.same_elsewhere import TRAINERS
from asym_lit.objectives import Objective, grpo
from fakes import LossProblem

PAGE = Path(__file__).parents[1] / "docs" / "objectives.md"
TRL_1_16 = {
    "loss_type": ["grpo", "bnpo", "dr_grpo", "dapo", "cispo", "sapo", "luspo", "vespo"],
    "scale_rewards": ["group", "batch", "none"],
    "importance_sampling_level": ["token", "sequence"],
}
VERL_0_9_1 = {
    "adv_estimator": [
        *("gae", "grpo", "reinforce_plus_plus", "reinforce_plus_plus_baseline", "remax", "rloo", "opo", "grpo_passk", "gpg"),
        *("rloo_vectorized", "grpo_vectorized", "optimal_token_baseline", "tir_optimal_token_baseline", "gdpo"),
    ],
    "loss_mode": [
        *("vanilla", "dppo_tv", "dppo_kl", "gspo", "sapo", "gpg", "clip_cov", "kl_cov", "geo_mean", "dro", "cispo"),
        "bypass_mode",
    ],
    "loss_agg_mode": ["token-mean", "token-sum", "seq-mean-token-sum", "seq-mean-token-mean", "seq-mean-token-sum-norm"],
}


def rows_of_the_page() -> dict[str, list[tuple[str, str, str, str]]]:
    """(option, value, recipe, remark) of every row by trainer; a recipe is empty where there is nothing."""
    text = PAGE.read_text(encoding="utf-8").split("## Options of other trainers")[1]
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    for section in text.split("\n### ")[1:]:
        title, _, body = section.partition("\n")
        for line in body.splitlines()[3:]:
            cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
            if len(cells) == 4 and title == "What has no counterpart here":
                found.setdefault(cells[0], []).append((cells[1], cells[2], "", cells[3]))
            elif len(cells) == 4:
                found.setdefault(title, []).append((cells[0], cells[1], cells[2], cells[3]))
    return found


ROWS = rows_of_the_page()


def names() -> dict[str, object]:
    """Every preset, and every part of every file of the objectives."""
    found = {}
    for module in pkgutil.iter_modules(objectives.__path__, "asym_lit.objectives."):
        found |= {name: item for name, item in vars(import_module(module.name)).items() if isinstance(item, type)}
    return found | {name: getattr(objectives, name) for name in objectives.__all__}


@pytest.mark.parametrize(("trainer", "options"), [("TRL", TRL_1_16), ("verl", VERL_0_9_1)])
def test_every_value_of_the_options_of_a_loss_stands_in_a_table(trainer, options):
    for option, values in options.items():
        told = {value for name, value, _, _ in ROWS[trainer] if name == option}
        assert set(values) <= told, f"{option}: {sorted(set(values) - told)}"


@pytest.mark.parametrize("trainer", list(TRAINERS))
def test_every_recipe_of_the_tables_is_an_objective_that_gives_a_loss(trainer):
    built = [(value, recipe) for _, value, recipe, _ in ROWS[trainer] if recipe]
    assert built
    for value, recipe in built:
        made = eval(recipe, {"__builtins__": {}}, names())
        assert isinstance(made, Objective), recipe
        loss, gradient = LossProblem.random(7, size=8).loss_and_gradient(made)  # 1, 3 and 4 of 8 right
        assert loss.isfinite() and gradient.abs().max() > 0, f"{value}: {recipe}"


def test_what_is_nothing_here_says_why_and_what_is_something_is_called_once():
    for rows in ROWS.values():
        assert all(remark not in ("", "-") for _, _, recipe, remark in rows if not recipe)
        keys = [(option, value) for option, value, _, _ in rows]
        assert len(keys) == len(set(keys))


def test_the_page_has_the_rows_of_the_code():
    for trainer, rows in TRAINERS.items():
        assert {(r.option, r.value or "set", r.recipe) for r in rows if r.recipe} <= {row[:3] for row in ROWS[trainer]}
        assert len(ROWS[trainer]) == len(rows)


def test_presets_name_where_else_they_are():
    text = PAGE.read_text(encoding="utf-8")
    section = text.split("### `vespo`")[1].split("###")[0]
    assert "Elsewhere: TRL `loss_type: vespo`." in section
    dppo = text.split("### `dppo`")[1].split("###")[0]
    for words in ("verl `loss_mode: dppo_tv`", "prime-rl `trainer.loss.type: ipo`", "SkyRL `policy_loss_type: dppo`"):
        assert words in dppo


def source(package: str, file: str) -> str:
    """A file of a package that is installed; it is read, not run."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"{package} is not installed")
    return (Path(spec.origin).parent / file).read_text(encoding="utf-8")


def compared_with(text: str, variable: str) -> set[str]:
    """The words that a variable is compared with, `==` or `in`."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Compare) and ast.unparse(node.left).split(".")[-1] == variable:
            found |= {leaf.value for leaf in ast.walk(node.comparators[0]) if isinstance(leaf, ast.Constant)}
    return {word for word in found if isinstance(word, str)}


@pytest.mark.parametrize("option", TRL_1_16)
def test_the_values_are_those_of_the_trl_that_is_installed(option):
    assert compared_with(source("trl", "trainer/grpo_trainer.py"), option) == set(TRL_1_16[option])


def test_the_values_are_those_of_the_verl_that_is_installed():
    text = source("verl", "trainer/ppo/core_algos.py")
    kinds = next(n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.ClassDef) and n.name == "AdvantageEstimator")
    estimators = {n.value.value for n in kinds.body if isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant)}
    assert estimators == set(VERL_0_9_1["adv_estimator"])
    assert set(re.findall(r'@register_policy_loss\("(\w+)"\)', text)) == set(VERL_0_9_1["loss_mode"])
    assert compared_with(text, "loss_agg_mode") == set(VERL_0_9_1["loss_agg_mode"])


def test_without_more_than_a_base_with_parts_is_the_base():
    assert objectives.with_parts(grpo()) == grpo()
