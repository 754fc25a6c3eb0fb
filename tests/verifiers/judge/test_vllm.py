"""A judge that a real vLLM serves on the loopback device says what the same judge says in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from asym_lit.types import InputError, Outcome
from asym_lit.verifiers import Chain, Endpoint, Judge, LocalModel, Rule
from asym_lit.verifiers.judge.opinion import Opinion
from asym_lit.verifiers.judge.template import JudgeTemplate
from real_vllm import needs_vllm, serving
from tiny_judge import CANARIES, GOLD, OTHERS, PROMPT, QUESTION, TREES, tiny_judge

pytestmark = needs_vllm
ANSWERS = (*TREES, *OTHERS, "an old oak", "granite or elm", "x^2-1", "7 apples", "tree?")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_judge(tmp_path_factory.mktemp("judge"))


@pytest.fixture(scope="module")
def url(folder: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(folder, tmp_path_factory.mktemp("server") / "log") as url:
        yield f"{url}/v1"


def opinions(backend: Endpoint | LocalModel) -> list[Opinion]:
    backend.open("")
    asked = [backend.submit(JudgeTemplate().fill(QUESTION, GOLD, answer), lambda: True) for answer in ANSWERS]
    found = [answer.result() for answer in asked]
    backend.close()
    return found


def test_served_and_local_judge_have_the_same_opinions(folder: str, url: str) -> None:
    for served, local in zip(opinions(Endpoint(folder, url)), opinions(LocalModel(folder)), strict=True):
        assert served.text.strip() == local.text
        assert served.true_logprob == pytest.approx(local.true_logprob, abs=1e-4)
        assert served.false_logprob == pytest.approx(local.false_logprob, abs=1e-4)


@pytest.mark.parametrize("exact_word", [False, True], ids=["by probability", "by word"])
def test_a_ladder_with_a_served_judge_decides_like_one_with_a_local_judge(folder: str, url: str, exact_word: bool) -> None:
    served = Chain([Rule(), Judge(Endpoint(folder, url), exact_word=exact_word, canaries=CANARIES)])
    local = Chain([Rule(), Judge(LocalModel(folder), exact_word=exact_word, canaries=CANARIES)])
    verdicts = {}
    for ladder in (served, local):
        ladder.self_test()
        pending = {answer: ladder.submit(PROMPT, rf"\boxed{{{answer}}}") for answer in (GOLD, *ANSWERS)}
        found = {answer: later.result() for answer, later in pending.items()}
        verdicts[ladder] = {answer: (v.outcome, v.by) for answer, v in found.items()}
        ladder.close()
    assert verdicts[served] == verdicts[local]
    assert verdicts[served][GOLD] == (Outcome.CORRECT, "rule")
    assert {verdicts[served][answer] for answer in TREES} == {(Outcome.CORRECT, "judge")}
    assert {verdicts[served][answer] for answer in OTHERS} == {(Outcome.INCORRECT, "judge")}


def test_a_server_of_another_judge_is_refused(url: str) -> None:
    with pytest.raises(InputError, match=r"serves \[.*\], not 'zhangchenxu/TinyV-1.5B'"):
        Judge(Endpoint(base_url=url)).self_test()
