from dataclasses import replace
from itertools import chain

import pytest
import torch
from scipy.stats import chisquare

from asym_lit.policy.export import named_weights
from asym_lit.policy.loading import load_policy, load_tokenizer
from asym_lit.rollout import decoding
from asym_lit.rollout.engine import EngineHost, Request
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.types import InputError, Sampling
from fakes import make_prompt, tiny_policy

EOS, PAD = 1, 0
TEXTS = ["3,7,12,20=45:", "2,3=5:", "1,1,1,1=4:", "19,20,18,17,4=99:"]  # of different lengths


@pytest.fixture(scope="module")
def bundled():
    return load_policy("bundled")


@pytest.fixture(scope="module")
def requests():
    tokenizer = load_tokenizer("bundled")
    return [Request(make_prompt(tokenizer(text).input_ids, uid=text), slot, 100 + slot) for slot, text in enumerate(TEXTS)]


def started(model, max_batch_tokens=65536, stop=(EOS,), policy="bundled", shared=True):
    engine = HFEngine(max_batch_tokens)
    where = (policy, model if shared else None, torch.device("cpu"), torch.float32, frozenset(stop), PAD)
    host = EngineHost(*where, load=lambda: load_policy(policy))
    engine.start(host)
    return engine


def written(engine, requests, sampling):
    """Token ids of all responses, by group."""
    return [[rollout.token_ids for rollout in group] for group in engine.generate(requests, sampling)]


def full_logits(model, rollout):
    """Logits that predict each response token, from one forward pass over prompt and response, without padding."""
    prompt = rollout.prompt.token_ids
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([[*prompt, *rollout.token_ids]])).logits[0]
    return logits[len(prompt) - 1 : -1].double()


def filtered(logits_TV, sampling):
    """The distribution that is sampled from, the slow way: token by token."""
    rows = []
    for probs in (logits_TV / sampling.temperature).softmax(-1).tolist():
        probable = [token for token in range(len(probs)) if probs[token] >= sampling.min_p * max(probs)]
        order = sorted(probable, key=lambda token: -probs[token])[: sampling.top_k or None]
        kept, mass, total = [], 0.0, sum(probs[token] for token in order)
        for token in order:
            if mass < sampling.top_p * total:
                kept.append(token)
                mass += probs[token]
        rows.append([probs[token] / mass if token in kept else 0.0 for token in range(len(probs))])
    return torch.tensor(rows, dtype=torch.float64).log()


def test_the_likeliest_tokens_are_those_of_transformers(bundled, requests):
    groups = written(started(bundled), requests, Sampling(n=1, top_k=1, max_tokens=24))
    for request, (ours,) in zip(requests, groups, strict=True):
        ids = torch.tensor([request.prompt.token_ids])
        theirs = bundled.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=24, eos_token_id=EOS
        )
        assert ours == theirs[0, ids.shape[1] :].tolist()


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(n=3, max_tokens=16),
        Sampling(n=3, max_tokens=16, temperature=0.7),
        Sampling(n=3, max_tokens=16, top_k=4),
        Sampling(n=3, max_tokens=16, top_p=0.8),
        Sampling(n=3, max_tokens=16, temperature=1.3, top_p=0.9, min_p=0.1),
        Sampling(n=3, max_tokens=16, temperature=1.3, top_k=6, top_p=0.9),
    ],
    ids=lambda s: f"T{s.temperature}-k{s.top_k}-p{s.top_p}-m{s.min_p}",
)
def test_log_probs_are_those_of_the_distribution_that_was_sampled_from(bundled, requests, sampling):
    for group in started(bundled).generate(requests, sampling):
        for rollout in group:
            expected = filtered(full_logits(bundled, rollout), sampling)
            chosen = expected.gather(-1, torch.tensor(rollout.token_ids)[:, None]).squeeze(-1)
            torch.testing.assert_close(torch.tensor(rollout.logprobs).double(), chosen, rtol=0, atol=1e-4)


def test_a_response_does_not_depend_on_what_else_is_generated_with_it(bundled, requests):
    sampling = Sampling(n=4, max_tokens=16)
    together = written(started(bundled), requests, sampling)
    alone = [written(started(bundled), [request], sampling)[0] for request in requests]
    backwards = written(started(bundled), requests[::-1], sampling)[::-1]
    assert together == alone == backwards
    assert len({tuple(tokens) for group in together for tokens in group}) > 8


@pytest.mark.parametrize("max_batch_tokens", [1, 40, 90, 300])
def test_a_response_does_not_depend_on_the_token_budget(bundled, requests, max_batch_tokens):
    sampling = Sampling(n=4, max_tokens=16)
    assert written(started(bundled, max_batch_tokens), requests, sampling) == written(started(bundled), requests, sampling)


