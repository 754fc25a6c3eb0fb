from dataclasses import replace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from asym_lit.layouts import PaddedTokens
from asym_lit.policy.chunked_head import ChunkedHead
from asym_lit.policy.linear_products import wide_product
from asym_lit.policy.logit_shaping import LogitShaping
from asym_lit.policy.logit_tiles import TileSettings
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.types import InputError, Needs, TokenScores
from fakes import HeadOnly, full_scores
from fakes import tiny_policy as any_tiny_policy

EVERYTHING = Needs(entropy=True, top_n=3, rank1=True, squares=True)
LIVE = EVERYTHING | Needs(entropy_gradient=True)
V = 13
# Three rows: prompt lengths 2, 4, 1; responses of 3, 1 and 4 tokens; the rest is padding.
INPUT_IDS = torch.tensor([[3, 4, 5, 6, 1, 0], [7, 8, 9, 10, 11, 0], [2, 5, 5, 6, 12, 0]])
PROMPT_LENGTHS = torch.tensor([2, 4, 1])
MASK = torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]]).double()


def tiny_policy(tied=False):
    """Of a seed that makes some of the response tokens rank 1."""
    return any_tiny_policy(seed=11, tied=tied)


def scored(model, temperature=1.0, needs=EVERYTHING, mask=MASK, input_ids=INPUT_IDS):
    return TokenScorer(model)(PaddedTokens(input_ids, PROMPT_LENGTHS), mask, temperature, needs)


def expected(model, temperature=1.0):
    """Scores from the model's own logits, one row at a time and without padding."""
    logits_BTV, response_BT = torch.zeros(3, 4, V, dtype=torch.float64), torch.zeros(3, 4, dtype=torch.long)
    rows = []
    for row in range(3):
        start, length = int(PROMPT_LENGTHS[row]), int(MASK[row].sum())
        ids = INPUT_IDS[row, : start + length]
        logits_TV = model(input_ids=ids[None]).logits[0, start - 1 : -1]
        rows.append(torch.cat([logits_TV, logits_BTV[row, length:]]))
        response_BT[row, :length] = ids[start:]
    return full_scores(torch.stack(rows), response_BT, MASK, 3, temperature)


def objective(scores):
    """A scalar that uses everything that carries gradient, with uneven weights."""
    weights_BT = torch.arange(1, 13, dtype=torch.float64).view(3, 4)
    candidates_BT = (scores.topk_logprobs_BTK * torch.tensor([1.0, -2.0, 0.5])).sum(-1)
    return (weights_BT * (scores.logprobs_BT + 0.3 * candidates_BT)).sum()


def gradients(model, scores):
    model.zero_grad()
    objective(scores).backward()
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


