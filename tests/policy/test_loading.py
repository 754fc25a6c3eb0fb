import json
from pathlib import Path

import pytest
import torch

from asym_lit.policy.characters import character_tokenizer
from asym_lit.policy.known_tokens import token_count, tokenless_ids
from asym_lit.policy.loading import (
    SmallArchitecture,
    checkpoint_activations,
    context_of,
    load_config,
    load_generation_config,
    load_policy,
    load_tokenizer,
    locate,
    new_policy,
)
from asym_lit.types import InputError
from fakes import tiny_policy


def test_the_bundled_policy_and_its_tokenizer_fit_together(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # found from anywhere
    model, tokenizer = load_policy("bundled"), load_tokenizer("bundled")
    assert model.config.vocab_size == len(tokenizer)
    assert model.config.eos_token_id == tokenizer.eos_token_id
    assert context_of(model) == context_of(model.config) == tokenizer.model_max_length
    assert tokenizer.get_vocab() == character_tokenizer(64).get_vocab()


def test_the_bundled_policy_writes_expressions():
    model, tokenizer = load_policy("bundled"), load_tokenizer("bundled")
    ids = torch.tensor([tokenizer("3,7,12,20=45:").input_ids])
    with torch.no_grad():
        probs = model(input_ids=ids).logits[0, -1].softmax(-1)
    starts = tokenizer.convert_tokens_to_ids(list("(1237"))  # a parenthesis, or a first digit of 3, 7, 12, 20
    assert probs[starts].sum() > 0.95


def test_the_bundled_policy_answers_an_operation_with_a_number():
    model, tokenizer = load_policy("bundled"), load_tokenizer("bundled")
    ids = torch.tensor([tokenizer("a@b=3*a-b+7;12@5=").input_ids])
    with torch.no_grad():
        probs = model(input_ids=ids).logits[0, -1].softmax(-1)
    assert probs[tokenizer.convert_tokens_to_ids(list("-0123456789"))].sum() > 0.95
    assert probs.max() < 0.9  # it has not learned the task


@pytest.mark.parametrize("where", ["some/folder", "owner/name"])
def test_any_other_policy_is_where_it_says(where):
    assert locate(where) == where


def test_a_policy_is_loaded_in_the_asked_precision(tmp_path):
    tiny_policy().save_pretrained(tmp_path)
    assert {p.dtype for p in load_policy(str(tmp_path)).parameters()} == {torch.float32}
    assert {p.dtype for p in load_policy(str(tmp_path), "bfloat16").parameters()} == {torch.bfloat16}


def test_a_policy_is_loaded_without_dropout(tmp_path):
    tiny_policy(attention_dropout=0.5).save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["attention_dropout"] == 0.5
    model = load_policy(str(tmp_path)).train()
    ids = torch.tensor([[3, 4, 5, 6, 7]])
    with torch.no_grad():
        torch.testing.assert_close(model(input_ids=ids).logits, model(input_ids=ids).logits, rtol=0, atol=0)
        torch.testing.assert_close(model(input_ids=ids).logits, model.eval()(input_ids=ids).logits, rtol=0, atol=0)


def test_dropout_layers_are_switched_off_too(tmp_path):
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(vocab_size=13, n_positions=16, n_embd=8, n_layer=1, n_head=1, resid_pdrop=0.5, embd_pdrop=0.5)
    GPT2LMHeadModel(config).save_pretrained(tmp_path)
    rates = [m.p for m in load_policy(str(tmp_path)).modules() if isinstance(m, torch.nn.Dropout)]
    assert rates and not any(rates)


@pytest.mark.parametrize("load", [load_policy, load_tokenizer])
def test_a_policy_that_is_nowhere_is_refused_with_what_is_allowed(load, tmp_path):
    with pytest.raises(
        InputError, match=r"No policy at '.*nowhere': .*Allowed: 'bundled', 'smollm2', a local directory.*or a hub id"
    ):
        load(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("{}/nowhere", "there is no directory .*/nowhere. Allowed"),
        ("./nowhere", "there is no directory ./nowhere. Allowed"),
        ("models/of/mine", "there is no directory models/of/mine. Allowed"),
        ("{}/file", "/file is a file, not a directory, and its name does not end in .gguf. Allowed"),
        ("{}/empty", "there is a directory .*/empty, but no policy in it that can be read: "),
        ("someone/something", "there is no directory someone/something, nor does the hub give one: "),
    ],
)
def test_what_looks_like_a_path_is_called_missing_before_the_hub_is_named(name, words, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=rf"No policy at '.*': .*{words}") as refused:
        load_policy(name.format(tmp_path))
    if "hub" not in words:
        assert "Repo id" not in str(refused.value)


def test_a_directory_without_a_tokenizer_is_refused_with_what_to_write(tmp_path):
    tiny_policy().save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"holds no tokenizer; expected tokenizer\.json .*save_pretrained"):
        load_tokenizer(str(tmp_path))


def test_a_tokenizer_without_an_end_is_refused(tmp_path):
    tokenizer = character_tokenizer(64)
    tokenizer.eos_token = None
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(InputError, match="has no eos_token, so responses could not end"):
        load_tokenizer(str(tmp_path))


