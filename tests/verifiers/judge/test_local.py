from __future__ import annotations

from pathlib import Path

import pytest
import torch

from asym_lit.policy.loading import SmallArchitecture, new_policy
from asym_lit.types import InputError, Outcome, Prompt
from asym_lit.verifiers import Judge, LocalModel
from asym_lit.verifiers.judge.canaries import Canaries
from asym_lit.verifiers.judge.reading import BatchReader, as_chat
from asym_lit.verifiers.judge.settings import JudgeSettings
from asym_lit.verifiers.judge.template import JudgeTemplate
from fakes import tiny_policy
from tiny_judge import CONTEXT, GOLD, QUESTION, word_tokenizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    model, tokenizer = new_policy(SmallArchitecture(hidden=32, layers=1, intermediate=32, context=128))
    folder = tmp_path_factory.mktemp("judge")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    settings = JudgeSettings("{question}{ground_truth};{answer};", "", 0.25, 4)
    (folder / "judge.json").write_text(settings.to_json())
    return folder


def test_log_probs_of_both_words_are_those_of_the_model_whatever_stands_beside(folder: Path) -> None:
    backend = LocalModel(str(folder))
    backend.open("")
    reader = backend.reader
    assert reader is not None
    texts = ["1+1=2;2;", "a much longer text that shifts the others to the right;2;"]
    both = reader.read(texts)
    for text, opinion in zip(texts, both, strict=True):
        ids = torch.tensor([reader.tokenizer(text)["input_ids"]])
        logprobs_V = reader.model(input_ids=ids).logits[0, -1].log_softmax(-1)
        for word, found in (("T", opinion.true_logprob), ("F", opinion.false_logprob)):
            # A character stands for a word in either case: T or t.
            either = [reader.tokenizer.convert_tokens_to_ids(letter) for letter in (word, word.lower())]
            assert found == pytest.approx(float(logprobs_V[either].logsumexp(-1)), abs=1e-4)
    backend.close()


def test_a_thinking_judge_is_read_after_its_marker_and_not_before(folder: Path) -> None:
    backend = LocalModel(str(folder))
    backend.open("")
    assert backend.reader is not None
    reader = BatchReader(backend.reader.model, backend.reader.tokenizer, 8, ";")
    letters = reader.tokenizer("2=2;True")["input_ids"]
    places = [[-9.0, -9.0, -0.5]] * 2 + [[-9.0, -9.0, -0.7]] * 2 + [[-0.1, -3.0, -0.1]] + [[-9.0, -9.0, -4.0]] * 3
    opinion = reader._opinion(letters, places)
    assert (opinion.text, opinion.true_logprob, opinion.false_logprob) == ("2=2;True", -0.1, -3.0)
    assert opinion.certainty == pytest.approx(0.4966, abs=1e-4)  # exp(-0.7): what comes after the verdict does not count
    assert reader._opinion(letters[:4], places).true_logprob is None
    backend.close()


def test_a_local_judge_takes_template_and_threshold_from_its_directory(folder: Path) -> None:
    judge = Judge(LocalModel(str(folder)), canaries=Canaries(every=0))
    assert (judge.template.text, judge.threshold) == ("{question}{ground_truth};{answer};", 0.25)
    assert Judge(LocalModel(str(folder)), threshold=0.75).threshold == 0.75
    assert (LocalModel(str(folder)).max_tokens, LocalModel("elsewhere").max_tokens) == (4, 8)


def test_a_model_that_says_neither_word_gives_no_verdict(folder: Path) -> None:
    judge = Judge(LocalModel(str(folder)), canaries=Canaries(every=0))
    prompts = [Prompt(str(i), f"{i}?", {"answer": str(i)}, "t") for i in range(5)]
    verdicts = [f.result() for f in [judge.submit(p, r"\boxed{7 apples}") for p in prompts]]
    assert {(v.outcome, v.reason) for v in verdicts} == {(Outcome.UNDECIDED, "judge nonsense")}
    judge.close()
    assert judge.verify(prompts[0], r"\boxed{7 apples}").outcome == Outcome.UNDECIDED  # it opens again by itself
    judge.close()


def test_a_text_is_wrapped_where_the_tokenizer_knows_how() -> None:
    class Tokenizer:
        chat_template = "yes"

        def apply_chat_template(self, turns: list[dict[str, str]], tokenize: bool, add_generation_prompt: bool) -> str:
            assert not tokenize and add_generation_prompt
            return f"<user>{turns[0]['content']}<judge>"

    assert as_chat(Tokenizer(), "text") == "<user>text<judge>"
    assert as_chat(object(), "text") == "text"


def test_the_token_that_a_text_begins_with_is_read_once_where_template_and_tokenizer_both_write_it() -> None:
    tokenizer = word_tokenizer()
    text = JudgeTemplate().fill(QUESTION, GOLD, "oak")
    chat = as_chat(tokenizer, text)
    assert tokenizer(chat)["input_ids"][:3].count(tokenizer.bos_token_id) == 2
    ids = tokenizer(chat, add_special_tokens=False)["input_ids"]
    model = tiny_policy(vocabulary=len(tokenizer), max_position_embeddings=CONTEXT)
    (opinion,) = BatchReader(model, tokenizer, 1, "").read([text])
    logprobs_V = model(input_ids=torch.tensor([ids])).logits[0, -1].log_softmax(-1)
    assert opinion.true_logprob == pytest.approx(float(logprobs_V[tokenizer.convert_tokens_to_ids("True")]), abs=1e-4)


def test_a_judge_that_is_not_there_is_named() -> None:
    with pytest.raises(
        InputError,
        match=r"No judge at '/nowhere/at/all': .* a directory in Hugging Face format, a .gguf file, 'smollm2', or a hub id",
    ):
        LocalModel("/nowhere/at/all").open("")
    with pytest.raises(InputError, match="max_tokens is 0"):
        LocalModel("x", max_tokens=0)
