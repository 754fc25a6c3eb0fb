from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import yaml

from asym_lit.cli import main
from asym_lit.lit.demonstrations.supervised import DemonstrationDataModule, SupervisedModule
from asym_lit.policy.loading import load_policy, load_tokenizer
from asym_lit.policy.lora import LoRA
from asym_lit.rollout.demonstrations import IGNORED, DemonstrationBatches
from asym_lit.tasks import Countdown
from asym_lit.types import InputError
from policies import save_tiny
from runs import ROOT, scalars

SHORT_CHAIN = ROOT / "configs/overlays/prompts/short_chain.yaml"


def test_the_recipe_of_the_bundled_policy_learns_and_writes_a_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    main(
        [
            *("fit", "--config", str(ROOT / "configs/pretrain.yaml"), "--data.steps", "30"),
            *("--data.batch_size", "16", "--model.architecture.hidden", "32", "--model.architecture.layers", "1"),
            *("--model.warmup_steps", "5", "--model.optimizer.lr", "0.02", "--trainer.accelerator", "cpu"),
            *("--trainer.logger.save_dir", str(tmp_path), "--trainer.log_every_n_steps", "1"),
            *("--trainer.enable_progress_bar", "false"),
        ]
    )
    run = tmp_path / "pretrain" / "version_0"
    loss = list(scalars(run, "loss/response").values())
    assert loss[0] == pytest.approx(math.log(99), abs=0.2)  # knows nothing of 99 characters
    assert max(loss[-5:]) < loss[0] - 1
    from transformers import AutoModelForCausalLM, AutoTokenizer

    policy = AutoModelForCausalLM.from_pretrained(run / "huggingface")
    assert policy.config.vocab_size == len(AutoTokenizer.from_pretrained(run / "huggingface"))
    assert not policy.config.tie_word_embeddings


def batch_of(module: SupervisedModule) -> tuple[torch.Tensor, torch.Tensor]:
    (batch,) = DemonstrationBatches(Countdown(), module.tokenizer, steps=1, batch_size=6, seed=1)
    return batch


def silent(module: SupervisedModule) -> SupervisedModule:
    module.log = lambda *_args, **_further: None  # type: ignore[method-assign,assignment]
    return module


def test_the_loss_is_the_mean_over_responses_and_prompts_have_no_gradient_of_their_own(tmp_path: Path) -> None:
    module = silent(SupervisedModule(policy=save_tiny(tmp_path / "policy", "Llama")))
    ids_BS, targets_BS = batch_of(module)
    loss = module.training_step((ids_BS, targets_BS), 0)
    logits_BSV = module.model(input_ids=ids_BS[:, :-1]).logits
    each = torch.nn.functional.cross_entropy(logits_BSV.flatten(0, 1), targets_BS[:, 1:].flatten(), reduction="none")
    learned = targets_BS[:, 1:].flatten() != IGNORED
    assert loss.item() == pytest.approx(each[learned].mean().item(), abs=1e-5)
    # The head's gradient is a sum of outer products of errors and states that are asked about: those of prompts are none.
    module.zero_grad()
    loss.backward()
    found = module.model.get_output_embeddings().weight.grad.clone()
    module.zero_grad()
    torch.nn.functional.cross_entropy(
        module.model(input_ids=ids_BS[:, :-1]).logits.flatten(0, 1), targets_BS[:, 1:].flatten(), ignore_index=IGNORED
    ).backward()
    assert torch.allclose(found, module.model.get_output_embeddings().weight.grad, atol=1e-6)


def test_what_is_read_after_the_last_learned_token_changes_nothing(tmp_path: Path) -> None:
    module = silent(SupervisedModule(policy=save_tiny(tmp_path / "policy", "Llama")))
    ids_BS, targets_BS = batch_of(module)
    wider = torch.nn.functional.pad(ids_BS, (0, 5), value=7), torch.nn.functional.pad(targets_BS, (0, 5), value=IGNORED)
    assert module.training_step(wider, 0).item() == pytest.approx(
        module.training_step((ids_BS, targets_BS), 0).item(), abs=1e-6
    )


def test_with_adapters_nothing_else_has_a_gradient(tmp_path: Path) -> None:
    lora = LoRA(r=2, target_modules=["q_proj", "up_proj"])
    module = silent(SupervisedModule(policy=save_tiny(tmp_path / "policy", "Llama"), lora=lora))
    module.training_step(batch_of(module), 0).backward()
    trained = {name for name, parameter in module.model.named_parameters() if parameter.requires_grad}
    assert trained and all("lora_" in name and ("q_proj" in name or "up_proj" in name) for name in trained)
    ups = [p.grad for name, p in module.model.named_parameters() if "lora_B" in name]
    assert ups and all(grad is not None and grad.abs().max() > 0 for grad in ups)
    assert all(p.grad is None for p in module.model.parameters() if not p.requires_grad)