def test_batches_keep_the_token_budget(requests):
    sampling = Sampling(n=4, max_tokens=16)
    # Prompts of 13, 6, 10 and 17 tokens: 29, 22, 26 and 33 with the longest response.
    batches = list(HFEngine(100)._row_batches(requests, sampling))
    assert [row for batch in batches for row in batch] == [(request, n) for request in requests for n in range(4)]
    for batch in batches:
        longest = max(len(request.prompt.token_ids) for request, _ in batch) + 16
        assert len(batch) * longest <= 100
    assert [len(batch) for batch in batches] == [3, 3, 3, 3, 3, 1]  # 3 x 29, (29 22 22), (22 22 26), ...
    assert [len(batch) for batch in HFEngine(1)._row_batches(requests, sampling)] == [1] * 16


def test_a_response_does_not_depend_on_when_finished_rows_are_dropped(bundled, requests, monkeypatch):
    sampling = Sampling(n=8, max_tokens=24)
    usual = written(started(bundled), requests, sampling)
    assert len({len(tokens) for group in usual for tokens in group}) > 3  # rows end at different times
    for threshold in (0.0, 1.0):  # never, at once
        monkeypatch.setattr(decoding, "COMPACT_BELOW", threshold)
        assert written(started(bundled), requests, sampling) == usual


def test_another_seed_writes_another_response(bundled, requests):
    sampling = Sampling(n=4, max_tokens=16)
    other = [replace(request, seed=request.seed + 1) for request in requests]
    ours, theirs = written(started(bundled), requests, sampling), written(started(bundled), other, sampling)
    assert all(a != b for a, b in zip(ours, theirs, strict=True))


def test_a_response_ends_with_its_stop_token_and_says_how_it_ended(bundled, requests):
    reasons = set()
    for group in started(bundled).generate(requests, Sampling(n=8, max_tokens=12)):
        for rollout in group:
            reasons.add(rollout.finish_reason)
            assert EOS not in rollout.token_ids[:-1]
            assert len(rollout.logprobs) == len(rollout.token_ids) <= 12
            if rollout.finish_reason == "stop":
                assert rollout.token_ids[-1] == EOS
            else:
                assert rollout.token_ids[-1] != EOS and len(rollout.token_ids) == 12
    assert reasons == {"stop", "length"}


def test_a_stop_token_in_the_very_last_place_is_a_stop(bundled, requests):
    def likeliest(max_tokens):
        (group,) = started(bundled).generate([requests[0]], Sampling(n=1, top_k=1, max_tokens=max_tokens))
        return group[0].finish_reason, group[0].token_ids

    reason, tokens = likeliest(24)
    assert reason == "stop"
    assert likeliest(len(tokens)) == ("stop", tokens)
    assert likeliest(len(tokens) - 1) == ("length", tokens[:-1])


def test_any_of_several_stop_tokens_ends_a_response(bundled, requests):
    plus, minus = load_tokenizer("bundled").convert_tokens_to_ids(["+", "-"])
    sampling = Sampling(n=8, max_tokens=16)
    free = written(started(bundled), requests, sampling)
    stopped = written(started(bundled, stop=(EOS, plus, minus)), requests, sampling)
    ends = set()
    for whole, short in zip(chain(*free), chain(*stopped), strict=True):
        assert whole[: len(short)] == short
        assert not {plus, minus} & set(short[:-1])
        ends.add(short[-1])
    assert {plus, minus} <= ends


def test_groups_come_in_the_order_of_the_requests_with_their_slots_and_version(bundled, requests):
    engine = started(bundled)
    engine.sync([], version=7)
    reordered = [requests[2], requests[0], requests[3]]
    groups = list(engine.generate(reordered, Sampling(n=3, max_tokens=4)))
    assert [[rollout.slot for rollout in group] for group in groups] == [[2] * 3, [0] * 3, [3] * 3]
    assert [group[0].prompt.uid for group in groups] == [request.prompt.uid for request in reordered]
    assert {rollout.policy_version for group in groups for rollout in group} == {7}
    assert groups[0][0].reward is None and groups[0][0].verdict is None


@pytest.fixture
def training(bundled):
    bundled.train()
    yield bundled
    bundled.eval()


def test_generating_leaves_the_global_generator_the_mode_and_gradients_alone(training, requests):
    before = torch.get_rng_state()
    groups = list(started(training).generate(requests, Sampling(n=2, max_tokens=8)))
    assert len(groups) == 4
    assert torch.equal(torch.get_rng_state(), before)
    assert training.training
    assert torch.is_grad_enabled()


