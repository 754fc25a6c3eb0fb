from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from asym_lit.rollout import cache_trial, decoding
from asym_lit.rollout.cache_trial import try_caches
from asym_lit.rollout.decoding import CacheUse, DecodingLoop
from asym_lit.rollout.engine import EngineHost, Request
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.types import InputError, Prompt, Sampling
from fakes import make_prompt, tiny_policy
from tiny_classes import tiny

RECURRENT = ["Qwen3_5Text", "Qwen3Next", "Mamba", "Mamba2", "FalconMamba", "Jamba", "Bamba", "FalconH1", "MiniMax", "Lfm2"]
PLAIN = ["Qwen2", "Mistral", "Gemma3Text", "GPT2", "Bloom"]
LENGTHS = (12, 3, 7, 3, 1, 12)  # windows are of 8 tokens, and responses longer
SAMPLING = Sampling(n=3, max_tokens=12)


def host_of(model: Any, dtype: torch.dtype = torch.float32) -> EngineHost:
    return EngineHost("", model, torch.device("cpu"), dtype, frozenset({1, 5, 9, 17, 30}), 0)


def requests_of(lengths: tuple[int, ...] = LENGTHS) -> list[Request]:
    return [
        Request(make_prompt([2 + (5 * slot + 3 * place) % 38 for place in range(length)], uid=str(slot)), slot, 70 + slot)
        for slot, length in enumerate(lengths)
    ]


def started(model: Any) -> HFEngine:
    engine = HFEngine()
    engine.start(host_of(model))
    engine.sync([], 0)
    return engine


@pytest.mark.parametrize("kind", RECURRENT + PLAIN)
def test_log_probs_are_those_of_plain_forward_passes_whatever_a_class_keeps(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "COMPACT_BELOW", 1.0)  # every row that ends is taken out at once
    model = tiny(kind)
    groups = list(started(model).generate(requests_of(), SAMPLING))
    assert [group[0].slot for group in groups] == [0, 1, 2, 3, 4, 5]
    for rollout in (rollout for group in groups for rollout in group):
        prompt = rollout.prompt.token_ids
        logits_TV = model(input_ids=torch.tensor([[*prompt, *rollout.token_ids]])).logits[0, len(prompt) - 1 : -1]
        expected_T = logits_TV.log_softmax(-1).gather(-1, torch.tensor(rollout.token_ids)[:, None]).squeeze(-1)
        torch.testing.assert_close(torch.tensor(rollout.logprobs), expected_T, rtol=0, atol=1e-4)
    assert len({len(rollout.token_ids) for group in groups for rollout in group}) > 1


@pytest.mark.parametrize("kind", ["Qwen3_5Text", "Jamba", "Gemma3Text"])
def test_a_response_does_not_depend_on_its_batch_whatever_a_class_keeps(kind: str) -> None:
    engine = started(tiny(kind))
    together = [[r.token_ids for r in group] for group in engine.generate(requests_of(), SAMPLING)]
    alone = [[r.token_ids for r in group] for request in requests_of() for group in engine.generate([request], SAMPLING)]
    assert together == alone


@pytest.mark.parametrize("kind", RECURRENT)
def test_prompts_of_different_length_never_share_a_batch_where_padding_leaves_its_trace(kind: str) -> None:
    engine = started(tiny(kind))
    assert engine._use.pads is False
    assert engine.remarks and "only prompts of one length share a batch" in engine.remarks[0]
    ordered = sorted(requests_of(), key=lambda request: len(request.prompt.token_ids))
    batches = list(engine._row_batches(ordered, SAMPLING))
    assert [[len(r.prompt.token_ids) for r, _ in batch] for batch in batches] == [[1] * 3, [3] * 6, [7] * 3, [12] * 6]


@pytest.mark.parametrize("kind", PLAIN)
def test_keys_and_values_alone_are_padded_as_before(kind: str) -> None:
    engine = started(tiny(kind))
    assert engine._use.pads and engine._use.select == "batch_select_indices"
    assert engine.remarks == ()
    assert len(list(engine._row_batches(requests_of(), SAMPLING))) == 1


