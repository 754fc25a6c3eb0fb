"""A damaged file of a policy is named in one line, whatever a library says of it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from asym_lit.cli import main
from asym_lit.model_files import damage
from asym_lit.policy.loading import load_config, load_generation_config, load_policy, load_tokenizer
from asym_lit.run_folder.checksums import check_export, write_checksums
from asym_lit.types import InputError
from asym_lit.verifiers import LocalModel
from policies import save_tiny
from runs import words


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def zero_start(file: Path) -> None:
    file.write_bytes(bytes(64) + file.read_bytes()[64:])


def zero_middle(file: Path) -> None:
    data, half = file.read_bytes(), file.stat().st_size // 2
    file.write_bytes(data[:half] + bytes(half // 4) + data[half + half // 4 :])


def lengthen(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"xx")


def unclose(file: Path) -> None:
    file.write_text(file.read_text().rstrip()[:-1])


def list_it(file: Path) -> None:
    file.write_text("[1, 2]")


def hollow(file: Path) -> None:
    file.write_text("{}")


def nan(file: Path) -> None:
    weights = load_file(file)
    weights["model.norm.weight"][3] = float("nan")
    save_file(weights, file, metadata={"format": "pt"})


def infinite(file: Path) -> None:
    weights = load_file(file)
    weights["lm_head.weight"][0, 0] = float("-inf")
    save_file(weights, file, metadata={"format": "pt"})


CASES = [("model.safetensors", harm) for harm in (cut, empty, zero_start, lengthen, nan, infinite)]
CASES += [
    (name, harm)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json")
    for harm in (cut, empty, zero_start, zero_middle, unclose, list_it)
]
CASES += [("tokenizer.json", hollow)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(save_tiny(tmp_path_factory.mktemp("whole")))


def harmed(whole: Path, folder: Path, name: str, harm: Callable[[Path], None]) -> Path:
    shutil.copytree(whole, folder)
    harm(folder / name)
    return folder


def load_all(policy: str) -> None:
    for load in (load_config, load_tokenizer, load_policy, load_generation_config):
        load(policy)


@pytest.mark.parametrize(("name", "harm"), CASES, ids=lambda part: getattr(part, "__name__", part))
def test_a_damaged_file_is_named_in_one_line(whole: Path, tmp_path: Path, name: str, harm: Callable[[Path], None]) -> None:
    policy = str(harmed(whole, tmp_path / "policy", name, harm))
    with pytest.raises(InputError, match=re.escape(f"{policy}/{name} is damaged: ")) as refused:
        load_all(policy)
    assert "\n" not in str(refused.value)
    assert re.search(r"Copy it anew from where it came, or name another policy.$|Mend it or take it away.$", str(refused.value))


def test_a_missing_file_is_named_and_a_whole_directory_has_no_damage(whole: Path, tmp_path: Path) -> None:
    policy = str(harmed(whole, tmp_path / "policy", "model.safetensors", Path.unlink))
    with pytest.raises(InputError, match=r"no policy in it that can be read: Error no file named model.safetensors"):
        load_policy(policy)
    assert damage(str(whole)) is None and damage("no/directory") is None
    assert torch.isfinite(load_policy(str(whole)).lm_head.weight).all()


def test_the_damaged_one_of_several_weight_files_is_named(whole: Path, tmp_path: Path) -> None:
    load_policy(str(whole)).save_pretrained(tmp_path / "policy", max_shard_size="40KB")
    shutil.copy(whole / "tokenizer.json", tmp_path / "policy")
    second = sorted((tmp_path / "policy").glob("*.safetensors"))[1]
    cut(second)
    with pytest.raises(InputError, match=re.escape(f"The file {second} is damaged: ")):
        load_policy(str(tmp_path / "policy"))


@pytest.mark.parametrize(("name", "harm"), [("model.safetensors", cut), ("tokenizer.json", empty), ("model.safetensors", nan)])
@pytest.mark.parametrize("command", ["fit", "probe"])
def test_a_command_says_so_and_nothing_else(whole: Path, tmp_path: Path, command: str, name: str, harm) -> None:
    policy = str(harmed(whole, tmp_path / "policy", name, harm))
    fit = words(tmp_path, "grpo", "--model.policy", policy)
    given = fit if command == "fit" else ["probe", "--output", str(tmp_path / "probe"), "--policy", policy]
    with pytest.raises(SystemExit, match=rf"^error: [^\n]*{re.escape(f'{policy}/{name}')} is damaged: [^\n]*$"):
        main(given)


def test_zeros_within_the_weights_of_a_checkpoint_are_found_by_its_checksums(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "step_000004" / "huggingface")
    write_checksums(tmp_path / "step_000004")
    policy = tmp_path / "step_000004" / "huggingface"
    check_export(str(policy))
    zero_middle(policy / "model.safetensors")
    assert damage(str(policy)) is None  # nothing but the checksum tells
    with pytest.raises(InputError, match=re.escape(f"{policy}/model.safetensors is damaged: it is not as it was written.")):
        check_export(str(policy))
    with pytest.raises(SystemExit, match=r"model.safetensors is damaged"):
        main(words(tmp_path, "grpo", "--model.policy", str(policy)))
    check_export("bundled")
    check_export("someone/a-model")


@pytest.mark.parametrize(("name", "harm"), [("model.safetensors", cut), ("tokenizer.json", cut), ("model.safetensors", nan)])
def test_a_damaged_judge_is_named_too(whole: Path, tmp_path: Path, name: str, harm: Callable[[Path], None]) -> None:
    judge = str(harmed(whole, tmp_path / "judge", name, harm))
    with pytest.raises(InputError, match=rf"No judge at .*{re.escape(f'{judge}/{name}')} is damaged"):
        LocalModel(judge).open("")


def test_what_a_checksum_file_knows_of_other_files_is_no_matter_of_the_policy(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "step" / "huggingface")
    (tmp_path / "step" / "lightning.ckpt").write_bytes(b"state")
    write_checksums(tmp_path / "step")
    (tmp_path / "step" / "lightning.ckpt").unlink()  # as one does who keeps the policy alone
    check_export(str(tmp_path / "step" / "huggingface"))
    assert json.loads((tmp_path / "step" / "checksums.json").read_text())["lightning.ckpt"]
