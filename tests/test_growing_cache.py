from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache, DynamicLayer, DynamicSlidingWindowLayer

from asym_lit import growing_cache
from asym_lit.growing_cache import Growing, GrowingWindow, Shelf, let_grow
from asym_lit.model_caches import cache_argument
from asym_lit.rollout import cache_trial, decoding
from asym_lit.rollout.engine import EngineHost, Request
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.types import Rollout, Sampling
from fakes import make_prompt
from tiny_classes import tiny

KINDS = ["Qwen2", "Mistral", "Gemma3Text", "GPT2", "Bloom", "DeepseekV2", "Qwen3Next", "Jamba", "FalconH1", "Lfm2", "Mamba"]
JOINED_ANEW = {"Mamba", "FalconH1"}  # no keys and values; keys, values and a state in one layer


@pytest.fixture
def _grows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what is small stands in a larger tensor, and that is full after every second token."""
    monkeypatch.setattr(growing_cache, "SMALL", 0)
    monkeypatch.setattr(growing_cache, "LEAST_ROOM", 1)


def pair(window: int | None) -> tuple[Any, Any]:
    """The layer of transformers, and ours."""
    if window is None:
        return DynamicLayer(), Growing(DynamicLayer())
    return DynamicSlidingWindowLayer(window), GrowingWindow(DynamicSlidingWindowLayer(window))


def changed(layer: Any, action: str, generator: torch.Generator) -> tuple[Tensor, ...]:
    """What a layer answers to an action with numbers from a generator."""
    if action in ("token", "tokens"):
        rows = 4 if layer.keys is None or not layer.keys.numel() else len(layer.keys)
        new = [torch.rand(rows, 2, 1 if action == "token" else 5, size, generator=generator) for size in (3, 6)]
        return tuple(layer.update(*new))
    rows = len(layer.keys)
    if action == "leave":
        layer.batch_select_indices(torch.arange(rows)[torch.rand(rows, generator=generator) < 0.8])
    elif action == "mix":
        layer.reorder_cache(torch.randint(rows, (rows + 1,), generator=generator))
    elif action == "repeat":
        layer.batch_repeat_interleave(2)
    elif action == "crop":
        layer.crop(-1)
    else:
        layer.reset()
    return () if action == "reset" else (layer.keys, layer.values)


@pytest.mark.usefixtures("_grows_at_once")
@pytest.mark.parametrize("window", [None, 2, 7, 40])
@pytest.mark.parametrize("seed", range(6))
def test_a_layer_holds_what_that_of_transformers_holds_whatever_is_done_to_it(window: int | None, seed: int) -> None:
    theirs, ours = pair(window)
    drawn = torch.Generator().manual_seed(seed)
    actions = ["tokens"]
    for number in torch.randint(12, (60,), generator=drawn).tolist():
        action = {8: "leave", 9: "mix", 10: "crop" if window is None else "token", 11: "tokens"}.get(number, "token")
        actions.append(action)
    actions += ["repeat", "token", "reset", "tokens", "token", "leave", "token"]
    for place, action in enumerate(actions):
        expected, found = (changed(one, action, torch.Generator().manual_seed(100 * seed + place)) for one in (theirs, ours))
        assert len(expected) == len(found)
        for a, b in zip(expected, found, strict=True):
            assert torch.equal(a, b), (place, action)
        assert ours.get_seq_length() == theirs.get_seq_length()
        assert ours.get_mask_sizes(1) == theirs.get_mask_sizes(1)


def test_a_token_is_copied_a_few_times_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing_cache, "SMALL", 0)
    shelf, kept, copied = Shelf(), torch.empty(0), 0
    for _ in range(2000):
        before = shelf.space
        _, kept = shelf.join(kept, torch.zeros(1, 1, 1, 1))
        copied += shelf.end if shelf.space is not before else 0
        assert shelf.space is not None and shelf.space.shape[-2] <= max(33, 1.25 * kept.shape[-2] + 34)
    # 2,000 tokens in tensors a quarter larger each time: n + n/1.25 + ... = 5n at most; joined anew it is n^2 / 2.
    assert copied < 5 * 2000


def test_tokens_of_a_window_are_moved_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing_cache, "SMALL", 0)
    layer = GrowingWindow(DynamicSlidingWindowLayer(101))
    spaces: list[Tensor] = []
    for _ in range(500):
        layer.update(torch.zeros(1, 1, 1, 1), torch.zeros(1, 1, 1, 1))
        space = layer.shelves[0].space
        assert space is not None and space.shape[-2] <= 101 + 34
        if not any(space is one for one in spaces):
            spaces.append(space)
    assert layer.keys.shape[-2] == 100
    assert len(spaces) <= 500 / 32 + 1


def test_rows_that_stay_move_up_in_their_place_and_others_into_a_new_one() -> None:
    layer = Growing(DynamicLayer())
    first = torch.randn(70, 2, 300, 32)  # 38 kB a head
    layer.update(first, -first)
    place = layer.keys.data_ptr()
    rows = torch.arange(70)[torch.arange(70) % 3 != 1]  # more than one block of rows moves
    layer.batch_select_indices(rows)
    assert layer.keys.data_ptr() == place
    assert torch.equal(layer.keys, first[rows]) and torch.equal(layer.values, -first[rows])
    layer.update(first[: len(rows), :, :1], first[: len(rows), :, :1])
    assert layer.keys.data_ptr() == place
    twice = torch.tensor([0, 0, 1])
    layer.batch_select_indices(twice)
    assert layer.keys.data_ptr() != place
    assert torch.equal(layer.keys[:, :, :300], first[rows][twice])


def test_a_few_tokens_are_joined_as_ever() -> None:
    layer = Growing(DynamicLayer())
    layer.update(torch.zeros(2, 2, 63, 32), torch.zeros(2, 2, 63, 32))  # 63 x 32 x 4 bytes: 128 less than 8,192
    assert layer.shelves[0].space is None and layer.keys.is_contiguous()
    layer.update(torch.zeros(2, 2, 1, 32), torch.zeros(2, 2, 1, 32))
    assert layer.shelves[0].space is not None


def test_layers_that_hold_more_than_keys_and_values_stay_what_they_are() -> None:
    class Block(DynamicLayer):
        """Something more."""

    recording = DynamicSlidingWindowLayer(8)
    recording.activate_past_recording()
    cache = DynamicCache()
    cache.layers = [Block(), recording]
    assert let_grow(cache) is False
    assert type(cache.layers[0]) is Block and cache.layers[1] is recording
    cache.layers.append(DynamicLayer())
    assert let_grow(cache) is True
    assert [type(layer) for layer in cache.layers] == [Block, DynamicSlidingWindowLayer, Growing]
    assert let_grow(object()) is False


def host_of(model: Any) -> EngineHost:
    return EngineHost("", model, torch.device("cpu"), torch.float32, frozenset({1, 5, 9, 17}), 0)


def written(model: Any, grows: bool, monkeypatch: pytest.MonkeyPatch) -> tuple[bool, list[Rollout]]:
    with monkeypatch.context() as patch:
        if not grows:
            patch.setattr(growing_cache, "GROWING", {})
        engine = HFEngine()
        engine.start(host_of(model))
        prompts = [[2 + (5 * i + 3 * j) % 38 for j in range(length)] for i, length in enumerate((12, 3, 7))]
        requests = [Request(make_prompt(ids, uid=str(i)), i, i) for i, ids in enumerate(prompts)]
        groups = list(engine.generate(requests, Sampling(n=4, max_tokens=24)))
        return engine._use.grows, [rollout for group in groups for rollout in group]


@pytest.mark.usefixtures("_grows_at_once")
@pytest.mark.parametrize("kind", KINDS)
def test_tokens_and_log_probs_are_those_of_a_cache_that_is_joined_anew(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "COMPACT_BELOW", 1.0)
    model = tiny(kind)
    grows, ours = written(model, True, monkeypatch)
    never, theirs = written(model, False, monkeypatch)
    assert grows is (kind not in JOINED_ANEW) and never is False
    assert [r.token_ids for r in ours] == [r.token_ids for r in theirs]
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(torch.tensor(a.logprobs), torch.tensor(b.logprobs), rtol=0, atol=1e-6)
    assert len({len(r.token_ids) for r in ours}) > 1


def test_a_class_that_does_not_bear_it_generates_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("as a class would that holds the tensors itself")

    monkeypatch.setattr(Growing, "update", refuse)
    model = tiny("Qwen2")
    use = cache_trial.try_caches(model, host_of(model))
    assert use == decoding.CacheUse(str(cache_argument(model)), "batch_select_indices", pads=True, grows=False)
