from contextlib import nullcontext

import pytest
import torch

from asym_lit.policy import reload_trial
from asym_lit.policy.characters import character_tokenizer
from asym_lit.policy.export import save_policy
from asym_lit.policy.loading import load_policy
from asym_lit.policy.reload_trial import check_reload
from asym_lit.types import InputError
from fakes import tiny_policy
from model_kinds import SIZES, move, tiny

IDS = torch.tensor([[3, 4, 5, 6, 7, 9, 11, 2]])


def logits(model):
    with torch.no_grad():
        return model.eval()(input_ids=IDS, use_cache=False).logits


@pytest.mark.parametrize("tied", [False, True], ids=["own head", "tied head"])
@pytest.mark.parametrize("kind", sorted(SIZES))
def test_what_passes_the_trial_is_loaded_as_it_was_saved(tmp_path, kind, tied):
    """And what would not be loaded so is refused: Youtu's padding token loses its row, which is a row of a tied head."""
    save_policy(tiny(kind, tie_word_embeddings=tied), character_tokenizer(64), tmp_path / "start")
    model = load_policy(str(tmp_path / "start"))
    if (kind, tied) == ("Youtu", True):
        with pytest.raises(InputError, match=r"YoutuForCausalLM would not be exported as it is trained: .* other values"):
            check_reload(model)
        return
    check_reload(model)
    move(model, rest=0.02)
    save_policy(model, character_tokenizer(64), tmp_path / "end")
    torch.testing.assert_close(logits(load_policy(str(tmp_path / "end"))), logits(model), rtol=0, atol=1e-5)


@pytest.mark.parametrize("most", [2**26, 0], ids=["with values", "names and shapes"])
def test_a_weight_that_no_file_would_name_is_refused(monkeypatch, most):
    monkeypatch.setattr(reload_trial, "MOST_WEIGHTS", most)
    model = tiny_policy()
    check_reload(model)
    model.model.extra = torch.nn.Linear(2, 2)
    with pytest.raises(InputError, match=r"Qwen2ForCausalLM would not be exported as it is trained: .*model\.extra\.bias"):
        check_reload(model)


@pytest.mark.parametrize("most", [2**26, 0], ids=["with values", "names and shapes"])
def test_a_config_that_makes_another_policy_is_refused(monkeypatch, most):
    monkeypatch.setattr(reload_trial, "MOST_WEIGHTS", most)
    model = tiny_policy()
    model.config.vocab_size += 1
    with pytest.raises(InputError, match=r"would not be exported as it is trained: .*mismatched_keys.*embed_tokens"):
        check_reload(model)


@pytest.mark.parametrize(
    ("make", "passes", "words"),
    [
        (tiny_policy, [False], None),
        (lambda: tiny("Qwen3Moe"), [False], None),
        (lambda: tiny("Youtu", tie_word_embeddings=False), [False, True], None),  # its padding token's row of zeros is zeroed
        (lambda: tiny("Youtu", tie_word_embeddings=True), [False, True], "lm_head.weight would have other values"),
    ],
    ids=["Qwen2", "experts", "zeroed", "zeroed and a row of the head"],
)
def test_values_of_a_large_policy_are_compared_where_loading_writes_into_them(monkeypatch, make, passes, words):
    seen, reloaded = [], reload_trial._reloaded
    monkeypatch.setattr(reload_trial, "MOST_WEIGHTS", 0)
    monkeypatch.setattr(reload_trial, "_reloaded", lambda *given: (seen.append(given[2]), reloaded(*given))[1])
    with pytest.raises(InputError, match=words) if words else nullcontext():
        check_reload(make())
    assert seen == passes


@pytest.mark.parametrize("most", [2**26, 0], ids=["with values", "names and shapes"])
@pytest.mark.parametrize("kind", ["Qwen3Moe", "Gemma2"])
def test_the_trial_leaves_the_policy_and_the_generator_alone(monkeypatch, most, kind):
    monkeypatch.setattr(reload_trial, "MOST_WEIGHTS", most)
    model, state = tiny(kind).train(), torch.get_rng_state()
    check_reload(model)
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in tiny(kind).state_dict().items())


def test_the_trial_says_nothing_and_leaves_transformers_as_talkative_as_it_was(capfd):
    from transformers.utils import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    check_reload(tiny_policy())
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == (level, bar)
    assert capfd.readouterr() == ("", "")
