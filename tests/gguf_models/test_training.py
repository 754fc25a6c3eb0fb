"""A policy of a GGUF file is trained as any other, and what is exported is what was trained."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from asym_lit.gguf_models import directories
from gguf_files import random_llama, write_gguf
from runs import scalars


def test_a_policy_of_a_file_is_trained_and_its_export_loads_in_plain_transformers(tmp_path, monkeypatch, fit):
    monkeypatch.setenv("ASYM_LIT_CACHE", str(tmp_path / "cache"))
    directories._converted.cache_clear()
    path = write_gguf(tmp_path / "tiny.gguf", random_llama(), "Q8_0")
    more = ["--model.objective", "nsr", "--data.prompt_format.chat", "true", "--data.sampling.max_tokens", "8"]
    run = fit("grpo", *more, "--model.policy", str(path), "--data.evaluation.max_tokens", "8", "--model.optimizer.lr", "0.001")
    export = run / "checkpoints" / "step_000004" / "huggingface"
    state = torch.load(run / "checkpoints" / "step_000004" / "lightning.ckpt", weights_only=False)["state_dict"]
    loaded, before = (AutoModelForCausalLM.from_pretrained(one).eval() for one in (export, directories.directory_of(str(path))))
    for name, weight in loaded.state_dict().items():
        assert torch.equal(weight, state[f"scorer.model.{name}"]), name
    tokenizer = AutoTokenizer.from_pretrained(export)
    ids = tokenizer("<|im_start|>user\n1,2=3:<|im_end|>\n", return_tensors="pt").input_ids
    with torch.no_grad():
        moved = loaded(ids).logits.log_softmax(-1) - before(ids).logits.log_softmax(-1)
    assert moved.abs().max() > 1e-3
    assert loaded.lm_head.weight is loaded.model.embed_tokens.weight
    assert loaded.generate(ids, max_new_tokens=4, do_sample=False).shape[1] <= ids.shape[1] + 4
    assert loaded.generation_config.eos_token_id == tokenizer.eos_token_id == 2
    assert tokenizer.chat_template
    assert max(scalars(run, "mismatch/max").values()) == pytest.approx(0, abs=1e-4)
