"""Configurations of TRL and verl as recipes: worked sizes and presets, what is said of every option, and that they start."""

from __future__ import annotations

import json
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from jsonargparse import ArgumentParser, set_parsing_settings
from rich.console import Console

from asym_lit import objectives
from asym_lit.cli import main, preflight
from asym_lit.commands.translate.building import TABLES, translated
from asym_lit.commands.translate.options import table
from asym_lit.commands.translate.prime_rl_options import PRIME_RL
from asym_lit.commands.translate.reading import read_options
from asym_lit.commands.translate.same_elsewhere import TRAINERS
from asym_lit.objectives import (
    Objective,
    cispo_capped,
    corrected,
    dapo,
    dppo,
    dr_grpo,
    dro,
    forking_tokens,
    gdpo,
    gmpo,
    gpg,
    grpo,
    gspo,
    kl_cov,
    lite_ppo,
    luspo,
    reinforce_pp,
    reinforce_pp_baseline,
    sapo,
    vespo,
    with_parts,
)
from asym_lit.objectives.advantages import Centred, GroupNormalised, LeaveOneOut
from asym_lit.objectives.aggregations import ConstantLength, SequenceSum, TokenMean, TokenSum
from asym_lit.objectives.corrections import SequenceMask, TokenMask
from asym_lit.objectives.ratios import SequenceRatio, TokenRatio
from asym_lit.objectives.regularizers import EntropyBonus, ReferenceKL
from asym_lit.objectives.token_losses import ClippedSurrogate, DualClippedSurrogate
from asym_lit.objectives.token_reweights import OffPolicyMask
from asym_lit.types import InputError
from fakes import LossProblem

ROOT = Path(__file__).parents[2]
DATA, MODEL = "data.init_args", "model.init_args"
SCRIPT = r"""
set -x
engine="sglang" # or vllm
tokens=64
python3 -m verl.trainer.main_ppo \
    algorithm.adv_estimator=grpo \
    data.train_files={rows} \
    data.train_batch_size=64 \
    data.max_response_length=$tokens \
    data.truncation='error' \
    actor_rollout_ref.model.path=bundled \
    actor_rollout_ref.actor.optim.lr=1e-6 \
    actor_rollout_ref.actor.ppo_mini_batch_size=16 \
    actor_rollout_ref.actor.use_kl_loss=True \
    actor_rollout_ref.actor.kl_loss_coef=0.001 \
    actor_rollout_ref.actor.fsdp_config.param_offload=False \
    actor_rollout_ref.rollout.name=$engine \
    actor_rollout_ref.rollout.n=5 \
    algorithm.use_kl_in_reward=True \
    trainer.logger=['console','wandb'] \
    trainer.total_training_steps=30 \
    trainer.made_up=3 $@
"""


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "rows.jsonl"
    sums = [
        {"prompt": f"{a}+{a + 1}=", "answer": str(2 * a + 1), "reward_model": {"ground_truth": str(2 * a + 1)}}
        for a in range(90)
    ]
    file.write_text("\n".join(map(json.dumps, sums)))
    return file


@pytest.fixture
def trl_config(tmp_path: Path, rows: Path) -> Path:
    file = tmp_path / "grpo.yaml"
    options = {
        "model_name_or_path": "bundled",
        "dataset_name": str(rows),
        "reward_funcs": ["accuracy_reward", "think_format_reward"],
        "reward_weights": [1.0, 0.2],
        "learning_rate": 1e-5,
        "per_device_train_batch_size": 8,
        "gradient_accumulation_steps": 2,
        "steps_per_generation": 4,
        "num_generations": 8,
        "max_completion_length": 64,
        "max_steps": 50,
        "loss_type": "grpo",
        "beta": 0.001,
        "log_completions": True,
        "bf16": True,
        "num_completion_to_print": 3,
    }
    file.write_text(yaml.safe_dump(options))
    return file


def test_a_trl_configuration_becomes_a_recipe_that_passes_preflight(trl_config, tmp_path, capsys):
    recipe = tmp_path / "recipe.yaml"
    main(["translate", str(trl_config), "--output", str(recipe)])
    said = capsys.readouterr().out
    assert "bf16: mixed precision there" in said
    assert "num_completion_to_print: not known; nearest: num_completions_to_print" in said
    assert "Nothing to write for:\n  log_completions" in said
    printed = StringIO()
    assert preflight(["--config", str(recipe)], Console(file=printed, width=300)), printed.getvalue()
    assert "4 prompts x 8 rollouts of up to 64 tokens, 2 updates; 25 steps" in printed.getvalue()
    made = yaml.safe_load(recipe.read_text())["trainer"]["callbacks"][0]["init_args"]["verifier"]["init_args"]
    assert made["truth"] == "correct" and made["weights"] == {"correct": 1.0, "formatted": 0.2}


