"""Every YAML in the tree is parsed and built; a saved configuration runs again."""

from __future__ import annotations

import importlib
import inspect
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from lightning.pytorch import LightningDataModule, LightningModule

from asym_lit.cli import main, make_cli
from asym_lit.command_line.names import short_names
from asym_lit.commands.study.cells import cells
from asym_lit.commands.study.definition import read_study
from asym_lit.lit import PolicyModule, RolloutDataModule
from asym_lit.lit.callbacks import VerifierReward
from asym_lit.lit.start_checks import check_lag
from asym_lit.objectives import simko
from asym_lit.objectives.corrections import NoCorrection
from asym_lit.policy.loading import load_tokenizer, locate
from asym_lit.rollout.engine import Engine
from asym_lit.rollout.rendering import render
from asym_lit.tasks import BBH, CodeProblems, KorBench, Problems, SynLogic
from asym_lit.types import Task, Verifier
from asym_lit.verifiers import ByTask, CodeTests, Maths, SynLogicRules

ROOT = Path(__file__).parents[1]
RECIPES = sorted((ROOT / "configs").glob("*.yaml"))
OVERLAYS = sorted(path for path in (ROOT / "configs" / "overlays").rglob("*.yaml") if path.parent.name != "papers")
STUDIES = sorted((ROOT / "configs" / "studies").glob("*.yaml"))
GENERATED = ("reasoning_gym", "short_word_problems", "small_puzzles", "sums", "word_problems")
LOGIC = {"synlogic": SynLogic, "bbh": BBH, "kor_bench": KorBench}
CODE = ("code_contests", "deepcoder", "human_eval", "mbpp")
OTHERS = (*GENERATED, *LOGIC, *CODE)
DATA = sorted(path for path in (ROOT / "configs" / "overlays" / "data").glob("*.yaml") if path.stem not in OTHERS)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py"])


def built(*words: str) -> tuple[LightningModule, LightningDataModule]:
    cli = make_cli([*words, "--trainer.accelerator", "cpu"], run=False)
    return cli.model, cli.datamodule


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_is_complete(recipe: Path, chatty: str) -> None:
    named = ("--model.policy", chatty) if recipe.stem == "lm_base" else ()  # its policy comes in a package of its own
    module, _ = built("--config", str(recipe), *named)
    assert isinstance(module, LightningModule)