def test_a_new_policy_has_the_sizes_it_was_asked_for_and_knows_its_tokenizer():
    model, tokenizer = new_policy(SmallArchitecture(hidden=64, layers=3, intermediate=48, context=80))
    config = model.config
    assert (config.hidden_size, config.num_hidden_layers, config.intermediate_size) == (64, 3, 48)
    assert config.num_attention_heads == 2  # 64 / 32
    assert config.vocab_size == len(tokenizer)
    assert (config.eos_token_id, config.pad_token_id) == (tokenizer.eos_token_id, tokenizer.pad_token_id)
    assert context_of(model) == tokenizer.model_max_length == 80
    assert model.lm_head.weight.data_ptr() != model.model.embed_tokens.weight.data_ptr()


def test_a_new_policy_hangs_on_the_global_seed():
    def weights(seed):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return new_policy(SmallArchitecture(hidden=32, layers=1, intermediate=16))[0].lm_head.weight

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))


@pytest.mark.parametrize("hidden", [0, -32, 40])
def test_a_width_that_heads_do_not_divide_is_refused(hidden):
    with pytest.raises(InputError, match=f"hidden is {hidden}; allowed: multiples of 32"):
        SmallArchitecture(hidden=hidden)


def test_a_policy_that_does_not_say_its_context_has_none():
    assert context_of(object()) is None


def test_a_tokenizer_knows_as_many_tokens_as_its_largest_id_says():
    tokenizer = character_tokenizer(64)
    before = token_count(tokenizer)
    assert before == len(tokenizer)
    tokenizer.add_tokens(["<answer>"])  # beyond `vocab_size`, which counts no added tokens
    assert token_count(tokenizer) == before + 1 == tokenizer.convert_tokens_to_ids("<answer>") + 1


def test_ids_without_a_token_are_those_behind_the_last_one_and_the_gaps_before_it() -> None:
    from types import SimpleNamespace

    from transformers import Qwen2Config

    words = SimpleNamespace(get_vocab=lambda: {"a": 0, "b": 1, "c": 3, "<added>": 6})
    assert token_count(words) == 7
    assert tokenless_ids(words, Qwen2Config(vocab_size=10)) == {2, 4, 5, 7, 8, 9}
    assert tokenless_ids(words, Qwen2Config(vocab_size=2)) == frozenset()


def test_every_id_of_the_bundled_policy_has_a_token_and_added_ones_count() -> None:
    tokenizer = load_tokenizer("bundled")
    assert token_count(tokenizer) == len(tokenizer) == 99
    assert tokenless_ids(tokenizer, load_config("bundled")) == frozenset()
    tokenizer.add_tokens(["<further>"])
    assert token_count(tokenizer) == 100


def test_a_composite_policy_has_the_vocabulary_of_its_text_part() -> None:
    from transformers import Gemma3Config

    config = Gemma3Config(text_config={"vocab_size": 101})
    assert tokenless_ids(load_tokenizer("bundled"), config) == {99, 100}


def test_a_policy_says_how_it_is_generated_with_or_not(tmp_path: Path) -> None:
    assert load_generation_config("bundled").eos_token_id == 1
    assert load_generation_config(str(tmp_path)) is None
    (tmp_path / "generation_config.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"generation_config\.json is damaged: it is no JSON .* Mend it or take it away"):
        load_generation_config(str(tmp_path))


def test_activations_are_checkpointed_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    model = load_policy("bundled")
    checkpoint_activations(model)
    assert any(getattr(module, "gradient_checkpointing", False) for module in model.modules())
    assert [str(warning.message) for warning in recwarn if issubclass(warning.category, FutureWarning)] == []


def test_a_policy_that_lacks_weights_is_refused_by_their_name(tmp_path):
    tiny_policy().model.save_pretrained(tmp_path)  # the base model alone: its head would be random
    with pytest.raises(InputError, match=r"lacks 1 weights of a Qwen2ForCausalLM, lm_head\.weight first"):
        load_policy(str(tmp_path))


def test_what_is_no_causal_language_model_is_refused_in_one_line(tmp_path):
    from transformers import T5Config

    T5Config(d_model=32, num_layers=1).save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"does not load: ValueError: Unrecognized .*T5Config.*Allowed: causal") as refused:
        load_policy(str(tmp_path))
    assert len(str(refused.value).splitlines()) == 1 and len(str(refused.value)) < 600


def test_a_class_that_transformers_does_not_know_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "qwen9"}')
    with pytest.raises(InputError, match=r"does not load: ValueError: .*`?qwen9`?"):
        load_config(str(tmp_path))


def test_a_class_without_checkpointed_layers_is_refused():
    from transformers import OpenAIGPTConfig, OpenAIGPTLMHeadModel

    model = OpenAIGPTLMHeadModel(OpenAIGPTConfig(vocab_size=40, n_embd=32, n_layer=1, n_head=2, n_positions=16))
    with pytest.raises(InputError, match=r"gradient_checkpointing is true, which a OpenAIGPTLMHeadModel does not offer"):
        checkpoint_activations(model)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_a_policy_is_loaded_with_the_attention_that_was_asked_for_and_scores_alike(attention):
    asked, plain = load_policy("bundled", attn_implementation=attention), load_policy("bundled")
    assert asked.config._attn_implementation == attention
    ids = torch.tensor([[3, 4, 5, 6]])
    assert torch.allclose(asked(ids).logits, plain(ids).logits, atol=1e-4)


@pytest.mark.parametrize("attention", ["flash_attention_2", "esger"])
def test_an_attention_that_is_not_there_is_refused_by_its_name(attention):
    with pytest.raises(InputError, match=f"^model.attn_implementation is '{attention}', which .* Allowed: eager, sdpa"):
        load_policy("bundled", attn_implementation=attention)