def test_a_verl_script_becomes_a_recipe_that_passes_preflight(rows, tmp_path, capsys):
    script, recipe = tmp_path / "run.sh", tmp_path / "recipe.yaml"
    script.write_text(SCRIPT.replace("{rows}", str(rows)))
    main(["translate", str(script), "--output", str(recipe)])
    said = capsys.readouterr().out
    for words in (
        "data.truncation: longer prompts",
        "rollout.name: sglang",
        "use_kl_in_reward: a KL is",
        "trainer.made_up: not known",
    ):
        assert words in said
    printed = StringIO()
    assert preflight(["--config", str(recipe)], Console(file=printed, width=300)), printed.getvalue()
    assert "64 prompts x 5 rollouts of up to 64 tokens, 4 updates; 30 steps" in printed.getvalue()
    objective = yaml.safe_load(recipe.read_text())["model"]["init_args"]["objective"]
    assert objective["class_path"] == "asym_lit.objectives.with_parts"
    assert objective["init_args"]["base"]["init_args"] == {"clip": 0.2, "token_mean": True}
    assert objective["init_args"]["token_loss"]["init_args"]["cap"] == 3.0  # verl's dual clip is always on


def objective_of(trainer, given):
    return translated(trainer, given).settings[f"{MODEL}.objective"]


def built(trainer: str, given: dict[str, object], max_tokens: int = 256) -> Objective:
    """The objective of a recipe, as its class paths and arguments say."""

    def make(value: Any) -> Any:
        if isinstance(value, dict) and "class_path" in value:
            path, _, name = value["class_path"].rpartition(".")
            return getattr(import_module(path), name)(**{key: make(one) for key, one in value.get("init_args", {}).items()})
        if isinstance(value, dict):
            return ClippedSurrogate(**value)
        if isinstance(value, list):
            return [make(one) for one in value]
        return max_tokens if isinstance(value, str) and value.startswith("${") else value

    objective = make(objective_of(trainer, given))
    assert isinstance(objective, Objective)
    return objective


TOKENS = grpo(token_mean=True)
WIDER = ClippedSurrogate(0.2, 0.28)
DUAL = DualClippedSurrogate(ClippedSurrogate(0.2, 0.2), 3.0)
WEIGHED = ReferenceKL(0.04, "k3", weighted=True)


@pytest.mark.parametrize(
    ("given", "objective"),
    [
        ({}, TOKENS),  # TRL's default loss, dapo, is a token mean
        ({"loss_type": "grpo", "epsilon": 0.1, "beta": 0.04, "use_bias_correction_kl": False}, grpo(0.1, kl=0.04)),
        ({"loss_type": "bnpo", "beta": 0.04}, with_parts(TOKENS, regularizers=[WEIGHED])),
        ({"epsilon_high": 0.28}, with_parts(TOKENS, token_loss=WIDER)),
        ({"epsilon_high": 0.28, "delta": 4}, with_parts(TOKENS, token_loss=DualClippedSurrogate(WIDER, 4.0))),
        ({"loss_type": "dr_grpo", "scale_rewards": False}, dr_grpo(256)),
        ({"loss_type": "dr_grpo"}, with_parts(dr_grpo(256), estimator=GroupNormalised(1e-4))),
        ({"loss_type": "cispo", "epsilon_high": 5.0}, cispo_capped(5.0)),
        ({"loss_type": "cispo", "epsilon_high": 5.0, "beta": 0.04}, with_parts(cispo_capped(5.0), regularizers=[WEIGHED])),
        ({"loss_type": "sapo", "sapo_temperature_neg": 1.1}, sapo(1.0, 1.1)),
        ({"loss_type": "grpo", "importance_sampling_level": "sequence", "epsilon": 3e-4}, gspo(3e-4, 3e-4)),
        ({"loss_type": "luspo", "importance_sampling_level": "sequence", "epsilon": 0.002, "epsilon_high": 0.0025}, luspo()),
        ({"loss_type": "luspo"}, with_parts(TOKENS, aggregation=SequenceSum())),
        ({"importance_sampling_level": "sequence"}, with_parts(TOKENS, ratio=SequenceRatio())),
        ({"loss_type": "vespo", "vespo_k_neg": 4.0}, vespo(k_wrong=4.0)),
        ({"scale_rewards": "batch"}, lite_ppo()),
        ({"scale_rewards": "none"}, with_parts(TOKENS, estimator=Centred())),
        ({"entropy_coef": 0.01}, grpo(token_mean=True, entropy=0.01)),
        ({"loss_type": "sapo", "entropy_coef": 0.01}, with_parts(sapo(), regularizers=[EntropyBonus(0.01)])),
        ({"top_entropy_quantile": 0.2}, forking_tokens(TOKENS, 0.8)),
        ({"off_policy_mask_threshold": 0.5}, with_parts(TOKENS, token_reweights=[OffPolicyMask(0.5)])),
        ({"loss_type": "vespo", "use_vllm": True}, corrected(vespo(), SequenceMask(3.0))),
        (
            {"use_vllm": True, "vllm_importance_sampling_mode": "token_mask", "vllm_importance_sampling_clip_max": 2.0},
            corrected(TOKENS, TokenMask(0.0, 2.0)),
        ),
    ],
)
def test_options_of_trls_loss_are_an_objective(given, objective):
    assert built("trl", given) == objective
    assert not {"loss_type", "scale_rewards", "delta", "beta"} & translated("trl", given).nowhere.keys()


