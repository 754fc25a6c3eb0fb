"""Prompts read once for all of their responses: the same log-probs and gradients as a row for each, or a reason why not."""

import pytest
import torch
import transformers

from asym_lit.layouts import padded, shared
from asym_lit.policy.characters import character_tokenizer
from asym_lit.policy.export import save_policy
from asym_lit.policy.loading import checkpoint_activations
from asym_lit.policy.lora import LoRA, add_adapters
from asym_lit.policy.shared_attention import PREFIX, reading
from asym_lit.policy.sharing_trial import try_sharing
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.types import Needs
from fakes import make_prompt, make_rollout, tiny_policy
from model_kinds import SPREAD

CPU, NEEDS = torch.device("cpu"), Needs(entropy=True, entropy_gradient=True, top_n=3, rank1=True)
WINDOW = {"sliding_window": 4}  # shorter than the prompts below
SHARE = {
    "Llama": ("Llama", {}),
    "Mistral, a window": ("Mistral", WINDOW),
    "Gemma-2, windows and soft caps": ("Gemma2", {**WINDOW, "final_logit_softcapping": 3.0, "attn_logit_softcapping": 2.0}),
    "Gemma-3": ("Gemma3Text", WINDOW),
    "Qwen3": ("Qwen3", {}),
    "Qwen3-MoE": ("Qwen3Moe", {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}),
    "GPT-OSS, sinks": ("GptOss", {**WINDOW, "num_local_experts": 4}),
    "GPT-2, learned positions": ("GPT2", {"n_embd": 32, "n_layer": 2, "n_head": 4}),
    "OPT": ("OPT", {"ffn_dim": 32, "word_embed_proj_dim": 32}),
}


def policy(config, sizes, **changes):
    made = getattr(transformers, f"{config}Config")(**{**SPREAD, **sizes, **changes})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return transformers.AutoModelForCausalLM.from_config(made).eval()


def rollouts(vocabulary=61):
    """Prompts of 7, 3 and 5 tokens, each with responses of other lengths; one of a single token."""
    g = torch.Generator().manual_seed(0)

    def tokens(number):
        return tuple(torch.randint(3, vocabulary, (number,), generator=g).tolist())

    found = []
    for slot, (length, *responses) in enumerate([(7, 6, 1, 9, 3), (3, 4), (5, 8, 8)]):
        prompt = make_prompt(tokens(length), uid=str(slot))
        found += [make_rollout(tokens(number), slot=slot, prompt=prompt) for number in responses]
    return found


def mask_of(rows):
    lengths = torch.tensor([len(row.token_ids) for row in rows])
    return (torch.arange(int(lengths.max())) < lengths[:, None]).double()


def scores_and_gradients(scorer, tokens, rows):
    """All scores, and the gradient of a sum in which each counts differently."""
    mask_BT = mask_of(rows)
    scores = scorer(tokens, mask_BT, 0.7, NEEDS)
    weights_BT = mask_BT * torch.linspace(-1, 1, mask_BT.numel()).view_as(mask_BT)
    total = (weights_BT * (scores.logprobs_BT + 0.1 * scores.entropy_BT + 0.1 * scores.topk_logprobs_BTK.sum(-1))).sum()
    wanted = [p for p in scorer.parameters() if p.requires_grad]
    return scores, torch.autograd.grad(total, wanted, allow_unused=True)


def assert_alike(scorer, rows, atol=1e-5):
    plain, by_plain = scores_and_gradients(scorer, padded(rows, CPU), rows)
    ours, by_ours = scores_and_gradients(scorer, shared(rows, CPU), rows)
    for name in ("logprobs_BT", "entropy_BT", "topk_logprobs_BTK"):
        torch.testing.assert_close(getattr(ours, name), getattr(plain, name), rtol=0, atol=atol)
    assert torch.equal(ours.rank1_BT, plain.rank1_BT)
    seen = 0.0
    for one, other in zip(by_ours, by_plain, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other, rtol=0, atol=atol * max(1.0, float(other.abs().max())))
            seen = max(seen, float(other.abs().max()))
    assert seen > 1e-3


@pytest.mark.parametrize("name", SHARE)
def test_scores_and_gradients_are_those_of_a_row_for_each_response(name):
    scorer = TokenScorer(policy(*SHARE[name]))
    if "experts" not in str(SHARE[name]):  # whose products torch has in fp32 and less alone
        scorer.double()  # but for norms and rotations, which these classes make in fp32
    try_sharing(scorer)
    assert scorer.why_not_shared == "" and scorer.shares_prompts
    assert scorer.model.config._attn_implementation.startswith(PREFIX)
    assert_alike(scorer, rollouts())


def test_they_are_with_gradient_checkpointing():
    scorer = TokenScorer(tiny_policy(vocabulary=61)).double().train()
    try_sharing(scorer)
    rows = rollouts()
    _, expected = scores_and_gradients(scorer, shared(rows, CPU), rows)
    checkpoint_activations(scorer.model)
    _, found = scores_and_gradients(scorer, shared(rows, CPU), rows)
    assert scorer.model.is_gradient_checkpointing
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one, other)


