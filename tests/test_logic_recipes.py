"""The papers' recipes for logic run: a tiny random policy, puzzles of a few kinds, two steps, an evaluation of each set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asym_lit.cli import make_cli
from asym_lit.commands.probe import probe_command
from policies import save_tiny

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / "configs"
PUZZLES = ROOT / "tests" / "puzzles" / "synlogic.jsonl"
KINDS = "[campsite, kukurasu, minesweeper, numbrix, game_of_24]"  # in English: the tiny tokenizer knows no other letters
FEW = [
    *(
        "--trainer.accelerator",
        "cpu",
        "--threads",
        "1",
        "--model.dtype",
        "float32",
        "--trainer.logger.init_args.save_dir",
        "runs",
    ),
    *("--data.rollout_steps", "2", "--data.prompts_per_step", "4", "--trainer.val_check_interval", "2"),
    *(
        "--data.sampling.n",
        "4",
        "--data.sampling.max_tokens",
        "6",
        "--data.evaluation.n",
        "2",
        "--data.evaluation.max_tokens",
        "6",
    ),
    *("--data.task.path", str(PUZZLES), "--data.task.kinds", KINDS, "--data.task.held_out", "0.2"),
    *("--data.task.val", "train", "--data.task.test", "train", "--model.mini_batches", "2"),
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Evaluation sets of each recipe, as its overlay names them but read from rows of our own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py"])
    (tmp_path / "bbh").mkdir()
    (tmp_path / "kor").mkdir()
    (tmp_path / "bbh" / "snarks.json").write_text(json.dumps({"examples": [{"input": "Which?", "target": "(A)"}]}))
    (tmp_path / "kor" / "cipher_rule.jsonl").write_text('{"idx": "1", "rule_content": "A is B."}\n')
    (tmp_path / "kor" / "cipher_sample.jsonl").write_text('{"idx": "1", "question": "A?", "answer": "[[B]]", "rule_id": "1"}\n')
    puzzles = {"path": str(PUZZLES), "kinds": ["campsite"], "train": None, "val": "train", "test": None}
    synlogic = {"task": {"class_path": "asym_lit.tasks.SynLogic", "init_args": puzzles}, "n": 2}
    bbh = {"class_path": "asym_lit.tasks.BBH", "init_args": {"path": str(tmp_path / "bbh"), "subsets": ["snarks"]}}
    kor = {"class_path": "asym_lit.tasks.KorBench", "init_args": {"path": str(tmp_path / "kor"), "categories": ["cipher"]}}
    given = {
        "simko_logic": {"synlogic": synlogic, "bbh": {"task": bbh, "n": 2}},
        "mta_logic": {"synlogic": synlogic, "cipher": {"task": kor, "n": 2}},
    }
    return {name: ["--data.evaluation_tasks", json.dumps(found)] for name, found in given.items()}


@pytest.mark.parametrize(
    ("paper", "recipe", "more"), [("simko_logic", "simko", []), ("mta_logic", "dapo", ["prompts/think_answer"])]
)
def test_a_recipe_for_logic_trains_and_evaluates_on_a_tiny_policy(paper, recipe, more, tiny, sets, tmp_path):
    files = [f"{recipe}.yaml", *(f"overlays/{name}.yaml" for name in ("data/synlogic", *more, f"papers/{paper}"))]
    words = [word for file in files for word in ("--config", str(CONFIGS / file))]
    make_cli(["fit", *words, "--model.policy", tiny, *FEW, *sets[paper]])
    (folder,) = [path.parent for path in (tmp_path / "runs").rglob("ledger.parquet")]
    rollouts = [json.loads(line) for path in folder.rglob("*.jsonl") for line in path.read_text("utf-8").splitlines()]
    said = json.dumps(rollouts)
    assert ("has not the format" in said) == (paper == "mta_logic")
    assert '"synlogic"' in said


def test_probe_takes_the_tasks_of_logic(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = "{class_path: asym_lit.tasks.SmallPuzzles, init_args: {train_size: 4, val_size: 4, test_size: 4}}"
    puzzles = f"{{class_path: SynLogic, init_args: {{path: {PUZZLES}, kinds: {KINDS}, train: null, val: train, test: null}}}}"
    words = ["--policy", tiny, "--prompts", "2", "--n", "8", "--thresholds.k", "8", "--truncations", "[]", "--output", "out"]
    for name, task in (("small", small), ("puzzles", puzzles)):
        words += [f"--tasks.{name}", f"{{task: {task}, verifier: {{class_path: SynLogicRules}}, max_tokens: 4}}"]
    probe_command(words)
    assert {one["task"] for one in json.loads((tmp_path / "out" / "probe.json").read_text())} == {"small", "puzzles"}