ACTOR, LOSS = "actor_rollout_ref.actor", "actor_rollout_ref.actor.policy_loss"


@pytest.mark.parametrize(
    ("given", "objective"),
    [
        ({}, with_parts(TOKENS, token_loss=DUAL)),
        (
            {f"{ACTOR}.clip_ratio_high": 0.28, f"{ACTOR}.clip_ratio_c": 10},
            with_parts(TOKENS, token_loss=DualClippedSurrogate(WIDER, 10)),
        ),
        ({"algorithm.adv_estimator": "rloo"}, with_parts(TOKENS, token_loss=DUAL, estimator=LeaveOneOut())),
        ({"algorithm.adv_estimator": "reinforce_plus_plus"}, with_parts(reinforce_pp(), token_loss=DUAL)),
        ({"algorithm.adv_estimator": "reinforce_plus_plus_baseline"}, with_parts(reinforce_pp_baseline(), token_loss=DUAL)),
        ({"algorithm.adv_estimator": "gpg", f"{LOSS}.loss_mode": "gpg"}, gpg("rewarded")),
        ({"algorithm.norm_adv_by_std_in_grpo": False}, with_parts(TOKENS, token_loss=DUAL, estimator=Centred())),
        ({f"{LOSS}.loss_mode": "kl_cov"}, kl_cov(2e-4, 0.1)),  # verl's
        ({f"{LOSS}.loss_mode": "dppo_tv", f"{ACTOR}.clip_ratio": 0.15, f"{ACTOR}.clip_ratio_c": 20}, dppo()),
        ({f"{LOSS}.loss_mode": "dppo_kl"}, dppo("kl", 0.2, 0.2, cap=3.0)),
        ({f"{LOSS}.loss_mode": "geo_mean", f"{ACTOR}.clip_ratio": 0.4}, gmpo()),
        ({f"{LOSS}.loss_mode": "dro", f"{LOSS}.dro_beta": 0.5}, dro(0.5)),
        ({f"{LOSS}.loss_mode": "sapo"}, sapo()),
        ({f"{LOSS}.loss_mode": "gspo"}, with_parts(gspo(0.2, 0.2), aggregation=TokenMean())),
        ({f"{LOSS}.loss_mode": "gspo", f"{ACTOR}.loss_agg_mode": "seq-mean-token-mean"}, gspo(0.2, 0.2)),
        ({f"{LOSS}.loss_mode": "bypass_mode"}, with_parts(TOKENS, token_loss=DUAL, ratio=TokenRatio("rollout"))),
        ({f"{ACTOR}.loss_agg_mode": "token-sum"}, with_parts(TOKENS, token_loss=DUAL, aggregation=TokenSum())),
        (
            {f"{ACTOR}.loss_agg_mode": "seq-mean-token-sum-norm", f"{ACTOR}.loss_scale_factor": 99},
            with_parts(TOKENS, token_loss=DUAL, aggregation=ConstantLength(99)),
        ),
        (
            {f"{ACTOR}.use_kl_loss": True, f"{ACTOR}.kl_loss_type": "low_var_kl+", f"{ACTOR}.kl_loss_coef": 0.1},
            with_parts(TOKENS, token_loss=DUAL, regularizers=[ReferenceKL(0.1, "k3+")]),
        ),
        (
            {"algorithm.filter_groups.enable": True, f"{ACTOR}.clip_ratio_high": 0.28},
            with_parts(dapo(max_draws=10), token_loss=DualClippedSurrogate(WIDER, 3.0)),
        ),
    ],
)
def test_options_of_verls_loss_are_an_objective(given, objective):
    assert built("verl", {"algorithm.adv_estimator": "grpo", **given}) == objective
    assert translated("verl", {"algorithm.adv_estimator": "grpo", **given}).nowhere == {}