def test_they_are_with_adapters():
    model = add_adapters(tiny_policy(vocabulary=61), LoRA(r=2))
    for parameter in model.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.3)
    scorer = TokenScorer(model).double()
    try_sharing(scorer)
    assert_alike(scorer, rollouts())


def test_in_bf16_they_are_within_its_rounding():
    scorer = TokenScorer(tiny_policy(vocabulary=61).to(torch.bfloat16))
    try_sharing(scorer)
    assert scorer.shares_prompts
    rows, mask_BT = rollouts(), mask_of(rollouts())
    with torch.no_grad():
        plain, ours = (scorer(layout(rows, CPU), mask_BT, 1.0, Needs()).logprobs_BT for layout in (padded, shared))
    assert float((plain - ours).abs().mean()) < 0.05


def test_what_is_read_in_rows_is_read_as_before_to_the_last_bit():
    model = tiny_policy(vocabulary=61)
    rows, mask_BT = rollouts(), mask_of(rollouts())
    ids_BS = padded(rows, CPU).ids_BS
    with torch.no_grad():
        before, generated = model(ids_BS).logits, model.generate(ids_BS[:, :4], max_new_tokens=5, do_sample=False)
        scorer = TokenScorer(model)
        scores = scorer(padded(rows, CPU), mask_BT, 1.0, NEEDS).logprobs_BT
        try_sharing(scorer)
        assert torch.equal(model(ids_BS).logits, before)
        assert torch.equal(model.generate(ids_BS[:, :4], max_new_tokens=5, do_sample=False), generated)
        assert torch.equal(scorer(padded(rows, CPU), mask_BT, 1.0, NEEDS).logprobs_BT, scores)


def test_an_export_knows_nothing_of_it(tmp_path):
    scorer = TokenScorer(tiny_policy(vocabulary=64))
    try_sharing(scorer)
    save_policy(scorer.model, character_tokenizer(64), tmp_path)
    assert PREFIX not in "".join(path.read_text() for path in tmp_path.glob("*.json"))
    loaded = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    assert loaded.config._attn_implementation == "sdpa"


def test_the_mode_of_the_policy_is_left_as_it_was():
    scorer = TokenScorer(tiny_policy()).train()
    try_sharing(scorer)
    assert scorer.training and scorer.model.training


@pytest.mark.parametrize(
    ("name", "sizes", "reason"),
    [
        ("Mamba", {"state_size": 8}, "its log-probs would move by .* nats, as with layers that carry a state"),
        ("Qwen3_5Text", {"layer_types": ["linear_attention", "full_attention"], **{f"linear_{n}": 8 for n in
         ("key_head_dim", "value_head_dim")}, "linear_num_key_heads": 2, "linear_num_value_heads": 4}, "would move by"),
        ("Bloom", {"n_head": 4, "n_layer": 2}, "not one of transformers' interchangeable functions"),
        ("Rwkv", {"attention_hidden_size": 32}, "not one of transformers' interchangeable functions"),
        ("Roberta", {"is_decoder": True}, "its log-probs would move by"),
    ],
)  # fmt: skip
def test_what_cannot_share_says_why_and_is_left_as_it_was(name, sizes, reason):
    model = policy(name, sizes)
    attention = model.config._attn_implementation
    scorer = TokenScorer(model)
    try_sharing(scorer)
    assert not scorer.shares_prompts
    assert model.config._attn_implementation == attention
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(scorer.why_not_shared)


def test_a_policy_whose_responses_see_each_other_is_found_however_little_they_do():
    """One ten-millionth of the mean over the row is added to every hidden state: log-probs move by less than rounding."""

    class Mixed(torch.nn.Module):
        def __init__(self, norm):
            super().__init__()
            self.norm = norm

        def forward(self, hidden_BSH):
            return self.norm(hidden_BSH + 1e-7 * hidden_BSH.cumsum(1))

    model = tiny_policy()
    scorer = TokenScorer(model)
    model.model.norm = Mixed(model.model.norm)
    try_sharing(scorer)
    assert scorer.why_not_shared == "its responses would see each other"


def test_an_attention_that_takes_no_masks_is_named():
    model = tiny_policy()
    scorer = TokenScorer(model)
    model.config._attn_implementation = "flex_attention"
    try_sharing(scorer)
    assert scorer.why_not_shared.startswith("its attention is 'flex_attention', which takes no masks as they are needed; sdpa")


def test_what_is_being_read_is_known_to_its_forward_pass_alone():
    """What is being read is known to the forward pass alone: behind it, rows are rows again."""
    scorer = TokenScorer(tiny_policy(vocabulary=61))
    try_sharing(scorer)
    with reading(shared(rollouts(), CPU)), pytest.raises(NotImplementedError, match="a layer that gets no mask"):
        scorer.model.model.layers[0].self_attn(
            torch.zeros(1, 4, 16), position_embeddings=(torch.ones(1, 4, 8), torch.zeros(1, 4, 8)), attention_mask=None
        )
    scorer.model(torch.tensor([[3, 4, 5]]))
