"""The engine with real vLLM: its log-probs are the policy's, whatever was sent before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from asym_lit.policy.export import named_weights
from asym_lit.policy.loading import load_policy, load_tokenizer, locate
from asym_lit.rollout.engine import EngineError, EngineHost, Request
from asym_lit.rollout.vllm_engine import VLLMEngine
from asym_lit.types import InputError, Sampling
from fakes import make_prompt
from real_vllm import needs_vllm, tied_policy, worst_gap

pytestmark = needs_vllm
TEXTS = ["3,7,12,20=45:", "2,3=5:", "1,1,1,1=4:", "19,20,18,17,4=99:"]
SAMPLING = Sampling(n=4, max_tokens=16)


def host_of(policy: str) -> EngineHost:
    return EngineHost(policy, None, torch.device("cpu"), torch.float32, frozenset({1}), 0)


@pytest.fixture(scope="module")
def requests() -> list[Request]:
    tokenizer = load_tokenizer("bundled")
    return [Request(make_prompt(tokenizer(t).input_ids, uid=t), slot, 2**63 - 1 - slot) for slot, t in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def engine() -> Iterator[VLLMEngine]:
    engine = VLLMEngine()
    engine.start(host_of(locate("bundled")))
    yield engine
    engine.close()


@pytest.fixture
def policy(engine: VLLMEngine):
    policy = load_policy("bundled")
    engine.sync(named_weights(policy), 0)
    return policy


@pytest.mark.parametrize("sampling", [SAMPLING, Sampling(n=2, max_tokens=16, temperature=0.7), Sampling(n=1, max_tokens=1)])
def test_log_probs_are_those_of_the_policy_at_the_temperature(engine, policy, requests, sampling) -> None:
    groups = list(engine.generate(requests, sampling))
    assert worst_gap(policy, groups, sampling.temperature) <= 1e-4
    assert [[rollout.slot for rollout in group] for group in groups] == [[slot] * sampling.n for slot in range(4)]
    for rollout in (rollout for group in groups for rollout in group):
        assert rollout.finish_reason == ("stop" if rollout.token_ids[-1] == 1 else "length")
        assert 1 not in rollout.token_ids[:-1]
        assert len(rollout.token_ids) <= sampling.max_tokens


def test_a_response_depends_on_its_seed_alone(engine, policy, requests) -> None:
    together = {g[0].prompt.uid: [r.token_ids for r in g] for g in engine.generate(requests, SAMPLING)}
    for request in reversed(requests):
        (alone,) = engine.generate([request], SAMPLING)
        assert [rollout.token_ids for rollout in alone] == together[request.prompt.uid]
    assert len({tuple(ids) for ids in together[TEXTS[0]]}) > 1  # samples of a group have seeds of their own


def test_filters_cut_the_distribution(engine, policy, requests) -> None:
    (greedy,) = engine.generate(requests[:1], Sampling(n=3, max_tokens=16, top_k=1))
    assert len({tuple(rollout.token_ids) for rollout in greedy}) == 1
    assert all(value == 0 for value in greedy[0].logprobs)  # one token is left, with probability 1


def test_new_weights_are_taken_over_and_nothing_of_the_old_ones_stays(engine, policy, requests) -> None:
    list(engine.generate(requests, SAMPLING))
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.mul_(1.05)
    assert worst_gap(policy, list(engine.generate(requests, SAMPLING))) > 0.1
    engine.sync(named_weights(policy), 7)
    groups = list(engine.generate(requests, SAMPLING))
    assert worst_gap(policy, groups) <= 1e-4
    assert {rollout.policy_version for group in groups for rollout in group} == {7}


def test_an_abandoned_generation_leaves_nothing_running(engine, policy, requests) -> None:
    groups = engine.generate(requests, SAMPLING)
    next(groups)
    groups.close()
    assert not engine._engine.has_unfinished_requests()
    assert len(list(engine.generate(requests, SAMPLING))) == 4


def test_a_failure_inside_of_vllm_is_an_engine_error(engine, policy, requests, monkeypatch) -> None:
    def step() -> None:
        raise MemoryError("no blocks left")

    monkeypatch.setattr(engine._engine, "step", step)
    with pytest.raises(EngineError, match="vLLM failed while generating: MemoryError: no blocks left"):
        list(engine.generate(requests, SAMPLING))
    monkeypatch.undo()
    assert len(list(engine.generate(requests, SAMPLING))) == 4


def test_an_engine_can_be_started_again_in_the_same_process_also_for_a_tied_policy(engine, tmp_path: Path, requests) -> None:
    where = tied_policy(tmp_path)
    engine.close()
    engine.start(host_of(where))
    assert engine.version == -1
    tied = load_policy(where)
    with torch.no_grad():
        tied.get_output_embeddings().weight.mul_(1.5)
    weights = dict(named_weights(tied))
    engine.sync(((name, value) for name, value in weights.items() if name != "lm_head.weight"), 0)
    assert worst_gap(tied, list(engine.generate(requests, SAMPLING))) > 0.1  # what `named_parameters()` would have sent
    engine.sync(weights.items(), 1)
    assert worst_gap(tied, list(engine.generate(requests, SAMPLING))) <= 1e-4
    engine.close()
    engine.start(host_of(locate("bundled")))


def test_prompts_that_do_not_fit_a_forward_pass_wait_and_ids_without_a_token_are_never_sampled(engine, policy) -> None:
    tokenizer = load_tokenizer("bundled")
    digits = tuple(tokenizer.convert_tokens_to_ids(list("0123456789")))
    ids = (tokenizer(TEXTS[0]).input_ids * 14)[:170]
    requests = [Request(make_prompt([*ids, 3 + slot], uid=str(slot)), slot, 50 + slot) for slot in range(4)]
    engine.close()
    try:
        small = VLLMEngine(max_num_batched_tokens=64, max_num_seqs=16)  # raised to the context of 256
        small.start(replace(host_of(locate("bundled")), tokenless_ids=frozenset(digits)))
        assert "up to 256 tokens, the longest sequence, not 64" in small.remarks[0]
        small.sync(named_weights(policy), 0)
        together = list(small.generate(requests, SAMPLING))
        (alone,) = small.generate(requests[2:3], SAMPLING)
        small.close()
    finally:
        engine.start(host_of(locate("bundled")))
    assert [rollout.token_ids for rollout in alone] == [rollout.token_ids for rollout in together[2]]
    assert not set(digits) & {token for group in together for rollout in group for token in rollout.token_ids}
    head = policy.get_output_embeddings()
    head.bias = torch.nn.Parameter(torch.zeros(head.out_features))
    with torch.no_grad():
        head.bias[list(digits)] = -torch.inf
    assert worst_gap(policy, together) <= 1e-4


def test_a_long_context_costs_no_cache_and_many_long_prompts_are_each_read_whole(engine, tmp_path: Path) -> None:
    """As a policy with a context of 8,192 and prompts of 475 tokens on a CPU: a whole context would not fit the cache."""
    from fakes import tiny_policy

    sizes = {"hidden_size": 64, "max_position_embeddings": 65536, "initializer_range": 0.2}
    model = tiny_policy(vocabulary=64, **sizes)
    model.save_pretrained(tmp_path)
    requests = [Request(make_prompt([3 + (7 * place + slot) % 60 for place in range(475)]), slot, slot) for slot in range(16)]
    sampling = Sampling(n=2, max_tokens=8)
    engine.close()
    try:
        small = VLLMEngine(kv_cache_gib=0.02)
        with pytest.raises(InputError, match="KV cache"):
            small.start(host_of(str(tmp_path)))
    finally:
        small.close()
    try:
        small = VLLMEngine(kv_cache_gib=0.02)
        small.start(replace(host_of(str(tmp_path)), longest=483))
        small.sync(named_weights(load_policy(str(tmp_path))), 0)
        groups = list(small.generate(requests, sampling))
        assert worst_gap(load_policy(str(tmp_path)), groups) <= 1e-4
    finally:
        small.close()
        engine.start(host_of(locate("bundled")))


def test_greedy_responses_are_the_policys_likeliest_tokens(engine, policy, requests) -> None:
    groups = list(engine.generate(requests, SAMPLING.greedy()))
    assert [len(group) for group in groups] == [1] * 4
    for request, (rollout,) in zip(requests, groups, strict=True):
        ids = torch.tensor([[*request.prompt.token_ids, *rollout.token_ids]])
        with torch.no_grad():
            logits = policy(ids).logits[0, len(request.prompt.token_ids) - 1 : -1]
        assert logits.argmax(-1).tolist() == rollout.token_ids