def test_adapters_of_a_new_policy_are_refused() -> None:
    with pytest.raises(InputError, match=r"model\.lora is given and model.policy is not"):
        SupervisedModule(lora=LoRA())


def test_several_processes_are_refused(tmp_path: Path) -> None:
    module = SupervisedModule(policy=save_tiny(tmp_path / "policy", "Llama"))
    data = DemonstrationDataModule(Countdown())
    data.trainer = SimpleNamespace(world_size=2, lightning_module=module)  # type: ignore[assignment]
    with pytest.raises(InputError, match=r"on one process, not 2; write --trainer\.devices 1"):
        data.train_dataloader()


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the warm start's recipe with a tiny policy, sums in place of data sets, and rank 4."""
    folder = tmp_path_factory.mktemp("warm")
    policy = save_tiny(folder / "policy", "Llama")
    task: dict[str, Any] = {"class_path": "asym_lit.tasks.Sums", "init_args": {"digits": 1}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["train.py"])
        patch.setenv("ASYM_LIT_CACHE", str(folder / "cache"))
        main(
            [
                *("fit", "--config", str(ROOT / "configs/lm_base.yaml"), "--model.policy", policy, "--data.steps", "40"),
                *("--data.task", json.dumps(task), "--threads", "1", "--model.optimizer.lr", "0.02", "--model.lora.r", "4"),
                *("--trainer.accelerator", "cpu", "--trainer.logger.save_dir", str(folder)),
                *("--trainer.enable_progress_bar", "false"),
            ]
        )
    return folder / "lm_base" / "version_0"


def test_the_recipe_of_the_warm_start_learns(warm: Path) -> None:
    loss = list(scalars(warm, "loss/response").values())
    assert len(loss) == 40
    assert loss[0] == pytest.approx(math.log(99), abs=0.05)  # knows nothing of 99 characters
    assert max(loss[-5:]) < loss[0] - 0.15  # as far as rank 4 brings 32 random features


def test_its_adapter_loads_in_plain_peft_and_is_the_merged_policy(warm: Path) -> None:
    from peft import PeftModel
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    stored = load_file(warm / "adapter" / "adapter_model.safetensors")
    assert {value.dtype for value in stored.values()} == {torch.bfloat16}
    base = AutoModelForCausalLM.from_pretrained(warm.parents[1] / "policy")
    ids = torch.tensor([[5, 9, 17, 4, 30, 2]])
    before = base(ids).logits
    adapted = PeftModel.from_pretrained(base, warm / "adapter", autocast_adapter_dtype=True)
    merged = AutoModelForCausalLM.from_pretrained(warm / "huggingface")
    assert torch.allclose(adapted(ids).logits, merged(ids).logits, atol=1e-5)
    assert (merged(ids).logits - before).abs().max() > 0.1


def test_a_policy_is_named_by_its_adapter_alone(warm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASYM_LIT_CACHE", str(tmp_path))
    named, merged = load_policy(str(warm / "adapter")), load_policy(str(warm / "huggingface"))
    state = named.state_dict()
    assert state.keys() == merged.state_dict().keys()
    assert all(torch.equal(state[name], value) for name, value in merged.state_dict().items())
    assert load_tokenizer(str(warm / "adapter")).chat_template == load_tokenizer(str(warm / "huggingface")).chat_template


def test_reinforcement_learning_starts_from_an_adapter_and_asks_as_it_was_taught(
    fit: Callable[..., Path], warm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASYM_LIT_CACHE", str(tmp_path / "cache"))
    few = ["--data.rollout_steps", "2", "--data.prompts_per_step", "2", "--data.sampling.max_tokens", "8"]
    asked = ["--config", str(ROOT / "configs/overlays/data/sums.yaml"), "--config", str(SHORT_CHAIN)]
    small = [
        "--data.task.digits",
        "1",
        "--data.task.train_size",
        "16",
        "--data.task.val_size",
        "2",
        "--data.task.test_size",
        "2",
    ]
    quiet = ["--trainer.num_sanity_val_steps", "0", "--trainer.limit_val_batches", "0"]
    run = fit("simko", *asked, "--model.policy", str(warm / "adapter"), *small, *few, *quiet, folder=tmp_path)
    gaps = scalars(run, "mismatch/max")
    assert len(gaps) == 2 and max(gaps.values()) < 1e-4  # engine and trainer read the same merged weights


def test_the_warm_start_asks_as_the_overlay_of_reinforcement_learning_does() -> None:
    recipe, overlay = (yaml.safe_load(path.read_text()) for path in (ROOT / "configs/lm_base.yaml", SHORT_CHAIN))
    assert recipe["data"]["init_args"]["prompt_format"] == overlay["data"]["init_args"]["prompt_format"]
    learned = recipe["data"]["init_args"]["task"]["init_args"]["tasks"][0]
    asked = yaml.safe_load((ROOT / "configs/tasks/word_problems.yaml").read_text())
    assert learned == asked
