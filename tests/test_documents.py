"""The pages that are written from the code say what the code says."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from asym_lit.cli import make_cli
from asym_lit.objectives import presets
from asym_lit.objectives.objective import advantages_of

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("document_objectives", ROOT / "scripts" / "document_objectives.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_objectives_is_that_of_the_code(writer: ModuleType) -> None:
    written = (ROOT / "docs" / "objectives.md").read_text(encoding="utf-8")
    assert written == writer.page(), "run: python scripts/document_objectives.py"


UNPUBLISHED = {"ace_constant", "ace_shuffled", "corrected", "grpo_passk", "nsr_full", "psr_full", "rollout_is", "with_parts"}


@pytest.mark.parametrize("name", presets.__all__)
def test_a_preset_names_its_source_and_describes_every_knob(writer: ModuleType, name: str) -> None:
    section = writer.entry(name)
    undescribed = [line for line in section.splitlines() if line.endswith("|  |")]
    assert not undescribed
    sourced = "arXiv" in section or name in UNPUBLISHED
    assert sourced, "name the paper"


def test_every_preset_stands_on_the_page_once(writer: ModuleType) -> None:
    page = writer.page()
    for name in presets.__all__:
        assert page.count(f"### `{name}`\n") == 1


def test_the_page_of_data_names_every_overlay_and_its_settings_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    for path in (ROOT / "configs" / "overlays" / "data").glob("*.yaml"):
        assert f"`{path.stem}`" in page
    (tmp_path / "configs").symlink_to(ROOT / "configs")  # paths in a configuration are relative to its file
    words = ["--config", str(ROOT / "configs/grpo.yaml")]
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)):
        (tmp_path / f"{number}.yaml").write_text(block)
        words += ["--config", str(tmp_path / f"{number}.yaml")]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py"])
    data = make_cli([*words, "--trainer.accelerator", "cpu"], run=False).datamodule
    assert data.evaluation_sets["aime25"].n == 64
    assert data.task.template == "[{level}] {question}"


def test_the_examples_of_contributing_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL)
    for name, block in zip(("maxrl", "plus_only", "sums"), blocks, strict=True):
        (tmp_path / f"{name}.py").write_text(block)
    monkeypatch.syspath_prepend(tmp_path)
    maxrl, plus_only, sums = map(importlib.import_module, ("maxrl", "plus_only", "sums"))
    # One right response of four has mean 0.25: (1 - 0.25) / 0.25 = 3, (0 - 0.25) / 0.25 = -1.
    assert advantages_of([1, 0, 0, 0], maxrl.MeanNormalised()) == pytest.approx([3, -1, -1, -1], abs=1e-4)
    assert maxrl.maxrl(eps=0.5).estimator == maxrl.MeanNormalised(0.5)
    plus_only.PlusOnly().self_test()
    train, val = (sums.Sums().prompts(split) for split in ("train", "val"))
    assert train and val and not {p.uid for p in train} & {p.uid for p in val}