@pytest.mark.parametrize(
    ("trainer", "given"),
    [
        ("trl", {"loss_type": "dapo", "delta": 2.0, "beta": 0.1, "scale_rewards": "batch", "off_policy_mask_threshold": 0.5}),
        ("trl", {"loss_type": "vespo", "use_vllm": True}),
        ("verl", {f"{LOSS}.loss_mode": "dppo_kl", f"{ACTOR}.use_kl_loss": True, "algorithm.filter_groups.enable": True}),
    ],
)
def test_an_objective_made_of_parts_is_one_that_the_command_line_builds(trainer, given, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    given = {"algorithm.adv_estimator": "grpo", **given} if trainer == "verl" else given
    recipe.write_text(yaml.safe_dump({"objectives": {"theirs": objective_of(trainer, given)}}))
    set_parsing_settings(subclasses_enabled=[Objective])
    parser = ArgumentParser(parser_mode="omegaconf+")
    parser.add_argument("--objectives", type=dict[str, Objective])
    parser.add_argument("--config", action="config")
    found = parser.instantiate(parser.parse_args(["--config", str(recipe)])).objectives["theirs"]
    assert found == built(trainer, given)


ELSEWHERE = [row for row in TRAINERS["verl"] if row.option == "adv_estimator" and row.recipe]


@pytest.mark.parametrize("row", ELSEWHERE, ids=lambda row: row.value)
def test_advantages_of_verls_estimators_are_those_of_the_table_of_objectives(row):
    problem = LossProblem.random(7, size=8).experience  # 1, 3 and 4 of 8 right
    given = {"algorithm.adv_estimator": row.value}
    made = translated("verl", given)
    assert made.nowhere == {}
    expected = eval(row.recipe, {"__builtins__": {}}, vars(objectives)).estimate(problem)
    torch.testing.assert_close(built("verl", given).estimate(problem), expected)
    assert expected.any()
    assert any("Weighted" in note for note in made.notes) == (row.value == "gdpo")


def test_verls_gdpo_without_a_std_is_gdpo_that_only_centres():
    problem = LossProblem.random(7, size=8).experience
    given = {"algorithm.adv_estimator": "gdpo", "algorithm.norm_adv_by_std_in_grpo": False}
    expected = gdpo("tokens", 1e-6, 1e-8, normalise=False).estimate(problem)
    torch.testing.assert_close(built("verl", given).estimate(problem), expected)
    assert (expected - gdpo("tokens", 1e-6, 1e-8).estimate(problem)).abs().max() > 0.1


def test_what_no_part_has_is_said():
    assert "nothing like it" in translated("verl", {"data.train_batch_size": 256}).nowhere["algorithm.adv_estimator"]  # gae
    made = translated(
        "verl", {"algorithm.adv_estimator": "grpo", f"{LOSS}.loss_mode": "new", f"{ACTOR}.loss_agg_mode": "median"}
    )
    assert "new: nothing like it here" in made.nowhere[f"{LOSS}.loss_mode"]
    assert "median: no such mean" in made.nowhere[f"{ACTOR}.loss_agg_mode"]
    assert "other: no preset has it" in translated("trl", {"loss_type": "other"}).nowhere["loss_type"]
    assert "TRL has group, batch and none" in translated("trl", {"scale_rewards": "rows"}).nowhere["scale_rewards"]
    assert any("dro_beta" in note for note in translated("verl", {f"{LOSS}.loss_mode": "dro"}).notes)
    assert translated("trl", {"lora_r": 8}).nowhere == {"lora_r": "has no effect beside the other options"}
    assert translated("trl", {"delta": 2.0, "loss_type": "sapo"}).nowhere == {"delta": "has no effect beside the other options"}
    assert translated("trl", {"use_peft": True, "lora_r": 8}).settings[f"{MODEL}.lora"] == {"r": 8, "alpha": 32.0}


def test_sizes_are_rollouts_over_processes_and_steps_over_updates():
    given = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 8, "num_generations": 8, "max_steps": 10}
    settings = translated("trl", given, processes=2).settings
    # 4 rows x 2 processes x 8 passes are 64 rollouts of 8 prompts, learnt from in one step.
    assert settings[f"{DATA}.prompts_per_step"] == 8 and settings[f"{MODEL}.mini_batches"] == 1
    assert settings[f"{DATA}.rollout_steps"] == 10
    with pytest.raises(InputError, match=r"4 rollouts a step .*no multiple of num_generations 8.*--processes"):
        translated("trl", given | {"gradient_accumulation_steps": 1})


