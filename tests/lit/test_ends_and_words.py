"""Which tokens end a response, which are never written, and what a verifier reads: from a policy's directory to the engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from asym_lit.commands.replay.sampling import host_of
from asym_lit.lit.engine_keeper import EngineKeeper
from asym_lit.lit.rollout_maker import RolloutMaker
from asym_lit.policy.loading import load_policy, load_tokenizer
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.rollout.engine import EngineHost, Request
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.types import Rollout, RolloutBatch, Sampling, VerdictClock
from fakes import make_prompt
from policies import save_tiny

TURN, TAG = "<|im_end|>", "<answer>"


@pytest.fixture(scope="module")
def chat_policy(tmp_path_factory: pytest.TempPathFactory) -> str:
    """As chat policies are saved: the end of a turn stands in the generation configuration alone; some ids have no token."""
    where = save_tiny(tmp_path_factory.mktemp("chat"), vocabulary=128)
    tokenizer = load_tokenizer(where)
    tokenizer.add_special_tokens({"additional_special_tokens": [TURN, TAG]})
    tokenizer.save_pretrained(where)
    model = load_policy(where)
    model.generation_config.eos_token_id = [1, tokenizer.convert_tokens_to_ids(TURN)]
    model.save_pretrained(where)
    return where


def live(policy: str, **changes: Any) -> Any:
    """A policy in training, as an engine's keeper sees it."""
    model = load_policy(policy)
    facts = {
        "policy_version": 0,
        "attn_implementation": None,
        "live_model": model,
        "device": torch.device("cpu"),
        "weight_dtype": torch.float32,
    }
    facts["untrained"] = None  # a live model is shared, so none is loaded
    facts["named_weights"] = lambda: iter(())  # shared, so nothing is sent
    return SimpleNamespace(policy_config=model.config, processes=1, local_rank=0, longest=64, **{**facts, **changes})


def started(policy: str) -> EngineKeeper:
    keeper = EngineKeeper(HFEngine(), load_tokenizer(policy), policy)
    keeper.sync(live(policy))
    return keeper


def test_the_end_of_a_turn_in_the_generation_configuration_ends_a_response(chat_policy: str) -> None:
    keeper = started(chat_policy)
    assert keeper.engine._host.stop_token_ids == {1, 99}  # type: ignore[attr-defined]
    requests = [Request(make_prompt((5, 6, 7), uid=str(slot)), slot, slot) for slot in range(8)]
    groups = list(keeper.groups(requests, Sampling(n=16, max_tokens=48)))
    ids = [rollout.token_ids for group in groups for rollout in group]
    assert any(response[-1] == 99 for response in ids)
    assert not any({1, 99} & set(response[:-1]) for response in ids)


def test_ids_that_the_tokenizer_has_no_token_for_are_never_sampled(chat_policy: str) -> None:
    keeper = started(chat_policy)
    assert keeper.engine._host.tokenless_ids == set(range(101, 128))  # type: ignore[attr-defined]
    (group,) = keeper.groups([Request(make_prompt((5, 6, 7)), 0, 3)], Sampling(n=64, max_tokens=24))
    assert max(token for rollout in group for token in rollout.token_ids) <= 100


def test_a_run_says_once_what_ends_a_response_and_how_many_ids_are_never_sampled(
    chat_policy: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="lightning.pytorch.utilities.rank_zero"):
        keeper = started(chat_policy)
        keeper.close()
        keeper.sync(live(chat_policy))
    assert [record.message for record in caplog.records] == [
        "Responses end with '<eos>' (1), '<|im_end|>' (99).",
        "27 ids have logits but no token; they are never sampled.",
    ]


def test_replay_and_probe_generate_as_training_does(chat_policy: str) -> None:
    tokenizer = load_tokenizer(chat_policy)
    theirs, ours = host_of(TokenScorer(load_policy(chat_policy)), tokenizer), started(chat_policy).engine._host  # type: ignore[attr-defined]
    for name in ("stop_token_ids", "tokenless_ids", "pad_token_id", "dtype"):
        assert getattr(theirs, name) == getattr(ours, name)


class Dictated(HFEngine):
    """Writes what it is told to."""

    def start(self, host: EngineHost) -> None:
        """Nothing is loaded."""

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Rollout]]:
        """One response, and the same one cut off before its end."""
        ids = [*self.written, 99]  # type: ignore[attr-defined]
        for request in requests:
            whole = Rollout(request.prompt, request.slot, ids, [0.0] * len(ids), "stop", 0)
            yield [whole, Rollout(request.prompt, request.slot, ids[:-1], [0.0] * (len(ids) - 1), "length", 0)]


@pytest.mark.parametrize("written", ["6/2<pad>*3", f"{TAG}6", f"6{TAG}", "6", f"1{TURN}2"])
def test_a_verifier_reads_what_was_written(chat_policy: str, written: str) -> None:
    tokenizer, engine = load_tokenizer(chat_policy), Dictated()
    engine.written = tokenizer(written)["input_ids"]  # type: ignore[attr-defined]
    read: list[str] = []
    maker = RolloutMaker(engine, tokenizer, chat_policy, 0)
    said = {"submit": lambda group: read.extend(r.text for r in group), "collect": lambda: None, "read_clock": VerdictClock}
    maker.scorer = SimpleNamespace(**said)
    maker.fill_once(RolloutBatch([], Sampling(n=2), 0, "fake"), [(0, make_prompt())])
    assert read == [written, written]


def test_a_policy_without_a_generation_configuration_ends_by_its_tokenizer_and_configuration(tmp_path: Path) -> None:
    where = save_tiny(tmp_path)
    (tmp_path / "generation_config.json").unlink()
    assert started(where).engine._host.stop_token_ids == {1}  # type: ignore[attr-defined]