def test_the_mode_comes_back_even_if_generation_is_given_up(training, requests):
    groups = started(training, max_batch_tokens=1).generate(requests, Sampling(n=2, max_tokens=4))
    next(groups)
    groups.close()
    assert training.training


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_tokens_are_drawn_as_often_as_they_are_likely(temperature):
    model = tiny_policy().eval()
    sampling = Sampling(n=4000, temperature=temperature, max_tokens=1)
    request = Request(make_prompt([5, 3, 8]), 0, seed=0)
    (group,) = started(model, 10**6).generate([request], sampling)
    counts = torch.bincount(torch.tensor([rollout.token_ids[0] for rollout in group]), minlength=13)
    expected = 4000 * filtered(full_logits(model, group[0]), sampling)[0].exp()
    often = expected >= 5
    observed = [*counts[often].tolist(), int(counts[~often].sum())]
    awaited = [*expected[often].tolist(), float(expected[~often].sum())]
    assert often.sum() >= 5
    if awaited[-1] == 0:
        observed, awaited = observed[:-1], awaited[:-1]
    assert chisquare(observed, awaited).pvalue > 0.01


def test_second_tokens_follow_the_distribution_after_the_first():
    model = tiny_policy().eval()
    request = Request(make_prompt([5, 3, 8]), 0, seed=1)
    (group,) = started(model, 10**6, stop=(12,)).generate([request], Sampling(n=4000, max_tokens=2))
    pairs = [rollout for rollout in group if len(rollout.token_ids) == 2]
    first = max({r.token_ids[0] for r in pairs}, key=[r.token_ids[0] for r in pairs].count)
    following = [rollout for rollout in pairs if rollout.token_ids[0] == first]
    expected = len(following) * full_logits(model, following[0])[1].softmax(-1)
    counts = torch.bincount(torch.tensor([r.token_ids[1] for r in following]), minlength=13)
    often = expected >= 5
    observed = [*counts[often].tolist(), int(counts[~often].sum())]
    assert chisquare(observed, [*expected[often].tolist(), float(expected[~often].sum())]).pvalue > 0.01


def test_a_shared_policy_is_sampled_with_its_weights_of_the_moment():
    model = tiny_policy().eval()
    engine = started(model)
    request, sampling = Request(make_prompt([5, 3, 8]), 0, seed=0), Sampling(n=8, max_tokens=6)
    before = written(engine, [request], sampling)
    with torch.no_grad():
        model.lm_head.weight.copy_(model.lm_head.weight.roll(1, 0))
    engine.sync([], version=1)  # nothing needs to be sent
    assert written(engine, [request], sampling) != before


@pytest.fixture
def replica(tmp_path):
    """An engine with a replica of its own, made from the weights of seed 0."""
    tiny_policy(0).save_pretrained(tmp_path)
    return started(None, policy=str(tmp_path), shared=False)


REQUEST = Request(make_prompt([5, 3, 8]), 0, seed=0)
SAMPLING = Sampling(n=8, max_tokens=6)


def test_a_replica_starts_from_the_policy_before_training_without_gradients(replica):
    assert replica.version == -1
    assert written(replica, [REQUEST], SAMPLING) == written(started(tiny_policy(0)), [REQUEST], SAMPLING)
    assert not any(parameter.requires_grad for parameter in replica._model.parameters())


def test_a_sync_copies_every_weight_into_the_replica(replica):
    trained = tiny_policy(1)
    replica.sync(named_weights(trained), version=5)
    assert replica.version == 5
    assert written(replica, [REQUEST], SAMPLING) == written(started(tiny_policy(1)), [REQUEST], SAMPLING)
    with torch.no_grad():
        trained.lm_head.weight.zero_()
    assert written(replica, [REQUEST], SAMPLING) == written(started(tiny_policy(1)), [REQUEST], SAMPLING)


def test_a_sync_that_leaves_a_weight_out_is_refused_by_its_name(replica):
    weights = [pair for pair in named_weights(tiny_policy(1)) if pair[0] != "lm_head.weight"]
    with pytest.raises(RuntimeError, match=r"left out \['lm_head\.weight'\]; every weight must be sent"):
        replica.sync(weights, version=1)
    assert replica.version == -1


def of_dtype(model, dtype):
    engine = HFEngine(dtype=dtype)
    engine.start(EngineHost("", model, torch.device("cpu"), torch.float32, frozenset({EOS}), PAD))
    engine.sync(named_weights(model), version=0)
    return engine


def test_a_replica_in_the_policys_own_dtype_writes_what_the_shared_policy_does():
    model = tiny_policy(2)
    (own,), (shared,) = (list(engine.generate([REQUEST], SAMPLING)) for engine in (of_dtype(model, "float32"), started(model)))
    assert [one.token_ids for one in own] == [one.token_ids for one in shared]
    assert list(chain(*(one.logprobs for one in own))) == pytest.approx(
        list(chain(*(one.logprobs for one in shared))), abs=1e-5
    )