@pytest.fixture(scope="module")
def chatty(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The bundled policy with a chat template."""
    folder = tmp_path_factory.mktemp("chatty")
    shutil.copytree(locate("bundled"), folder, dirs_exist_ok=True)
    tokenizer = load_tokenizer("bundled")
    tokenizer.chat_template = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.stem)
def test_an_overlay_changes_the_scale_and_never_the_method(overlay: Path, chatty: str) -> None:
    module, data = built("--config", str(ROOT / "configs/simko.yaml"), "--config", str(overlay), "--model.policy", chatty)
    assert isinstance(module, PolicyModule) and isinstance(data, RolloutDataModule)
    assert replace(module.objective, correction=NoCorrection()) == simko()
    check_lag(module.objective, data)  # it brings a correction where rollouts are of older weights, and nowhere else
    assert (module.objective == simko()) == (data.lag == 0)


def test_the_overlay_of_the_second_task_changes_the_verifier_and_no_other_callback() -> None:
    """An overlay replaces the whole list, so it must follow the recipes."""
    recipe, overlay = (
        yaml.safe_load((ROOT / "configs" / path).read_text())["trainer"]["callbacks"]
        for path in ("grpo.yaml", "overlays/operation.yaml")
    )
    verifiers = [callbacks.pop(0)["init_args"].pop("verifier")["class_path"] for callbacks in (recipe, overlay)]
    assert verifiers == ["asym_lit.tasks.CountdownVerifier", "asym_lit.tasks.OperationVerifier"]
    assert recipe == overlay


@pytest.mark.parametrize("overlay", DATA, ids=lambda path: path.stem)
def test_a_data_overlay_brings_its_verifier_and_one_word_makes_it_read_local_files(overlay: Path, tmp_path: Path) -> None:
    task = "evaluation_tasks.aime24.task" if overlay.stem == "evaluation_maths" else "task"
    words = ["--config", str(ROOT / "configs/simko.yaml"), "--config", str(overlay), f"--data.{task}.path", str(tmp_path)]
    cli = make_cli([*words, "--trainer.accelerator", "cpu"], run=False)
    data = cli.datamodule
    assert isinstance(data, RolloutDataModule)
    found = data.evaluation_sets["aime24"].task if overlay.stem == "evaluation_maths" else data.task
    assert isinstance(found, Problems) and found.path == str(tmp_path)
    assert found.name == ("aime24" if overlay.stem == "evaluation_maths" else overlay.stem)
    (reward,) = [c for c in cli.trainer.callbacks if isinstance(c, VerifierReward)]
    assert isinstance(reward.verifier, Maths)
    assert data.prompt_sets.form.template.endswith(r"\boxed{}.")


@pytest.mark.parametrize("name", LOGIC)
def test_an_overlay_of_logic_brings_a_verifier_for_its_task_and_reads_local_files(name: str, tmp_path: Path) -> None:
    overlay = str(ROOT / f"configs/overlays/data/{name}.yaml")
    words = ["--config", str(ROOT / "configs/simko.yaml"), "--config", overlay, "--data.task.path", str(tmp_path)]
    cli = make_cli([*words, "--trainer.accelerator", "cpu"], run=False)
    task = cli.datamodule.task
    assert isinstance(task, LOGIC[name]) and (task.name, task.path) == (name, str(tmp_path))
    (reward,) = [c for c in cli.trainer.callbacks if isinstance(c, VerifierReward)]
    assert isinstance(reward.verifier, ByTask) and name in reward.verifier.verifiers


@pytest.mark.parametrize("name", CODE)
def test_an_overlay_of_code_brings_its_verifier_and_asks_for_one_block(name: str, tmp_path: Path) -> None:
    task = "evaluation_tasks.human_eval.task" if name == "human_eval" else "task"
    words = ["--config", str(ROOT / "configs/simko.yaml"), "--config", str(ROOT / f"configs/overlays/data/{name}.yaml")]
    cli = make_cli([*words, f"--data.{task}.path", str(tmp_path), "--trainer.accelerator", "cpu"], run=False)
    data = cli.datamodule
    assert isinstance(data, RolloutDataModule)
    found = data.evaluation_sets["human_eval"].task if name == "human_eval" else data.task
    assert isinstance(found, CodeProblems) and (found.path, found.name) == (str(tmp_path), name)
    (reward,) = [c for c in cli.trainer.callbacks if isinstance(c, VerifierReward)]
    assert isinstance(reward.verifier, CodeTests)
    assert "begins with ```python and ends with ```" in data.prompt_sets.form.template


@pytest.mark.parametrize("name", ["sums", "word_problems", "small_puzzles"])
def test_an_overlay_of_a_task_in_words_asks_chats_and_plain_models_and_brings_its_verifier(name: str, chatty: str) -> None:
    words = ["--config", str(ROOT / "configs/simko.yaml"), "--config", str(ROOT / f"configs/overlays/data/{name}.yaml")]
    for prompts, begins in (("question_answer", "Question: "), ("short_chain", "[user]")):
        overlay = ["--config", str(ROOT / f"configs/overlays/prompts/{prompts}.yaml"), "--model.policy", chatty]
        cli = make_cli([*words, *overlay, "--data.task.train_size", "4", "--trainer.accelerator", "cpu"], run=False)
        (reward,) = [c for c in cli.trainer.callbacks if isinstance(c, VerifierReward)]
        judge = reward.verifier.verifiers[name] if isinstance(reward.verifier, ByTask) else reward.verifier
        assert isinstance(judge, SynLogicRules if name == "small_puzzles" else Maths)
        data = cli.datamodule
        assert data.task.name == name
        asked = render(data.task.prompts("train"), data.tokenizer, data.prompt_sets.form)
        assert len(asked) == 4 and all(prompt.text.startswith(begins) and prompt.solution for prompt in asked)


def test_the_callbacks_of_data_overlays_are_those_of_the_recipes_but_for_the_verifier() -> None:
    recipe = yaml.safe_load((ROOT / "configs/simko.yaml").read_text())["trainer"]["callbacks"]
    for path in (ROOT / "configs/callbacks").glob("*.yaml"):
        callbacks = yaml.safe_load(path.read_text())
        assert callbacks[0].pop("init_args").keys() == {"verifier"}
        assert callbacks == [{"class_path": recipe[0]["class_path"]}, *recipe[1:]], path


def test_recipes_differ_in_nothing_but_the_objective_and_the_name() -> None:
    """So that a comparison of methods is one of methods."""

    def without_method(recipe: str) -> dict[str, object]:
        config = yaml.safe_load((ROOT / f"configs/{recipe}.yaml").read_text())
        assert config["model"]["init_args"].pop("objective")
        assert config["trainer"]["logger"]["init_args"].pop("name") == recipe
        return config

    plain = without_method("grpo")
    for recipe in ("simko", "dapo", "ace"):
        assert without_method(recipe) == plain, recipe


def test_an_override_reaches_a_knob_of_the_objective() -> None:
    module, _ = built("--config", str(ROOT / "configs/simko.yaml"), "--model.objective.alpha", "0.25")
    assert isinstance(module, PolicyModule)
    assert module.objective.ratio.alpha == 0.25  # type: ignore[attr-defined]


def test_an_interpolated_length_follows_an_override() -> None:
    module, _ = built("--config", str(ROOT / "configs/dapo.yaml"), "--data.sampling.max_tokens", "30")
    assert isinstance(module, PolicyModule)
    assert module.objective.reward_shapers[0].max_tokens == 30  # type: ignore[attr-defined]


def test_another_objective_is_one_word_on_the_command_line() -> None:
    module, _ = built("--config", str(ROOT / "configs/simko.yaml"), "--model.objective", "asym_lit.objectives.grpo")
    plain, _ = built("--config", str(ROOT / "configs/grpo.yaml"), "--model.objective.token_mean", "true")
    assert isinstance(module, PolicyModule) and isinstance(plain, PolicyModule)
    assert type(module.objective.ratio) is type(plain.objective.ratio)


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_arm_of_a_study_can_be_built(path: Path, tmp_path: Path, chatty: str) -> None:
    found = read_study(path)
    named = ("--model.policy", chatty) if path.stem == "language_model" else ()
    kinds = {
        re.sub(r"\d[\d.]*", "0", str(arm)): name for name, arm in found.arms.items()
    }  # arms that differ in numbers are alike
    for cell in cells(found, tmp_path):
        # Every kind of arm on the last task, whose overlay lies between, and the first arm on every task.
        last = cell.task == list(found.tasks)[-1] and cell.arm in kinds.values()
        if cell.seed == found.seeds[0] and (last or cell.arm == next(iter(found.arms))):
            module, data = built(*cell.prepare(), *named)
            assert isinstance(module, PolicyModule) and isinstance(data, RolloutDataModule)
            assert data.task.name == cell.task


def test_the_command_of_make_train_lm_trains_simko_on_word_problems_put_as_chats(chatty: str) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    (command,) = (line for line in makefile.splitlines() if "train.py fit" in line and "smollm2-135m" in line)
    command = command.replace("$(BF16)", "--config configs/overlays/cpu_bf16.yaml")
    words = [str(ROOT / word) if word.endswith(".yaml") else word for word in command.split()[3:]]
    module, data = built(*words, "--model.policy", chatty)
    assert isinstance(module, PolicyModule) and isinstance(data, RolloutDataModule)
    assert (module.objective, data.task.name) == (simko(), "word_problems")
    assert "Work it out in short steps" in render(data.task.prompts("train")[:1], data.tokenizer, data.prompt_sets.form)[0].text


@pytest.mark.parametrize("protocol", [Engine, Task, Verifier])
def test_no_class_that_a_recipe_names_stands_beside_a_block_for_type_checkers(protocol: type) -> None:
    """jsonargparse compiles such a block at each of hundreds of comparisons: a recipe took 0.5 s with, 0.2 s without."""
    for path in short_names(protocol).values():
        module, _, name = path.rpartition(".")
        kind = getattr(importlib.import_module(module), name)
        assert "TYPE_CHECKING" not in inspect.getsource(sys.modules[kind.__module__]), kind


def test_help_is_answered(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["fit", "--help"])
    assert "--threads" in capsys.readouterr().out


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_says_how_it_is_run_and_what_to_expect(recipe: Path) -> None:
    head = "".join(line for line in recipe.read_text().splitlines(keepends=True)[:8] if line.startswith("#"))
    assert f"python train.py fit --config configs/{recipe.name}" in head or "make " in head
    assert re.search(r"# Expect.*: .*\d", head)
