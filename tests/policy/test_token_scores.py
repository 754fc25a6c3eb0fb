import pytest
import torch

from asym_lit.policy.token_scores import TokenScorer
from asym_lit.types import InputError, Needs
from fakes import HeadOnly, full_scores
from fakes import tiny_policy as any_tiny_policy

EVERYTHING = Needs(entropy=True, top_n=3, rank1=True)
V = 13
# Three rows: prompt lengths 2, 4, 1; responses of 3, 1 and 4 tokens; the rest is padding.
INPUT_IDS = torch.tensor([[3, 4, 5, 6, 1, 0], [7, 8, 9, 10, 11, 0], [2, 5, 5, 6, 12, 0]])
PROMPT_LENGTHS = torch.tensor([2, 4, 1])
MASK = torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]]).double()


def tiny_policy(tied=False):
    """Of a seed that makes some of the response tokens rank 1."""
    return any_tiny_policy(seed=11, tied=tied)


def scored(model, temperature=1.0, needs=EVERYTHING, mask=MASK, input_ids=INPUT_IDS):
    return TokenScorer(model)(input_ids, PROMPT_LENGTHS, mask, temperature, needs)


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


@pytest.mark.parametrize("tied", [False, True], ids=["own head", "tied head"])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("tokens_per_chunk", [1, 3, 1000])
def test_chunked_scores_equal_those_of_full_logits_in_value_and_gradient(monkeypatch, tied, temperature, tokens_per_chunk):
    monkeypatch.setattr("asym_lit.policy.token_scores.CHUNK_ELEMENTS", tokens_per_chunk * V)
    model = tiny_policy(tied=tied).double()
    ours, full = scored(model, temperature), expected(model, temperature)
    for name in ("logprobs_BT", "entropy_BT", "topk_logprobs_BTK", "rank1_BT"):
        torch.testing.assert_close(getattr(ours, name), getattr(full, name), rtol=0, atol=1e-10)
    assert ours.rank1_BT.any() and not ours.rank1_BT[MASK.bool()].all()
    our_gradients, full_gradients = gradients(model, ours), gradients(model, full)
    for name, gradient in full_gradients.items():
        torch.testing.assert_close(our_gradients[name], gradient, rtol=0, atol=1e-9, msg=name)
    assert full_gradients["model.embed_tokens.weight"].abs().max() > 1e-3


def test_a_chunk_never_holds_more_than_its_share_of_logits(monkeypatch):
    monkeypatch.setattr("asym_lit.policy.token_scores.CHUNK_ELEMENTS", 3 * V)
    model = tiny_policy().double()
    sizes = []
    model.lm_head.register_forward_hook(lambda module, args, output: sizes.append(len(output)))
    scores = scored(model)
    assert sizes == [3, 3, 2]  # 8 response tokens
    objective(scores).backward()
    assert sorted(sizes[3:]) == [2, 3, 3]  # made again, chunk by chunk


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
    for values in (scores.logprobs_BT, scores.entropy_BT, scores.topk_logprobs_BTK, scores.rank1_BT):
        assert not values[padding].any()
        assert values[~padding].any()
    other_ids = INPUT_IDS.clone()
    other_ids[0, 5], other_ids[1, 5], other_ids[2, 5] = 9, 2, 7
    torch.testing.assert_close(scored(model, input_ids=other_ids).logprobs_BT, scores.logprobs_BT, rtol=0, atol=0)


def test_only_what_is_needed_is_computed():
    scores = scored(tiny_policy(), needs=Needs())
    assert scores.entropy_BT is None and scores.topk_logprobs_BTK is None and scores.rank1_BT is None


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


def test_a_half_precision_policy_is_scored_close_to_its_full_precision_self():
    half, whole = tiny_policy().bfloat16(), tiny_policy().bfloat16().float()
    assert scored(half).logprobs_BT.dtype == torch.float32
    torch.testing.assert_close(scored(half).logprobs_BT, scored(whole).logprobs_BT, rtol=0, atol=0.2)


@pytest.mark.parametrize("name", ["final_logit_softcapping", "logit_scale", "logits_scaling"])
def test_a_head_that_does_more_than_a_matrix_product_is_refused(name):
    model = tiny_policy()
    setattr(model.config, name, 30.0)
    with pytest.raises(InputError, match=rf"config has {name}=30\.0; .*Allowed: policies without {name}"):
        TokenScorer(model)
    setattr(model.config, name, 1.0)
    assert TokenScorer(model).model is model