@pytest.mark.parametrize(
    ("trainer", "given", "words"),
    [
        ("verl", {"data.train_batch_size": "x"}, "data.train_batch_size is 'x'; allowed: a number"),
        ("verl", {"actor_rollout_ref.actor.ppo_mini_batch_size": 0}, "ppo_mini_batch_size is 0; allowed: 1 or more"),
        ("verl", {"actor_rollout_ref.actor.clip_ratio": "$CLIP"}, "clip_ratio is '\\$CLIP'.*Variables of the shell"),
        ("verl", {"trainer.nnodes": [2]}, r"trainer.nnodes is \[2\]; allowed: a number"),
        ("trl", {"num_generations": 0}, "num_generations is 0; allowed: 1 or more"),
        ("trl", {"gradient_accumulation_steps": 1.5}, "gradient_accumulation_steps is 1.5; allowed: a whole number"),
        ("trl", {"epsilon": "low"}, "epsilon is 'low'; allowed: a number"),
        ("trl", {"beta": float("nan")}, "beta is nan; allowed: a finite number"),
        ("trl", {"reward_funcs": ["a.f"], "reward_weights": "heavy"}, "reward_weights is 'heavy'; allowed: a number"),
    ],
)
def test_a_number_that_is_none_is_refused_by_the_name_it_has_there(trainer, given, words):
    with pytest.raises(InputError, match=words):
        translated(trainer, given)


def test_words_of_a_command_line_and_nested_yaml_are_read_alike(tmp_path):
    script = tmp_path / "run.sh"
    script.write_text("accelerate launch grpo.py --learning_rate 1e-6 \\\n --reward_funcs accuracy_reward m.f --use-vllm # x\n")
    assert read_options(script) == (
        "trl",
        {"learning_rate": 1e-6, "reward_funcs": ["accuracy_reward", "m.f"], "use_vllm": True},
    )
    nested = tmp_path / "verl.yaml"
    nested.write_text("defaults: [x]\nactor_rollout_ref: {rollout: {n: 5}}\n")
    assert read_options(nested) == ("verl", {"actor_rollout_ref.rollout.n": 5})


def test_a_file_without_anything_for_here_ends_with_1_and_others_are_refused(tmp_path, capsys):
    file = tmp_path / "odd.yaml"
    file.write_text("colour: red\n")
    with pytest.raises(SystemExit) as ended:
        main(["translate", str(file)])
    assert ended.value.code == 1 and "Nothing of" in capsys.readouterr().out
    with pytest.raises(InputError, match=r"no file .*missing\.yaml"):
        read_options(tmp_path / "missing.yaml")
    file.write_text("# nothing yet")
    with pytest.raises(InputError, match="holds no options: neither"):
        read_options(file)
    file.write_text("a: [1")
    with pytest.raises(InputError, match="is no YAML, line"):
        read_options(file)


@pytest.mark.parametrize("options", [TABLES["trl"][0], TABLES["verl"][0], PRIME_RL], ids=["trl", "verl", "prime-rl"])
def test_the_docs_show_the_tables_that_the_command_uses(options):
    assert table(options) in (ROOT / "docs" / "translate.md").read_text(encoding="utf-8")
    assert len({option.name for option in options}) == len(options)
    assert all(option.here for option in options if option.kind in ("value", "part"))


def test_every_option_of_the_tables_is_one_of_trls(tmp_path):
    pytest.importorskip("trl")
    from dataclasses import fields

    from trl import GRPOConfig, ModelConfig, ScriptArguments
    from trl.scripts.grpo import GRPOScriptArguments

    known = {item.name for kind in (GRPOConfig, ModelConfig, ScriptArguments, GRPOScriptArguments) for item in fields(kind)}
    gone = {"max_prompt_length", "warmup_ratio", "overwrite_output_dir", "tools"}  # of earlier versions, or no option
    assert {option.name for option in TABLES["trl"][0]} - known <= gone