def test_a_replica_in_bfloat16_leaves_the_policy_and_the_tables_of_rotary_angles_in_fp32():
    model = tiny_policy(2)
    engine = of_dtype(model, "bfloat16")
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    assert {weight.dtype for weight in engine._model.parameters()} == {torch.bfloat16}
    assert {table.dtype for table in engine._model.buffers()} == {torch.float32}
    (group,) = engine.generate([REQUEST], SAMPLING)
    gaps = []
    for rollout in group:
        chosen = torch.tensor(rollout.token_ids)[:, None]
        expected = full_logits(model, rollout).log_softmax(-1).gather(-1, chosen).squeeze(-1)
        gaps.append(torch.tensor(rollout.logprobs).double() - expected)
    assert 1e-6 < torch.cat(gaps).abs().mean() < 0.05  # nats; fp32 is within 1e-6
    assert engine.weight_dtype == "bfloat16"
    assert "updates below 0.004 of a weight round away" in engine.remarks[0]


def test_a_replica_in_bfloat16_takes_the_policys_weights_at_a_sync_and_not_before():
    model = tiny_policy(2)
    engine = of_dtype(model, "bfloat16")
    before = written(engine, [REQUEST], SAMPLING)
    model.load_state_dict(tiny_policy(3).state_dict())
    assert written(engine, [REQUEST], SAMPLING) == before
    engine.sync(named_weights(model), version=1)
    assert written(engine, [REQUEST], SAMPLING) == written(of_dtype(model, "bfloat16"), [REQUEST], SAMPLING) != before


def test_adapters_stay_apart_in_a_replica_so_that_small_updates_of_them_are_not_rounded_away():
    from asym_lit.policy.lora import LoRA, add_adapters

    model = add_adapters(tiny_policy(2), LoRA(r=2, alpha=2))
    engine = of_dtype(model, "bfloat16")
    assert engine.weight_dtype is None and engine.remarks == ()
    ups = [weight for name, weight in model.named_parameters() if "lora_B" in name]
    bases = [weight for name, weight in model.named_parameters() if name.endswith("base_layer.weight")]
    assert ups and bases
    with torch.no_grad():
        for weight in ups:
            weight.fill_(1e-4)  # far below 0.004 of the weights it is added to
    engine.sync(named_weights(model), version=1)
    own = dict(engine._model.named_parameters())
    assert all(own[name].eq(1e-4).logical_or(own[name].sub(1e-4).abs() < 1e-6).all() for name in own if "lora_B" in name)


def test_a_closed_engine_holds_no_model(bundled):
    engine = started(bundled)
    engine.close()
    assert engine._model is None


def test_a_budget_of_no_tokens_is_refused():
    with pytest.raises(InputError, match="max_batch_tokens is 0; allowed: 1 or more"):
        HFEngine(0)


def test_ids_without_a_token_are_never_sampled_and_the_others_share_their_probability():
    model = tiny_policy().eval()
    tokenless = frozenset({7, 11, 12})  # one in the middle, two behind the last token
    engine = HFEngine()
    engine.start(
        EngineHost("", model, torch.device("cpu"), torch.float32, frozenset({EOS}), PAD, tokenless_ids=tokenless),
    )
    request, sampling = Request(make_prompt([5, 3, 8]), 0, seed=0), Sampling(n=400, max_tokens=4)
    (free,) = started(model).generate([request], sampling)
    assert tokenless & {token for rollout in free for token in rollout.token_ids}
    (group,) = engine.generate([request], sampling)
    assert not tokenless & {token for rollout in group for token in rollout.token_ids}
    for rollout in group[:20]:
        logits_TV = full_logits(model, rollout)
        logits_TV[:, sorted(tokenless)] = -torch.inf
        expected = logits_TV.log_softmax(-1).gather(-1, torch.tensor(rollout.token_ids)[:, None]).squeeze(-1)
        torch.testing.assert_close(torch.tensor(rollout.logprobs).double(), expected, rtol=0, atol=1e-4)


def test_greedy_takes_the_likeliest_token_that_there_is():
    model = tiny_policy().eval()
    request, greedy = Request(make_prompt([5, 3, 8]), 0, seed=0), Sampling(n=1, top_k=1, max_tokens=1)
    ((best,),) = started(model).generate([request], greedy)
    engine = HFEngine()
    never = frozenset(best.token_ids)
    engine.start(EngineHost("", model, torch.device("cpu"), torch.float32, frozenset({EOS}), PAD, tokenless_ids=never))
    ((next_best,),) = engine.generate([request], greedy)
    assert next_best.token_ids == full_logits(model, best).topk(2).indices[:, 1].tolist()