def test_padding_does_leave_its_trace_in_a_recurrent_class() -> None:
    model = tiny("Mamba")
    use = CacheUse(try_caches(model, host_of(model)).argument, "reorder_cache", pads=True)
    rows = cache_trial._rows(model, use)
    plain = {request.prompt.uid: cache_trial._plain(model, host_of(model), request) for request, _ in rows}
    assert cache_trial._difference(model, host_of(model), rows, use, plain) > 0.1


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("Rwkv", "takes no cache under a name that is known"),
        ("RecurrentGemma", "gives no cache back"),
    ],
)
def test_a_class_that_cannot_be_generated_with_is_refused_in_one_line(kind: str, why: str) -> None:
    model = tiny(kind)
    with pytest.raises(InputError, match=why) as refused:
        started(model)
    assert f"HFEngine cannot generate with a {type(model).__name__}" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_class_that_loses_its_window_with_a_cache_is_refused_where_the_window_is_short() -> None:
    # transformers 5.24: MiniMax masks by its window without a cache alone. From the ninth token on its logits are others.
    with pytest.raises(InputError, match=r"a MiniMaxForCausalLM: logits with the cache are off those without it"):
        started(tiny("MiniMax", sliding_window=8))
    assert started(tiny("MiniMax"))._use.argument == started(tiny("Mistral"))._use.argument


@pytest.mark.parametrize(("window", "lengths"), [(None, (3, 6)), (2, (3, 6)), (8, (7, 10)), (128, (127, 130)), (4096, (3, 6))])
def test_prompts_of_the_trial_leave_a_short_window_while_they_are_written_on(
    window: int | None, lengths: tuple[int, int]
) -> None:
    assert cache_trial._lengths(SimpleNamespace(sliding_window=window, use_sliding_window=True, hidden_size=32)) == lengths


def test_a_class_that_computes_otherwise_with_its_cache_than_without_is_refused() -> None:
    model = tiny("Zamba2")
    for name, value in model.named_parameters():
        if name.endswith("dt_bias"):
            value.fill_(-9)  # steps of 1e-4: raised to config.time_step_min, 1e-3, without a cache alone
    with pytest.raises(InputError, match=r"HFEngine cannot generate with a Zamba2ForCausalLM: logits with the cache are off"):
        started(model)


class Forgetful(torch.nn.Module):
    """A policy that answers with a cache otherwise than without one."""

    def __init__(self, off: float) -> None:
        super().__init__()
        self.inner, self.off = tiny_policy().eval(), off
        self.config = self.inner.config

    def forward(
        self, input_ids: Any, attention_mask: Any = None, position_ids: Any = None, cache: Any = None, **more: Any
    ) -> Any:
        from asym_lit.model_caches import cache_argument

        name = cache_argument(self.inner)
        assert name is not None
        out = self.inner(input_ids, attention_mask, position_ids, **{name: cache}, **more)
        out.logits = out.logits + self.off * (cache is not None) * torch.arange(13.0)
        out.cache = getattr(out, name)
        return out


@pytest.mark.parametrize(("off", "dtype", "passes"), [(0.0, torch.float32, True), (0.01, torch.float32, False)])
def test_what_differs_with_the_cache_is_found(off: float, dtype: torch.dtype, passes: bool) -> None:
    model = Forgetful(off)
    if passes:
        assert try_caches(model, host_of(model, dtype)) == CacheUse("cache", "batch_select_indices", pads=True)
    else:
        with pytest.raises(InputError, match="logits with the cache are off"):
            try_caches(model, host_of(model, dtype))


def test_half_precision_passes_with_its_rounding() -> None:
    for kind in ("Qwen2", "Qwen3_5Text", "Qwen3Next", "Jamba"):  # the last two have experts
        model = tiny(kind).bfloat16()
        assert try_caches(model, host_of(model, torch.bfloat16)).select is not None


def test_a_state_whose_rows_are_not_taken_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers.cache_utils import LinearAttentionLayer

    monkeypatch.setattr(LinearAttentionLayer, "reorder_cache", lambda self, rows: None)
    model = tiny("Lfm2")
    assert try_caches(model, host_of(model)).select is None  # each row reads its own prompt
    groups = list(started(model).generate(requests_of((3, 5)), SAMPLING))
    assert [len(group) for group in groups] == [3, 3]


def test_the_trial_leaves_mode_and_random_numbers_alone() -> None:
    model = tiny("Qwen3_5Text").train()
    before = torch.get_rng_state()
    started(model)
    assert model.training and torch.equal(torch.get_rng_state(), before)


def test_without_padding_a_batch_of_several_lengths_is_a_mistake() -> None:
    model = tiny("Qwen2")
    rows = [(Request(Prompt(str(n), "", {}, "t", tuple(range(2, 2 + n))), 0, 0), 0) for n in (2, 3)]
    with pytest.raises(AssertionError):
        DecodingLoop(model, host_of(model), rows, CacheUse(pads=False))