def problem(tokens=9, hidden=4, vocabulary=7, bias=True, dtype=torch.float64, scale=1.0):
    """Hidden states, tokens and a head."""
    generator = torch.Generator().manual_seed(3)
    head = torch.nn.Linear(hidden, vocabulary, bias=bias, dtype=dtype)
    for parameter in head.parameters():
        parameter.data = scale * torch.randn(parameter.shape, generator=generator, dtype=torch.float64).to(dtype)
    hidden_NH = torch.randn(tokens, hidden, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()
    return hidden_NH, torch.randint(vocabulary, (tokens,), generator=generator), head


def total(scores):
    """A scalar of whatever carries gradient."""
    values = [v for v in (scores.logprobs_BT, scores.entropy_BT, scores.topk_logprobs_BTK) if v is not None]
    return sum((v * torch.linspace(-1, 2, v.numel(), dtype=v.dtype).view_as(v)).sum() for v in values if v.requires_grad)


def gradients_of(scores, *tensors):
    return torch.autograd.grad(total(scores), tensors)


@pytest.mark.parametrize("tied", [False, True], ids=["own head", "tied head"])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("tokens_per_chunk", [1, 3, 1000])
def test_chunked_scores_equal_those_of_full_logits_in_value_and_gradient(monkeypatch, tied, temperature, tokens_per_chunk):
    monkeypatch.setattr("asym_lit.policy.token_scores.CHUNK_ELEMENTS", tokens_per_chunk * V)
    model = tiny_policy(tied=tied).double()
    ours, full = scored(model, temperature), expected(model, temperature)
    for name in ("logprobs_BT", "entropy_BT", "topk_logprobs_BTK", "rank1_BT", "squares_BT"):
        torch.testing.assert_close(getattr(ours, name), getattr(full, name), rtol=0, atol=1e-10)
    assert ours.rank1_BT.any() and not ours.rank1_BT[MASK.bool()].all()
    our_gradients, full_gradients = gradients(model, ours), gradients(model, full)
    for name, gradient in full_gradients.items():
        torch.testing.assert_close(our_gradients[name], gradient, rtol=0, atol=1e-9, msg=name)
    assert full_gradients["model.embed_tokens.weight"].abs().max() > 1e-3


class Largest(TorchDispatchMode):
    """Remembers the size of the largest tensor made."""

    elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        made = [item for item in (result if isinstance(result, tuple) else (result,)) if isinstance(item, torch.Tensor)]
        self.elements = max([self.elements, *(tensor.numel() for tensor in made)])
        return result


@pytest.mark.parametrize("needs", [Needs(), EVERYTHING, LIVE], ids=["log-prob", "everything", "entropy gradient"])
def test_no_tensor_holds_more_than_a_chunk_or_a_gradient(monkeypatch, needs):
    tokens, vocabulary = 300, 200
    monkeypatch.setattr("asym_lit.policy.token_scores.CHUNK_ELEMENTS", 400)
    hidden_NH, targets_N, head = problem(tokens, 4, vocabulary, dtype=torch.float32)
    with Largest() as largest:
        scores = TokenScorer(HeadOnly(head)).score_flat(hidden_NH, targets_N, 0.7, needs)
        total(scores).backward()
    assert largest.elements <= max(400, 4 * vocabulary, 4 * tokens, tokens * 7)
    assert largest.elements < tokens * vocabulary / 20


def test_the_temperature_divides_the_logits():
    model = tiny_policy().double()
    halved = tiny_policy().double()
    with torch.no_grad():
        halved.lm_head.weight /= 0.5
    torch.testing.assert_close(scored(model, temperature=0.5).logprobs_BT, scored(halved).logprobs_BT, rtol=0, atol=1e-12)
    assert (scored(model, temperature=0.5).logprobs_BT - scored(model).logprobs_BT).abs().max() > 0.1


def test_padding_holds_zeros_and_what_stands_there_does_not_matter():
    model = tiny_policy().double()
    scores = scored(model)
    padding = MASK == 0
    for values in (scores.logprobs_BT, scores.entropy_BT, scores.topk_logprobs_BTK, scores.rank1_BT, scores.squares_BT):
        assert not values[padding].any()
        assert values[~padding].any()
    other_ids = INPUT_IDS.clone()
    other_ids[0, 5], other_ids[1, 5], other_ids[2, 5] = 9, 2, 7
    torch.testing.assert_close(scored(model, input_ids=other_ids).logprobs_BT, scores.logprobs_BT, rtol=0, atol=0)


def test_only_what_is_needed_is_computed():
    scores = scored(tiny_policy(), needs=Needs())
    assert scores.entropy_BT is None and scores.topk_logprobs_BTK is None and scores.rank1_BT is None
    assert scores.squares_BT is None
    alone = scored(tiny_policy(), needs=Needs(squares=True))
    assert alone.entropy_BT is None and not alone.squares_BT.requires_grad and alone.logprobs_BT.requires_grad
    torch.testing.assert_close(alone.squares_BT, scored(tiny_policy()).squares_BT, rtol=0, atol=0)


@pytest.mark.parametrize(("scale", "least", "most"), [(1e-9, 1 / 7, 1 / 7), (1e4, 1.0, 1.0), (1.0, 1 / 7, 1.0)])
def test_sums_of_squared_probabilities_lie_between_one_over_the_words_and_one(scale, least, most):
    hidden_NH, targets_N, head = problem(bias=False, scale=scale)
    for elements in (5, 1000):
        found_N = head_scores(hidden_NH, head.weight, None, targets_N, 1.0, LogitShaping(), elements, Needs(squares=True))[4]
        assert found_N.min() >= least - 1e-6 and found_N.max() <= most + 1e-6


def test_by_hand_two_words_of_three_quarters_and_one_quarter_at_two_temperatures():
    logits = torch.tensor([[3.0, 1.0]], dtype=torch.float64).log()
    given = (logits, torch.eye(2, dtype=torch.float64), None, torch.tensor([0]))
    for temperature, expected in ((1.0, 9 / 16 + 1 / 16), (0.5, 81 / 100 + 1 / 100)):  # odds of 9 to 1
        for elements in (1, 1000):
            found_N = head_scores(*given, temperature, LogitShaping(), elements, Needs(squares=True))[4]
            assert float(found_N) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("tokens_per_chunk", [3, 1000])
def test_the_entropy_carries_no_gradient_and_log_probs_do(monkeypatch, tokens_per_chunk):
    monkeypatch.setattr("asym_lit.policy.token_scores.CHUNK_ELEMENTS", tokens_per_chunk * V)
    scores = scored(tiny_policy())
    assert not scores.entropy_BT.requires_grad
    assert scores.logprobs_BT.requires_grad and scores.topk_logprobs_BTK.requires_grad


def test_an_empty_mask_gives_every_parameter_a_gradient_of_zero():
    model = tiny_policy()
    scores = scored(model, mask=torch.zeros_like(MASK))
    assert scores.topk_logprobs_BTK.shape == (3, 4, 3)
    (scores.logprobs_BT.sum() + scores.topk_logprobs_BTK.sum()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert not parameter.grad.any(), name


def test_scores_of_a_half_precision_policy_are_made_in_single_precision():
    vocabulary = 4001
    head = torch.nn.Linear(8, vocabulary, bias=False, dtype=torch.bfloat16)
    hidden_NH = torch.randn(1, 8, generator=torch.Generator().manual_seed(0)).bfloat16()
    targets_N = torch.arange(vocabulary)
    scores = TokenScorer(HeadOnly(head)).score_flat(hidden_NH.expand(vocabulary, 8), targets_N, 1.0, EVERYTHING)
    assert scores.logprobs_BT.dtype == scores.entropy_BT.dtype == scores.topk_logprobs_BTK.dtype == torch.float32
    # Probabilities of all tokens sum to 1; a normaliser in bf16 has a step of 2^-5 near log(4001) = 8.3.
    assert scores.logprobs_BT.exp().sum().item() == pytest.approx(1, abs=1e-4)


def head_scores(hidden_NH, weight_VH, bias_V, targets_N, temperature, shaping, elements, needs=LIVE):
    settings = TileSettings.of(hidden_NH, weight_VH, temperature, shaping, elements)
    return ChunkedHead.apply(hidden_NH, weight_VH, bias_V, targets_N, settings, needs)


def test_a_half_precision_policy_is_scored_close_to_its_full_precision_self():
    half, whole = tiny_policy().bfloat16(), tiny_policy().bfloat16().float()
    assert scored(half).logprobs_BT.dtype == torch.float32
    torch.testing.assert_close(scored(half).logprobs_BT, scored(whole).logprobs_BT, rtol=0, atol=0.2)


@pytest.mark.parametrize("elements", [5, 24, 1000], ids=["single columns", "parts of tokens and words", "one tile"])
@pytest.mark.parametrize("bias", [False, True], ids=["no bias", "bias"])
def test_gradients_of_log_probs_entropies_and_candidates_are_those_of_finite_differences(elements, bias):
    hidden_NH, targets_N, head = problem(bias=bias)

    def differentiable(hidden_NH, weight_VH, bias_V=None):
        scores = head_scores(hidden_NH, weight_VH, bias_V, targets_N, 0.7, LogitShaping(), elements)
        return scores[:3]

    assert torch.autograd.gradcheck(differentiable, (hidden_NH, *head.parameters()))


@pytest.mark.parametrize("elements", [5, 24, 1000])
def test_scores_with_a_bias_and_entropy_gradient_equal_those_of_full_logits(monkeypatch, elements):
    monkeypatch.setattr("asym_lit.policy.token_scores.CHUNK_ELEMENTS", elements)
    hidden_NH, targets_N, head = problem()
    inputs = (hidden_NH, head.weight, head.bias)
    ours = TokenScorer(HeadOnly(head)).score_flat(hidden_NH, targets_N, 0.7, LIVE)
    logits_NV = head(hidden_NH)
    full = full_scores(logits_NV, targets_N, torch.ones(len(targets_N)), 3, 0.7)
    full.entropy_BT = torch.distributions.Categorical(logits=logits_NV / 0.7).entropy()
    for name in ("logprobs_BT", "entropy_BT", "topk_logprobs_BTK", "rank1_BT", "squares_BT"):
        torch.testing.assert_close(getattr(ours, name), getattr(full, name), rtol=0, atol=1e-12)
    for mine, theirs in zip(gradients_of(ours, *inputs), gradients_of(full, *inputs), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-11)


def test_only_what_is_trained_gets_a_gradient():
    hidden_NH, targets_N, head = problem()
    head.weight.requires_grad_(False)
    total(TokenScorer(HeadOnly(head)).score_flat(hidden_NH, targets_N, 1.0, EVERYTHING)).backward()
    assert head.weight.grad is None
    assert head.bias.grad.any() and hidden_NH.grad.any()


def test_needing_the_entropys_gradient_is_needing_the_entropy():
    assert Needs(entropy_gradient=True).entropy
    assert (Needs() | Needs(entropy_gradient=True)).entropy_gradient
    assert not Needs(entropy=True).entropy_gradient


@pytest.mark.parametrize("elements", [16, 1000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_probabilities_of_zero_and_one_give_finite_scores_and_gradients(monkeypatch, elements, dtype):
    monkeypatch.setattr("asym_lit.policy.token_scores.CHUNK_ELEMENTS", elements)
    head = torch.nn.Linear(5, 5, dtype=dtype)
    head.weight.data, head.bias.data = torch.eye(5, dtype=dtype), torch.zeros(5, dtype=dtype)
    head.bias.data[4] = -torch.inf
    rows = [[1e4, 0, 0, 0, 0], [1e4, 0, 0, 0, 0], [0, -1e4, -1e4, -1e4, 0], [-1e30, 1e30, 0, 0, 0], [7, 7, 7, 7, 0]]
    hidden_NH = torch.tensor(rows, dtype=dtype).requires_grad_()
    scores = TokenScorer(HeadOnly(head)).score_flat(hidden_NH, torch.tensor([0, 1, 0, 1, 4]), 1.0, LIVE)
    assert scores.logprobs_BT[[0, 2, 3]].tolist() == [0, 0, 0]
    assert scores.logprobs_BT[1].item() == pytest.approx(-1e4, rel=1e-2)
    assert scores.logprobs_BT[4].item() < -1e29
    assert scores.entropy_BT.tolist() == pytest.approx([0, 0, 0, 0, torch.tensor(4.0).log().item()], abs=1e-6)
    assert scores.rank1_BT.tolist() == [True, False, True, True, False]
    values = [scores.logprobs_BT, scores.entropy_BT, scores.topk_logprobs_BTK]
    for found in (*values, *gradients_of(scores, hidden_NH, *head.parameters())):
        assert found.isfinite().all()


@pytest.mark.parametrize("name", ["logprobs_BT", "entropy_BT", "topk_logprobs_BTK"])
def test_a_gradient_by_one_kind_of_score_alone_is_finite_and_right(name):
    hidden_NH, targets_N, head = problem()
    ours = TokenScorer(HeadOnly(head)).score_flat(hidden_NH, targets_N, 1.0, LIVE)
    full = full_scores(head(hidden_NH), targets_N, torch.ones(len(targets_N)))
    full.entropy_BT = torch.distributions.Categorical(logits=head(hidden_NH)).entropy()
    found = [torch.autograd.grad(getattr(scores, name).square().sum(), hidden_NH)[0] for scores in (ours, full)]
    torch.testing.assert_close(*found, rtol=0, atol=1e-12)


def test_masked_rows_and_one_token_responses_give_finite_scores_and_gradients():
    model = tiny_policy()
    mask_BT = torch.tensor([[0.0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]])
    scores = scored(model, needs=LIVE, mask=mask_BT)
    assert not scores.logprobs_BT[[0, 2]].any() and scores.logprobs_BT[1, 0] < 0
    total(scores).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), name
    assert model.lm_head.weight.grad.any()


def test_half_precision_gradients_are_sums_in_single_precision(monkeypatch):
    """Hundreds of tokens in many chunks: each entry is rounded once, at the end."""
    monkeypatch.setattr("asym_lit.policy.token_scores.CHUNK_ELEMENTS", 300)
    hidden_NH, targets_N, half = problem(tokens=500, vocabulary=40, dtype=torch.bfloat16)
    whole = torch.nn.Linear(4, 40)
    whole.load_state_dict(half.state_dict())
    ours = TokenScorer(HeadOnly(half)).score_flat(hidden_NH, targets_N, 0.7, LIVE)
    wide_NH = hidden_NH.detach().float().requires_grad_()
    theirs = TokenScorer(HeadOnly(whole)).score_flat(wide_NH, targets_N, 0.7, LIVE)
    torch.testing.assert_close(ours.logprobs_BT, theirs.logprobs_BT, rtol=0, atol=0)
    expected = gradients_of(theirs, wide_NH, *whole.parameters())
    for mine, other in zip(gradients_of(ours, hidden_NH, *half.parameters()), expected, strict=True):
        assert mine.dtype == torch.bfloat16
        torch.testing.assert_close(mine.float(), other, rtol=2**-8, atol=1e-6)


def test_products_of_half_precision_matrices_into_single_precision_give_the_same(monkeypatch):
    """The way of GPUs, with their product imitated."""
    hidden_NH, targets_N, head = problem(tokens=50, vocabulary=40, dtype=torch.bfloat16)
    scorer, inputs = TokenScorer(HeadOnly(head)), (hidden_NH, *head.parameters())
    plain = scorer.score_flat(hidden_NH, targets_N, 0.7, LIVE)
    plain_gradients = gradients_of(plain, *inputs)
    usual = TileSettings.of

    def raised(left, right, dtype):
        assert left.dtype == right.dtype == torch.bfloat16 and dtype == torch.float32
        return left.float() @ right.float()

    monkeypatch.setattr(TileSettings, "of", lambda *args: replace(usual(*args), operand_dtype=torch.bfloat16))
    monkeypatch.setattr("asym_lit.policy.logit_tiles.raised_product", raised)
    scores = scorer.score_flat(hidden_NH, targets_N, 0.7, LIVE)
    torch.testing.assert_close(scores.logprobs_BT, plain.logprobs_BT, rtol=0, atol=1e-6)
    for one, other in zip(gradients_of(scores, *inputs), plain_gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=0.02, atol=0.02 * float(other.abs().max()))


def test_autocast_on_a_cpu_changes_nothing_from_the_hidden_states_on():
    hidden_NH, targets_N, head = problem(dtype=torch.float32)
    scorer = TokenScorer(HeadOnly(head))
    plain = scorer.score_flat(hidden_NH, targets_N, 1.0, LIVE)
    with torch.autocast("cpu", torch.bfloat16):
        cast = scorer.score_flat(hidden_NH, targets_N, 1.0, LIVE)
    torch.testing.assert_close(cast.logprobs_BT, plain.logprobs_BT, rtol=0, atol=0)
    torch.testing.assert_close(gradients_of(cast, hidden_NH), gradients_of(plain, hidden_NH), rtol=0, atol=0)


def test_more_candidates_than_words_are_refused():
    hidden_NH, targets_N, head = problem()
    with pytest.raises(InputError, match=r"8 candidates .* of a vocabulary of 7; allowed: at most 7"):
        TokenScorer(HeadOnly(head)).score_flat(hidden_NH, targets_N, 1.0, Needs(top_n=8))


def test_a_head_that_is_no_plain_linear_layer_is_refused():
    with pytest.raises(InputError, match=r"LM head is a Sequential; .*Allowed: a plain torch\.nn\.Linear"):
        TokenScorer(HeadOnly(torch.nn.Sequential(torch.nn.Linear(2, 3))))


SHAPINGS = {
    "scaled up": LogitShaping(scale=3.0),
    "scaled down": LogitShaping(scale=1 / 3),
    "capped": LogitShaping(cap=2.0),
    "scaled and capped": LogitShaping(scale=0.7, cap=1.5),
    "of six tokens": LogitShaping(vocabulary=6),
    "scaled, capped and of six tokens": LogitShaping(scale=0.7, cap=1.5, vocabulary=6),
}


def shaped_in_full(head, hidden_NH, targets_N, shaping, temperature):
    """Scores from all logits at once; tokens beyond the vocabulary have -inf."""
    scale, cap = shaping.scale, shaping.cap
    logits_NV = head(hidden_NH) * scale
    if cap is not None:
        logits_NV = cap * torch.tanh(logits_NV / cap)
    beyond_V = torch.arange(logits_NV.shape[-1]) >= (shaping.vocabulary or logits_NV.shape[-1])
    logits_NV = logits_NV.masked_fill(beyond_V, -torch.inf)
    full = full_scores(logits_NV, targets_N, torch.ones(len(targets_N)), 3, temperature)
    possible_NV = logits_NV[:, ~beyond_V] / temperature
    full.entropy_BT = torch.distributions.Categorical(logits=possible_NV).entropy()
    return full


@pytest.mark.parametrize("elements", [5, 24, 1000], ids=["single columns", "parts of tokens and words", "one tile"])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("bias", [False, True], ids=["no bias", "bias"])
@pytest.mark.parametrize(
    ("dtype", "within"), [(torch.float64, 1e-10), (torch.float32, 1e-5)], ids=["double precision", "single precision"]
)
@pytest.mark.parametrize("shaping", SHAPINGS.values(), ids=SHAPINGS)
def test_shaped_logits_give_the_values_and_gradients_of_full_ones(shaping, dtype, within, bias, temperature, elements):
    hidden_NH, targets_N, head = problem(bias=bias, dtype=dtype)
    targets_N = targets_N.clamp(max=5)
    inputs = (hidden_NH, *head.parameters())
    bias_V = head.bias if bias else None
    found = head_scores(hidden_NH, head.weight, bias_V, targets_N, temperature, shaping, elements)
    ours, full = TokenScores(*found), shaped_in_full(head, hidden_NH, targets_N, shaping, temperature)
    plain = shaped_in_full(head, hidden_NH, targets_N, LogitShaping(), temperature)
    assert (full.logprobs_BT - plain.logprobs_BT).abs().max() > 0.01
    for name in ("logprobs_BT", "entropy_BT", "topk_logprobs_BTK", "rank1_BT", "squares_BT"):
        torch.testing.assert_close(getattr(ours, name), getattr(full, name), rtol=0, atol=within)
    found, expected = gradients_of(ours, *inputs), gradients_of(full, *inputs)
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=within * max(1, float(theirs.abs().max())))
    assert found[1][6:].any() == (shaping.vocabulary is None)


@pytest.mark.parametrize("elements", [5, 24, 1000])
@pytest.mark.parametrize("shaping", SHAPINGS.values(), ids=SHAPINGS)
def test_gradients_of_shaped_logits_are_those_of_finite_differences(shaping, elements):
    hidden_NH, targets_N, head = problem()
    targets_N = targets_N.clamp(max=5)

    def differentiable(hidden_NH, weight_VH, bias_V):
        return head_scores(hidden_NH, weight_VH, bias_V, targets_N, 0.7, shaping, elements)[:3]

    assert torch.autograd.gradcheck(differentiable, (hidden_NH, *head.parameters()))


@pytest.mark.parametrize("neutral", [LogitShaping(1.0, None, 7), LogitShaping(1.0, None, 70), LogitShaping(1.0, 1e9)])
def test_a_scale_of_one_a_far_cap_and_a_whole_vocabulary_change_nothing(neutral):
    hidden_NH, targets_N, head = problem()
    inputs = (hidden_NH, *head.parameters())
    ours, plain = (TokenScores(*head_scores(*inputs, targets_N, 0.7, shaping, 24)) for shaping in (neutral, LogitShaping()))
    torch.testing.assert_close(ours.logprobs_BT, plain.logprobs_BT, rtol=0, atol=0 if neutral.cap is None else 1e-12)
    for mine, theirs in zip(gradients_of(ours, *inputs), gradients_of(plain, *inputs), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=0 if neutral.cap is None else 1e-12)


@pytest.mark.parametrize("needs", [Needs(), EVERYTHING, LIVE], ids=["log-prob", "everything", "entropy gradient"])
def test_no_tensor_of_shaped_logits_holds_more_than_a_chunk_or_a_gradient(needs):
    tokens, vocabulary = 300, 200
    hidden_NH, targets_N, head = problem(tokens, 4, vocabulary, dtype=torch.float32)
    shaping = LogitShaping(0.5, 2.0, 190)
    with Largest() as largest:
        found = head_scores(hidden_NH, *head.parameters(), targets_N.clamp(max=189), 0.7, shaping, 400, needs)
        total(TokenScores(*found)).backward()
    assert largest.elements <= max(400, 4 * vocabulary, 4 * tokens, tokens * 7)


def test_a_token_beyond_the_vocabulary_is_impossible_and_gives_finite_gradients():
    hidden_NH, _, head = problem(tokens=2)
    scores = TokenScorer(HeadOnly(head), vocabulary=6).score_flat(hidden_NH, torch.tensor([6, 5]), 1.0, LIVE)
    assert scores.logprobs_BT[0] < -1e29 and scores.logprobs_BT[1] > -20
    assert not scores.rank1_BT[0]
    for found in gradients_of(scores, hidden_NH, *head.parameters()):
        assert found.isfinite().all()


def test_a_vocabulary_is_no_larger_than_the_head():
    _, _, head = problem()
    assert TokenScorer(HeadOnly(head)).vocabulary == TokenScorer(HeadOnly(head), vocabulary=100).vocabulary == 7
    assert TokenScorer(HeadOnly(head), vocabulary=100).shaping == LogitShaping()
    assert TokenScorer(HeadOnly(head), vocabulary=6).shaping == LogitShaping(vocabulary=6)
    hidden_NH, targets_N, _ = problem()
    with pytest.raises(InputError, match=r"7 candidates .* of a vocabulary of 6; allowed: at most 6"):
        TokenScorer(HeadOnly(head), vocabulary=6).score_flat(hidden_NH, targets_N, 1.0, Needs(top_n=7))


def test_ids_without_a_token_between_others_are_impossible_as_with_minus_infinity_in_full_logits():
    model = any_tiny_policy()
    scorer = TokenScorer(model, gaps=frozenset({3, 7}))
    head = model.get_output_embeddings()
    hidden_NH = torch.randn(5, head.in_features)
    targets_N = torch.tensor([1, 2, 4, 5, 6])
    found = scorer.score_flat(hidden_NH, targets_N, 0.7, Needs(entropy=True, top_n=3))
    logits_NV = (hidden_NH @ head.weight.T).detach()
    logits_NV[:, [3, 7]] = -torch.inf
    logprobs_NV = (logits_NV / 0.7).log_softmax(-1)
    torch.testing.assert_close(found.logprobs_BT, logprobs_NV[range(5), targets_N], atol=1e-5, rtol=0)
    torch.testing.assert_close(found.topk_logprobs_BTK, logprobs_NV.topk(3).values, atol=1e-5, rtol=0)
    assert not torch.equal(found.logprobs_BT, TokenScorer(model).score_flat(hidden_NH, targets_N, 0.7, Needs()).logprobs_BT)


def test_large_products_by_another_library_give_the_same_scores_and_gradients(monkeypatch):
    """A head large enough for oneDNN, which is asked even where it is not quicker."""
    hidden_NH, targets_N, head = problem(1500, 132, 2000, dtype=torch.float32)
    inputs, asked = (hidden_NH, *head.parameters()), []

    def found():
        scores = TokenScorer(HeadOnly(head)).score_flat(hidden_NH, targets_N, 0.7, LIVE)
        return scores, gradients_of(scores, *inputs)

    def counting(left, right):
        asked.append(len(left))
        return wide_product(left, right)

    monkeypatch.setattr("asym_lit.policy.linear_products.has_wider_products", lambda: False)
    plain, by_plain = found()
    monkeypatch.setattr("asym_lit.policy.linear_products.has_wider_products", lambda: True)
    monkeypatch.setattr("asym_lit.policy.logit_tiles.wide_product", counting)
    wide, by_wide = found()
    assert len(asked) >= 8, "logits of both passes, and both gradients"
    torch.testing.assert_close(wide.logprobs_BT, plain.logprobs_BT, rtol=0, atol=1e-5)
    for ours, theirs in zip(by_wide, by_plain, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5 * max(1.0, float(theirs.abs().max())))


def test_a_head_in_bf16_moves_log_probs_by_its_rounding_and_both_passes_alike():
    hidden_NH, targets_N, head = problem(400, 32, 500, dtype=torch.float32)
    inputs = (hidden_NH, *head.parameters())
    exact, rounded, again = (
        TokenScorer(HeadOnly(head), head_dtype=dtype).score_flat(hidden_NH, targets_N, 1.0, LIVE)
        for dtype in (None, torch.bfloat16, torch.bfloat16)
    )
    assert torch.equal(rounded.logprobs_BT, again.logprobs_BT)
    gap_N = (rounded.logprobs_BT - exact.logprobs_BT).abs()
    assert 1e-4 < float(gap_N.mean()) < 0.05
    for ours, theirs in zip(gradients_of(rounded, *inputs), gradients_of(exact, *inputs), strict=True):
        assert ours.dtype == torch.float32
        assert float((ours - theirs).norm() / theirs.norm()) < 0.15  # 0.10: logits of 30 are rounded by 0.06


def test_a_head_in_the_dtype_of_the_policy_is_what_none_is():
    hidden_NH, targets_N, head = problem(dtype=torch.float32)
    one, other = (
        TokenScorer(HeadOnly(head), head_dtype=dtype).score_flat(hidden_NH, targets_N, 0.7, EVERYTHING)
        for dtype in (None, torch.float32)
    )
    assert torch.equal(one.logprobs_BT, other.logprobs_BT)
