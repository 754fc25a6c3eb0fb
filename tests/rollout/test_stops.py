"""Stops: the first token that completes a stop string ends a response, whatever its bytes are cut into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from asym_lit.policy.characters import character_tokenizer
from asym_lit.policy.loading import load_tokenizer
from asym_lit.responses import response_text, text_behind
from asym_lit.rollout import stops
from asym_lit.rollout.engine import EngineHost, Request
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.rollout.stops import StopFinder, check_stops, ended_at_stop
from asym_lit.types import InputError, Rollout, Sampling
from fakes import make_prompt, make_rollout, tiny_policy
from odd_tokenizers import byte_level, space_eating

BYTES, SPACES = byte_level(), space_eating()


def engine_of(tokenizer: Any, more_ends: Sequence[int] = (), alphabet: str = "") -> HFEngine:
    """A random policy over the tokens of a tokenizer, or over those that an alphabet is written with."""
    model = tiny_policy(vocabulary=len(tokenizer), initializer_range=0.3, max_position_embeddings=512)
    ends = frozenset({tokenizer.eos_token_id, *more_ends})
    never = frozenset(range(len(tokenizer))) - set(tokenizer(alphabet).input_ids) if alphabet else frozenset()
    engine = HFEngine()
    host = EngineHost("", model, torch.device("cpu"), torch.float32, ends, 0, tokenless_ids=never, tokenizer=tokenizer)
    engine.start(host)
    return engine


def written(engine: HFEngine, tokenizer: Any, **sampling: Any) -> list[Rollout]:
    """Sixteen responses to each of two prompts of different length."""
    asked = [Request(make_prompt(tokenizer(t).input_ids, uid=t), slot, 7 + slot) for slot, t in enumerate(("the", "stop the"))]
    return [r for group in engine.generate(asked, Sampling(n=16, **sampling)) for r in group]


def by_hand(tokenizer: Any, whole: Rollout, strings: Sequence[str]) -> tuple[list[int], str]:
    """The tokens up to the first prefix whose text holds a stop string, read anew at each; and how that ends."""
    for length in range(1, len(whole.token_ids) + 1):
        text = text_behind(tokenizer, whole.prompt.token_ids, whole.token_ids[:length])
        if any(one in text for one in strings):
            return whole.token_ids[:length], "stop"
    return whole.token_ids, whole.finish_reason


@pytest.mark.parametrize(
    ("tokenizer", "alphabet", "strings"),
    [
        (BYTES, "", ["e"]),  # within words that are one token
        (BYTES, "stop the\n", ["e\n", "pst"]),  # over two tokens
        (BYTES, "\u00fc\u2713a", ["\u00fc"]),  # a character of two tokens
        (BYTES, "\u00fc\u2713a", ["a\u2713"]),
        (BYTES, "", ["t", "\u00fc", "xyz"]),
        (SPACES, "", [" the"]),
        (SPACES, "stop the", ["p "]),
        (SPACES, "ab. \n", ["b.", "\n"]),
        (SPACES, "\u00fc\u2713a", ["a\u00fc"]),  # a run of bytes is broken as a whole until its last character is there
        (character_tokenizer(64), "", ["7", "+-"]),
    ],
)
def test_a_response_ends_with_the_first_token_that_completes_a_stop_string(
    tokenizer: Any, alphabet: str, strings: list[str]
) -> None:
    engine = engine_of(tokenizer, alphabet=alphabet)
    free = written(engine, tokenizer, max_tokens=96)
    stopped = written(engine, tokenizer, max_tokens=96, stop_strings=strings)
    expected = [by_hand(tokenizer, whole, strings) for whole in free]
    assert [(r.token_ids, r.finish_reason) for r in stopped] == expected
    for rollout, whole in zip(stopped, free, strict=True):  # to a rounding: fewer rows are left together
        assert rollout.logprobs == pytest.approx(whole.logprobs[: len(rollout.token_ids)], abs=1e-5)
    ended_here = sum(r.token_ids != w.token_ids for r, w in zip(stopped, free, strict=True))
    assert 0 < ended_here <= 32  # else nothing was tried


@pytest.mark.parametrize(("tokenizer", "strings"), [(BYTES, ["e", "\n"]), (SPACES, [" the", "ab"])])
def test_the_text_ends_before_the_stop_string(tokenizer: Any, strings: list[str]) -> None:
    for rollout in written(engine_of(tokenizer), tokenizer, max_tokens=96, stop_strings=strings):
        asked, ids = rollout.prompt.token_ids, rollout.token_ids
        text = response_text(tokenizer, ids, rollout.finish_reason == "stop", asked, strings)
        behind = text_behind(tokenizer, asked, ids)
        first = min((behind.find(one) for one in strings if one in behind), default=None)
        if first is None:
            assert text == response_text(tokenizer, ids, rollout.finish_reason == "stop")
        else:
            assert not any(one in text for one in strings)
            assert behind[:first].endswith(text) and len(behind[:first]) - len(text) <= 1  # but for a space that is dropped


def test_the_text_of_a_stop_string_that_ends_within_a_token_is_cut_there() -> None:
    tokenizer = character_tokenizer(64)
    ids = tokenizer("12+3=15;").input_ids
    assert response_text(tokenizer, ids, True, (), ["=15;"]) == "12+3"
    assert response_text(tokenizer, ids, True, (), ["3=15", "+3"]) == "12"  # the first in the text, not in the list
    assert response_text(tokenizer, [*ids, tokenizer.eos_token_id], True, (), ["?"]) == "12+3=15;"
    assert response_text(tokenizer, ids, False, (), ["?"]) == "12+3=15;"


def test_without_stops_nothing_is_read_and_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_of(BYTES)
    whole = written(engine, BYTES, max_tokens=24)
    monkeypatch.setattr(stops, "text_of", None)
    monkeypatch.setattr(stops, "text_behind", None)
    assert [r.token_ids for r in written(engine, BYTES, max_tokens=24)] == [r.token_ids for r in whole]


def test_a_stop_token_of_the_sampling_ends_a_response_as_an_end_token_of_the_policy_does() -> None:
    token = BYTES("e").input_ids[0]
    asked = written(engine_of(BYTES), BYTES, max_tokens=96, stop_token_ids=[token])
    own = written(engine_of(BYTES, [token]), BYTES, max_tokens=96)
    assert [(r.token_ids, r.finish_reason) for r in asked] == [(r.token_ids, r.finish_reason) for r in own]
    assert any(r.token_ids[-1] == token for r in asked)
    assert response_text(BYTES, asked[0].token_ids, asked[0].finish_reason == "stop").count("e") <= 32  # others hold it


def test_only_the_tail_is_decoded_and_only_where_a_token_may_complete_one(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = character_tokenizer(64)
    finder = StopFinder(tokenizer, ["ab"])
    read: list[int] = []
    real = stops.text_of
    monkeypatch.setattr(stops, "text_of", lambda t, ids: (read.append(len(ids)), real(t, ids))[1])
    long = tokenizer("xyz" * 200 + "b").input_ids
    assert not finder.is_complete((), long)
    assert max(read) <= 4  # of 601 tokens
    assert finder.is_complete((), tokenizer("xyz" * 200 + "ab").input_ids)
    assert finder.may_complete(long[-1]) and not finder.may_complete(long[0])


def test_a_response_that_another_program_wrote_is_cut_at_the_same_token() -> None:
    tokenizer = character_tokenizer(64)
    late = make_rollout(tokenizer("1;2;3").input_ids, finish_reason="length")
    cut = ended_at_stop(late, tokenizer, [";"])
    assert (cut.token_ids, cut.finish_reason) == (late.token_ids[:2], "stop")
    assert cut.logprobs == late.logprobs[:2]
    assert ended_at_stop(late, tokenizer, ["?"]) is late
    assert ended_at_stop(late, None, []) is late


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"stop_strings": ["\n", ""]},
            r"Sampling.stop_strings is \['\\n', ''\]; allowed: a list of strings, none of them empty",
        ),
        ({"stop_strings": "\n"}, r"Sampling.stop_strings is '\\n'; allowed: a list"),
        ({"stop_token_ids": [-1]}, r"Sampling.stop_token_ids is \[-1\]; allowed: a list of token ids"),
        ({"stop_token_ids": ["5"]}, r"Sampling.stop_token_ids is \['5'\]"),
    ],
)
def test_stops_that_are_none_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Sampling(**given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"stop_token_ids": [5, 98765]}, "data.sampling.stop_token_ids has 98765, .* ids from 0 to 98 "),
        ({"stop_strings": ["\u00e9"]}, "data.sampling.stop_strings has '\u00e9', which no tokens .* the nearest is '<unk>'"),
        ({"stop_strings": ["\ufffd"]}, "which no tokens of the policy's tokenizer give"),
    ],
)
def test_stops_that_a_tokenizer_cannot_write_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        check_stops(character_tokenizer(64), {"data.sampling": Sampling(**given)})


def test_stops_that_a_tokenizer_can_write_are_taken_at_the_edge_of_words_too() -> None:
    for tokenizer in (BYTES, SPACES):
        check_stops(tokenizer, {"a": Sampling(stop_strings=["\n", " the", "the ", "\u00c4", "\u6570."], stop_token_ids=[5])})


def test_a_stop_string_that_a_tokenizer_does_not_read_but_a_policy_can_write_is_taken() -> None:
    tokenizer = load_tokenizer("bundled")
    assert tokenizer("1\n").input_ids == tokenizer("1").input_ids  # it drops a newline, for which it has a token
    check_stops(tokenizer, {"a": Sampling(stop_strings=["\n\n"])})


def test_a_sampling_without_stops_says_what_it_said_before_there_were_any() -> None:
    plain = "Sampling(n=8, temperature=1.0, top_p=1.0, top_k=0, max_tokens=32)"  # in the checkpoints of older runs
    assert repr(Sampling()) == plain
    assert repr(Sampling(stop_strings=["\n"])) == plain[:-1] + r", stop_strings=('\n',))"
    assert Sampling(stop_strings=["a"], stop_token_ids=[3]) == Sampling(stop_strings=("a",), stop_token_ids=(3,))
