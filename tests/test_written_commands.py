"""Every command of the documentation names commands, recipes and options that there are."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise

import pytest

from asym_lit.cli import make_cli
from asym_lit.command_line.recipes import recipe_file, shipped
from asym_lit.commands import SUMMARIES
from runs import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
OTHERS = {"STUDY.yaml", "RECIPE", "OVERLAY"}
"""Words that stand for another."""
MINE = re.compile(r"^(my_\w+|mine\w*|path/.*|\.\.\.)")


def commands() -> list[tuple[str, str]]:
    """Page and command, as written in blocks of code and between backticks."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", text)
        for line in lines:
            if match := re.match(r"\s*(?:\$ )?((?:python train\.py|asym-lit) .*)", line):
                found.append((page.name, re.sub(r"\s+#.*", "", match[1])))
    return list(dict.fromkeys(found))


def words_of(command: str) -> list[str]:
    words = shlex.split(command)
    return words[2:] if words[0] == "python" else words[1:]


@pytest.mark.parametrize(("page", "command"), commands(), ids=lambda value: value[:60])
def test_a_written_command_names_what_there_is(page: str, command: str) -> None:
    words = words_of(command)
    if words[0] in ("--help", "COMMAND", "..."):
        return
    assert words[0] in SUMMARIES, f"{page}: {command}"
    for option, value in pairwise(words):
        if option == "--config" and value not in OTHERS and not MINE.match(value) and "<" not in value:
            shipped_file = value.removeprefix("configs/").removesuffix(".yaml") in shipped() or (ROOT / value).is_file()
            written_here = value.endswith(".yaml") and not value.startswith(("configs/", "overlays/"))
            assert shipped_file or written_here, f"{page} names {value}: {command}"
    if words[0] == "study" and not MINE.match(words[1]) and "studies/" in words[1]:
        assert (ROOT / words[1]).is_file() or recipe_file(words[1]), command


def lightning_commands() -> list[tuple[str, str]]:
    """Those that a parser can be asked about here and now: recipes that ship, nothing of the reader's own."""
    kept = []
    for page, command in commands():
        words = words_of(command)
        configs = [value for option, value in pairwise(words) if option == "--config"]
        ours = configs and all((ROOT / one).is_file() or one in shipped() for one in configs)
        foreign = {"--print_config", "--help"} & set(words) or "overlays/models" in command or "tinyv_sft" in command
        placeholders = re.search(r"<|\.\.\.|[A-Z]{4,}|path/|/data/|maxrl|mine", command)
        if words[0] in ("fit", "validate", "test", "predict") and ours and not foreign and not placeholders:
            kept.append((page, command))
    return kept


@pytest.mark.parametrize(("page", "command"), lightning_commands(), ids=lambda value: value[:60])
def test_the_options_of_a_written_command_are_taken(page: str, command: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py"])
    for logger, package in (("Wandb", "wandb"), ("MLFlow", "mlflow")):
        if logger in command:
            pytest.importorskip(package)
    words = [str(ROOT / word) if (ROOT / word).is_file() else word for word in words_of(command)[1:]]
    for option, mine in (("--ckpt_path", None), ("--model.policy", "bundled")):  # the reader's own
        if option in words:
            place = words.index(option)
            words[place : place + 2] = [option, mine] if mine else []
    make_cli([*words, "--trainer.accelerator", "cpu", "--trainer.strategy", "auto", "--trainer.devices", "1"], run=False)
