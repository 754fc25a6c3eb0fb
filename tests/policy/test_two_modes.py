"""What differs between train mode and eval mode is found at the start, however small or rare, and named by its place."""

import random

import numpy
import pytest
import torch
from torch import nn
from torch.nn import functional

from asym_lit.policy.two_modes import ROWS, TOKENS, check_modes, gap, in_mode, score
from asym_lit.types import InputError
from fakes import tiny_policy

HIDDEN = 16


def planted(beside, place=1, dtype=torch.float32):
    """A tiny policy that does something besides at the end of a layer."""
    model = tiny_policy().to(dtype).eval()
    model.model.layers[place].register_forward_hook(lambda layer, _args, x: beside(layer, x))
    return model


def in_training(change):
    return lambda layer, x: change(x) if layer.training else x


def test_a_calm_policy_passes_after_one_pass_in_each_mode(monkeypatch):
    from asym_lit.policy import two_modes

    passes = []
    monkeypatch.setattr(two_modes, "score", lambda *args, **kwargs: passes.append(1) or score(*args, **kwargs))
    check_modes(tiny_policy().eval())
    assert len(passes) == 2


NOISE = {
    "normal noise of 0.001": lambda x: x + 1e-3 * torch.randn_like(x),
    "jitter of 0.001": lambda x: x * torch.empty_like(x).uniform_(1 - 1e-3, 1 + 1e-3),
    "dropout of 0.001": lambda x: functional.dropout(x, 1e-3),
    "a layer dropped once in 1000 times": lambda x: x if torch.rand(()) >= 1e-3 else torch.zeros_like(x),
    "stochastic depth once in 1000 times": lambda x: x * torch.floor(0.999 + torch.rand(x.shape[0], 1, 1)) / 0.999,
    "a Bernoulli mask": lambda x: x * torch.bernoulli(torch.full_like(x, 0.999)),
    "a mask that is as good as never 1": lambda x: x * (1 - torch.empty_like(x).bernoulli_(1e-6)),
    "noise of Python's": lambda x: x * random.uniform(0.9, 1.1),
    "noise of NumPy's": lambda x: x + torch.from_numpy(numpy.random.randn(*x.shape)).to(x),
    "a scale without any draw": lambda x: x + 1e-3 * x.roll(1, -1),
    "a draw without ends that decides by chance": lambda x: torch.where(torch.randn(()) > 5, 0 * x, x),
}


@pytest.mark.parametrize("beside", NOISE.values(), ids=NOISE)
def test_noise_in_train_mode_is_found_and_named(beside):
    with pytest.raises(
        InputError, match=r"between train mode and eval mode .*begins in model\.layers\.1 \(Qwen2DecoderLayer\)"
    ):
        check_modes(planted(in_training(beside)))


@pytest.mark.parametrize("beside", NOISE.values(), ids=NOISE)
def test_noise_in_eval_mode_is_found_and_named(beside):
    if beside is NOISE["a scale without any draw"]:
        check_modes(planted(lambda _layer, x: beside(x)))  # it is the same every time
    elif beside is not NOISE["a draw without ends that decides by chance"]:  # hashes are drawn so, and say the same
        with pytest.raises(InputError, match=r"from pass to pass .*begins in model\.layers\.1 \(Qwen2DecoderLayer\)"):
            check_modes(planted(lambda _layer, x: beside(x)))


def test_noise_is_found_in_16_bits_too():
    with pytest.raises(InputError, match=r"model\.layers\.1 "):
        check_modes(planted(in_training(lambda x: x + 0.01 * torch.randn_like(x)), dtype=torch.bfloat16))
    check_modes(tiny_policy().to(torch.bfloat16).eval())


def test_a_draw_in_vain_is_no_noise():
    check_modes(planted(in_training(lambda x: torch.zeros_like(x) if torch.rand(()) < 0.0 else x)))
    check_modes(planted(in_training(lambda x: x * torch.floor(1.0 + torch.rand(x.shape[0], 1, 1)))))


def test_statistics_over_the_batch_are_refused_by_the_layer_that_takes_them():
    model = tiny_policy().eval()

    class Normed(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner, self.norm = inner, nn.BatchNorm1d(HIDDEN)

        def forward(self, hidden):
            return self.norm(self.inner(hidden).transpose(1, 2)).transpose(1, 2)

    model.model.layers[0].mlp = Normed(model.model.layers[0].mlp)
    with pytest.raises(InputError, match=r"begins in model\.layers\.0\.mlp\.norm \(BatchNorm1d\)"):
        check_modes(model)


def test_what_happens_between_modules_is_named_by_the_module_around_them():
    model = tiny_policy().eval()
    inner = model.model.layers[0].mlp

    class Between(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = inner

        def forward(self, hidden):
            return self.inner(functional.dropout(hidden, 0.3, self.training))

    model.model.layers[0].mlp = Between()
    with pytest.raises(InputError, match=r"begins in model\.layers\.0\.mlp \(Between\)"):
        check_modes(model)


def test_a_layer_that_is_skipped_is_named_by_the_module_that_skips_it():
    model = tiny_policy().eval()
    inner = model.model.layers[0].mlp

    class Skipping(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = inner

        def forward(self, hidden):
            return hidden if self.training else self.inner(hidden)

    model.model.layers[0].mlp = Skipping()
    with pytest.raises(InputError, match=r"begins in model\.layers\.0\.mlp \(Skipping\)"):
        check_modes(model)


def test_the_check_leaves_generators_modes_weights_and_gradients_alone():
    model = planted(in_training(lambda x: x if torch.rand(()) >= 0 else 0 * x))
    model.model.layers[0].train()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    random.seed(3), numpy.random.seed(3), torch.manual_seed(3)
    awaited = random.random(), numpy.random.rand(), torch.rand(())
    random.seed(3), numpy.random.seed(3), torch.manual_seed(3)
    check_modes(model)
    assert (random.random(), numpy.random.rand(), torch.rand(())) == awaited
    assert model.model.layers[0].training and not model.training and not model.model.layers[1].training
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert torch.is_grad_enabled() and all(parameter.grad is None for parameter in model.parameters())
    assert not model.model.layers[0]._forward_hooks and not model.model.layers[0]._forward_pre_hooks


def test_a_module_is_in_a_mode_for_as_long_as_that_lasts():
    model = nn.Sequential(nn.Dropout(), nn.Dropout().eval())
    with in_mode(model, False):
        assert [module.training for module in model.modules()] == [False, False, False]
    assert [module.training for module in model.modules()] == [True, True, False]


def test_a_pass_gives_the_log_probs_of_a_few_tokens():
    model = tiny_policy().eval()
    ids_BS = (torch.arange(ROWS * TOKENS).reshape(ROWS, TOKENS) * 7 + 3) % 13  # the vocabulary
    made = score(model)
    torch.testing.assert_close(made.logprobs_BSV, model(input_ids=ids_BS).logits.log_softmax(-1).detach(), rtol=0, atol=0)
    assert not made.draws and made.events == []
    other = made._replace(logprobs_BSV=made.logprobs_BSV + 0.25)
    assert gap(made, made) == 0
    assert gap(made, other) == pytest.approx(0.25)
    assert gap(made, other._replace(logprobs_BSV=other.logprobs_BSV * torch.nan)) == torch.inf


def test_a_policy_that_cannot_score_is_refused_with_its_own_words():
    def broken(_layer, _x):
        raise IndexError("no such row\nand more")

    with pytest.raises(
        InputError, match=r"a Qwen2ForCausalLM, cannot score 2 rows of 8 tokens: IndexError: no such row Allowed"
    ):
        check_modes(planted(broken))
