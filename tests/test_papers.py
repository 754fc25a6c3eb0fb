"""The papers' recipes: every command in the overlays and in the documentation parses, and passes the preflight."""

from __future__ import annotations

import json
import re
import shlex
from io import StringIO
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from asym_lit.cli import make_cli, preflight
from policies import save_tiny

ROOT = Path(__file__).parents[1]
PAPERS = sorted((ROOT / "configs" / "overlays" / "papers").glob("*.yaml"))
SMALL = "smollm2-135m"  # runs on a CPU behind no paper's overlay; `test_configs.py` has its command
MODELS = sorted(path for path in (ROOT / "configs" / "overlays" / "models").glob("*.yaml") if path.stem != SMALL)
KINDS = {"deepseek-r1-distill-qwen": "Qwen2", "qwen2.5": "Qwen2", "qwen3": "Qwen3", "llama": "Llama"}
NAMED = re.compile(r"train\.py (?:fit|preflight) (--config .*overlays/models/[^\\\n]*)", re.MULTILINE)
PLAIN_COLUMNS = [
    *("--data.task.question", "question", "--data.task.answer", "answer", "--data.task.answer_form", "plain"),
    *("--data.task.held_out", "0.2", "--data.evaluation_tasks", "null"),
]
PUZZLES = ROOT / "tests" / "puzzles" / "synlogic.jsonl"
OF_PUZZLES = [
    *("--data.task.kinds", "[campsite, kukurasu, minesweeper, numbrix, game_of_24]", "--data.task.held_out", "0.2"),
    *("--data.task.val", "train", "--data.task.test", "train", "--data.evaluation_tasks", "null"),
]


CODE_COLUMNS = [
    *("--data.task.question", "question", "--data.task.tests", "{inputs: inputs, outputs: outputs}"),
    *("--data.task.held_out", "0.2", "--data.evaluation_tasks", "null"),
]


def commands() -> list[str]:
    """Options of every command with a model overlay, in the overlays and in the documentation."""
    pages = [*PAPERS, *MODELS, ROOT / "README.md", ROOT / "docs" / "running_at_scale.md"]
    return list(dict.fromkeys(found.strip() for page in pages for found in NAMED.findall(page.read_text("utf-8"))))


def short(command: str) -> str:
    """Its overlays, as a name."""
    return "-".join(re.findall(r"(\w[\w.-]*)\.yaml", command)[-2:]) + (
        "+" if " --model" in command or " --data" in command else ""
    )


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A tiny random policy of each class."""
    return {kind: save_tiny(tmp_path_factory.mktemp(kind), kind) for kind in KINDS.values()}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Problems to stand for the data sets."""
    folder = tmp_path_factory.mktemp("rows")
    for split in ("train", "test"):
        with (folder / f"{split}.jsonl").open("w") as file:
            for i in range(40):
                question = f"What is {i} and {i if split == 'train' else i + 1}?"
                tests = {"inputs": [str(i)], "outputs": [str(2 * i)]}
                file.write(json.dumps({"question": question, "answer": str(2 * i), **tests}) + "\n")
    return folder


def options(command: str, policies: dict[str, str], rows: Path) -> list[str]:
    """A command with its model swapped for a tiny one, and its data for local rows."""
    words = shlex.split(command)
    files = [word for word in words if word.endswith(".yaml")]
    (model,) = (Path(file).stem for file in files if "models/" in file)
    policy = next(policies[kind] for name, kind in KINDS.items() if model.startswith(name))
    words = [str(ROOT / word) if word in files else word for word in words]
    if "overlays/data/synlogic.yaml" in command:
        return [*words, "--model.policy", policy, "--data.task.path", str(PUZZLES), *OF_PUZZLES]
    columns = CODE_COLUMNS if "papers/simko_code.yaml" in command else PLAIN_COLUMNS
    return [*words, "--model.policy", policy, "--data.task.path", str(rows), *columns]


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py"])


@pytest.mark.parametrize("command", commands(), ids=short)
def test_a_named_recipe_parses_and_passes_the_preflight(command: str, policies: dict[str, str], rows: Path) -> None:
    given = options(command, policies, rows)
    printed = StringIO()
    passed = preflight([*given, "--preflight.rows", "2"], Console(file=printed, width=300))
    assert passed, printed.getvalue()
    assert "VLLMEngine" in printed.getvalue()


def test_named_recipes_print_their_configuration(
    policies: dict[str, str], rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in commands()[::2]:  # the preflight parses all of them
        with pytest.raises(SystemExit, match="0"):
            make_cli(["fit", *options(command, policies, rows), "--print_config"])
        assert "gpu_memory_utilization" in capsys.readouterr().out


def test_every_paper_and_every_model_is_in_a_named_recipe() -> None:
    for overlay in [*PAPERS, *MODELS]:
        assert any(f"{overlay.parent.name}/{overlay.name}" in command for command in commands()), overlay.name


@pytest.mark.parametrize("overlay", PAPERS, ids=lambda path: path.stem)
def test_a_paper_names_its_number_and_where_code_and_paper_part(overlay: Path) -> None:
    words = overlay.read_text("utf-8")
    assert re.search(r"arXiv \d{4}\.\d{5}", words)
    assert "code" in words


@pytest.mark.parametrize("names", [("maths", "maths_judged"), ("code", "contest_code")])
def test_callbacks_of_a_kind_differ_in_the_verifier_alone(names) -> None:
    plain, judged = (yaml.safe_load((ROOT / f"configs/callbacks/{name}.yaml").read_text()) for name in names)
    for callbacks in (plain, judged):
        assert callbacks[0]["init_args"].pop("verifier")
    assert judged == plain
