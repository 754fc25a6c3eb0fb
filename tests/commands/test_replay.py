"""The same frozen rollouts under several objectives: what is measured, what is refused, what is written."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from asym_lit.cli import main
from asym_lit.commands.replay.measuring import Bench, Measured, TappedScorer, inner_products
from asym_lit.commands.replay.methods import SHORT_LIST, chosen_objectives, preset_objectives
from asym_lit.commands.replay.replaying import run_replay
from asym_lit.commands.replay.settings import Replay
from asym_lit.objectives import Objective, a_nsr, ace, grpo, nsr_full, psr_full, simko, w_reinforce
from asym_lit.policy.loading import load_policy
from asym_lit.reports.objective_tables import Comparison
from asym_lit.rollout.rendering import PromptFormat
from asym_lit.run_folder.transcripts import read_transcript
from asym_lit.types import InputError, Needs, RolloutBatch, Sampling

Rows = list[dict[str, Any]]
SMALL = Sampling(n=4, max_tokens=24)


@pytest.fixture(scope="module")
def transcript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four groups of four, sampled from the bundled policy by `replay` itself."""
    folder = tmp_path_factory.mktemp("sampled")
    compare(folder, prompts=4, sampling=SMALL, presets=["grpo"], seed=3)
    return folder / "rollouts.jsonl"


@pytest.fixture(scope="module")
def batch(transcript: Path) -> RolloutBatch:
    return read_transcript(transcript)


def compare(folder: Path, **settings: Any) -> Comparison:
    return run_replay(Replay(output=str(folder), device="cpu", **settings), Console(quiet=True))


def measured(batch: RolloutBatch, objectives: dict[str, Objective], drift: int = 0, lr: float = 1e-3) -> dict[str, Measured]:
    bench = Bench(TappedScorer(load_policy("bundled")), None, batch, 512)
    learners = {name: bench.learner(objective) for name, objective in objectives.items()}
    if drift:
        bench.drift(grpo(), drift, lr)
    return {name: bench.measure(learner) for name, learner in learners.items()}


def cosine(batch: RolloutBatch, one: Objective, other: Objective, drift: int = 0) -> float:
    products = inner_products(measured(batch, {"one": one, "other": other}, drift))
    return float(products[0, 1] / (products[0, 0] * products[1, 1]).sqrt())


def test_an_objective_against_itself_has_cosine_one_and_the_same_norm(transcript: Path, tmp_path: Path) -> None:
    objectives = {"one": grpo(), "other": grpo()}
    found = compare(tmp_path, transcript=str(transcript), presets=[], objectives=objectives)
    one, other = found.rows
    assert one.gradient_norm == other.gradient_norm > 0
    assert found.cosines[0][1] == pytest.approx(1, abs=1e-12)
    assert (one.loss, one.weight) == (other.loss, other.weight)


def test_simko_at_its_neutral_setting_is_grpo_with_token_mean(batch: RolloutBatch) -> None:
    neutral = simko(alpha=0, lambda_top1=1)
    assert cosine(batch, neutral, grpo(token_mean=True)) == pytest.approx(1, abs=1e-12)
    assert cosine(batch, simko(alpha=0.5), grpo(token_mean=True)) < 0.9999


def test_psr_and_nsr_gradients_add_up_to_reinforce(batch: RolloutBatch) -> None:
    found = measured(batch, {"psr": psr_full(), "nsr": nsr_full(), "both": w_reinforce(1.0, 1.0)}, drift=2)
    for psr, nsr, both in zip(*(m.gradient for m in found.values()), strict=True):
        torch.testing.assert_close(psr + nsr, both, rtol=1e-4, atol=1e-7)
    assert found["psr"].loss + found["nsr"].loss == pytest.approx(found["both"].loss, abs=1e-6)
    assert torch.equal(found["psr"].push_BT + found["nsr"].push_BT, found["both"].push_BT)


def test_the_push_on_a_token_is_its_advantage_times_its_weight_in_the_mean(batch: RolloutBatch) -> None:
    """On-policy the ratio is 1, so `- d loss / d log pi = A / tokens` under the token mean."""
    found = measured(batch, {"grpo": grpo(token_mean=True)})["grpo"]
    tokens = sum(len(r.token_ids) for r in batch.rollouts)
    torch.testing.assert_close(found.push_BT, found.advantages_BT / tokens, rtol=1e-5, atol=1e-9)
    assert (found.push_BT != 0).any()


def test_derivatives_by_token_and_by_candidate_give_the_gradient_that_simko_prescribes(batch: RolloutBatch) -> None:
    """At alpha 1 nothing is left on the sampled token but its share as one of the three candidates."""
    found = measured(batch, {"all": simko(alpha=1.0, quantile=0.0, lambda_top1=1.0), "grpo": grpo(token_mean=True)})
    right_B = torch.tensor([r.reward == 1.0 for r in batch.rollouts])
    forks_BT = right_B[:, None] & (found["all"].candidates_BT > 0)
    assert forks_BT.any()
    whole = (found["all"].push_BT.abs() + found["all"].candidates_BT)[forks_BT]
    torch.testing.assert_close(whole, found["grpo"].push_BT.abs()[forks_BT], rtol=1e-4, atol=1e-9)
    assert not found["grpo"].candidates_BT.any()


def test_the_rank_of_a_token_agrees_with_the_rank_1_flag(batch: RolloutBatch) -> None:
    bench = Bench(TappedScorer(load_policy("bundled")), None, batch, 512)
    rank_BT = bench.describe().rank_BT
    learner = bench.learner(grpo(), Needs(rank1=True))
    mask_BT = learner.experience.mask_BT.bool()
    assert learner.scores.rank1_BT is not None
    assert torch.equal((rank_BT == 1)[mask_BT], learner.scores.rank1_BT[mask_BT])
    assert set(rank_BT[mask_BT].tolist()) == {1, 2, 3, 4}


def test_shares_of_weight_add_up_to_one(transcript: Path, tmp_path: Path) -> None:
    found = compare(tmp_path, transcript=str(transcript), drift=1)
    assert [row.name for row in found.rows] == list(SHORT_LIST)
    for shares in [found.tokens, *(row.weight for row in found.rows)]:
        assert sum(shares.entropy) == pytest.approx(1)  # type: ignore[arg-type]
        assert sum(shares.rank) == pytest.approx(1)  # type: ignore[arg-type]
    by_name = {row.name: row for row in found.rows}
    assert by_name["psr_full"].weight.right == 1
    assert by_name["nsr_full"].weight.right == 0
    assert by_name["psr_full"].touched + by_name["nsr_full"].touched == pytest.approx(by_name["w_reinforce"].touched)
    assert by_name["forking_tokens"].touched < 0.3


def test_nothing_is_clipped_before_the_first_update_and_something_after_a_drift(transcript: Path, tmp_path: Path) -> None:
    at_once = compare(tmp_path, transcript=str(transcript), presets=["grpo"])
    later = compare(tmp_path, transcript=str(transcript), presets=["grpo"], drift=5, drift_lr=1e-3)
    assert at_once.rows[0].clipped == 0
    assert later.rows[0].clipped > 0
    assert later.rows[0].touched < at_once.rows[0].touched
    assert "none" in at_once.facts["drift"] and "5 AdamW steps" in later.facts["drift"]


def test_the_order_of_objectives_does_not_change_what_is_measured(batch: RolloutBatch) -> None:
    there = measured(batch, {"grpo": grpo(), "ace": ace(grpo())}, drift=1)
    back = measured(batch, {"ace": ace(grpo()), "grpo": grpo()}, drift=1)
    for name in there:
        assert torch.equal(there[name].push_BT, back[name].push_BT)


def test_the_size_of_micro_batches_does_not_change_what_is_measured(batch: RolloutBatch) -> None:
    def by(size: int) -> Measured:
        bench = Bench(TappedScorer(load_policy("bundled")), None, batch, size)
        return bench.measure(bench.learner(simko(alpha=0.2)))

    torch.testing.assert_close(by(64).push_BT, by(100_000).push_BT, rtol=1e-4, atol=1e-8)


def test_a_batch_without_any_lesson_has_norm_zero_and_no_cosine(tmp_path: Path, transcript: Path) -> None:
    rows = [json.loads(line) | {"outcome": "incorrect", "reward": 0.0} for line in transcript.read_text().splitlines()]
    found = compare(tmp_path, transcript=written(tmp_path, rows), presets=["grpo", "dapo", "nsr_full"])
    assert [row.gradient_norm > 0 for row in found.rows] == [False, False, True]
    assert found.cosines[0] == [None, None, None]
    assert found.rows[0].weight.right is None
    assert math.isfinite(found.rows[2].loss)


def test_undecided_rollouts_take_no_part(tmp_path: Path, transcript: Path) -> None:
    rows = [json.loads(line) for line in transcript.read_text().splitlines()]
    rows[0] |= {"outcome": "undecided", "reward": None}
    found = compare(tmp_path, transcript=written(tmp_path, rows), presets=["grpo", "w_reinforce"])
    assert "1 undecided" in found.facts["verdicts"]
    assert found.rows[1].touched == 1


def test_every_preset_that_does_without_settings_can_be_compared(tmp_path: Path, transcript: Path) -> None:
    found = compare(tmp_path, transcript=str(transcript), presets=["all"])
    assert [row.name for row in found.rows] == list(preset_objectives(24))
    assert len(found.rows) >= 30
    assert all(math.isfinite(row.gradient_norm) for row in found.rows)


def test_own_objectives_stand_beside_grpo(tmp_path: Path, transcript: Path) -> None:
    found = compare(tmp_path, transcript=str(transcript), objectives={"strong": simko(alpha=0.3)})
    assert [row.name for row in found.rows] == ["grpo", "strong"]
    assert found.rows[1].candidates > 0.01  # type: ignore[operator]


def test_another_reference_is_what_ace_compares_with(tmp_path: Path, transcript: Path) -> None:
    other = tmp_path / "other"
    policy = load_policy("bundled")
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.mul_(0.9)
    policy.save_pretrained(other)
    same = compare(tmp_path, transcript=str(transcript), presets=["grpo", "ace"])
    moved = compare(tmp_path, transcript=str(transcript), presets=["grpo", "ace"], reference=str(other))
    assert any("reference is the policy itself" in note for note in same.notes)
    assert not any("reference is the policy itself" in note for note in moved.notes)
    assert moved.cosines[0][1] != same.cosines[0][1]


def written(folder: Path, rows: Rows) -> str:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"token_ids": None}, r"line 2: the field 'token_ids' is 'None'"),
        ({"token_ids": []}, r"line 2: the field 'token_ids'"),
        ({"token_ids": [5, True]}, r"line 2: the field 'token_ids'"),
        ({"logprobs": [0.0]}, r"line 2: the field 'logprobs' has 1 entries"),
        ({"logprobs": [float("nan")]}, r"line 2: the field 'logprobs'"),
        ({"outcome": "perhaps"}, r"line 2: the field 'outcome' is 'perhaps'; allowed: 'correct'"),
        ({"reward": None}, r"line 2: the field 'reward' is None"),
        ({"temperature": 0}, r"line 2: the field 'temperature' is '0'; allowed: a number above 0"),
        ({"temperature": 0.5}, r"'temperature' is '1.0' in line 1 and '0.5' in line 2"),
        ({"uid": "another"}, r"the field 'uid' .* all rollouts of a slot"),
        ({"slot": 77}, r"has 3 rollouts, others have 4; every group must be whole"),
        ({"token_ids": [5000], "logprobs": [-1.0]}, r"the token id 5000, but 'bundled' knows"),
        ({"token_ids": [5] * 300, "logprobs": [-1.0] * 300}, r"more than the context of 'bundled', 256"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, transcript: Path, change: dict[str, Any], words: str) -> None:
    rows = [json.loads(line) for line in transcript.read_text().splitlines()]
    rows[1] |= change
    with pytest.raises(InputError, match=words):
        compare(tmp_path, transcript=written(tmp_path, rows))


def test_a_missing_field_a_torn_line_and_a_list_are_named_by_line(tmp_path: Path, transcript: Path) -> None:
    first, second, *_ = transcript.read_text().splitlines()
    row = json.loads(second)
    del row["logprobs"]
    path = tmp_path / "rows.jsonl"
    for line, words in ((json.dumps(row), "'logprobs' is missing"), (second[:50], "is no JSON"), ("[1]", "is list")):
        path.write_text(f"{first}\n{line}\n")
        with pytest.raises(InputError, match=f"line 2.*{words}"):
            read_transcript(path)


def test_a_transcript_that_is_nowhere_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no transcript"):
        read_transcript(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(InputError, match="is empty"):
        read_transcript(tmp_path / "empty.jsonl")


def test_rollouts_without_any_verdict_are_refused(tmp_path: Path, transcript: Path) -> None:
    rows = [json.loads(line) | {"outcome": "undecided", "reward": None} for line in transcript.read_text().splitlines()]
    with pytest.raises(InputError, match="None of the 16 rollouts is decided"):
        compare(tmp_path, transcript=written(tmp_path, rows))


def test_unknown_and_doubled_names_are_refused() -> None:
    with pytest.raises(InputError, match=r"no preset 'grpoo'.*allowed in presets: all, .*grpo"):
        chosen_objectives(["grpoo"], None, 24)
    with pytest.raises(InputError, match="the name 'grpo'"):
        chosen_objectives(None, {"grpo": grpo()}, 24)
    with pytest.raises(InputError, match="nothing to compare"):
        chosen_objectives([], None, 24)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"prompts": 0}, "prompts is 0; allowed: 1 or more"),
        ({"drift": -1}, "drift is -1"),
        ({"drift_lr": 0.0}, "drift_lr is 0.0"),
        ({"sampling": Sampling(n=1)}, "allowed: 2 or more"),
        ({"prompts": 100_000, "sampling": SMALL}, "prompts is 100000, but countdown has"),
        ({"sampling": replace(SMALL, max_tokens=250)}, "more than the policy's context of 256"),
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path: Path, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        compare(tmp_path, **settings)


def test_rollouts_that_other_weights_wrote_are_told_of(tmp_path: Path, transcript: Path) -> None:
    rows = [json.loads(line) for line in transcript.read_text().splitlines()]
    assert not any("other weights" in note for note in compare(tmp_path, transcript=str(transcript)).notes)
    rows[0]["logprobs"] = [value - 20 for value in rows[0]["logprobs"]]
    assert any("other weights" in note for note in compare(tmp_path, transcript=written(tmp_path, rows)).notes)


def test_the_page_shows_text_from_outside_as_text(tmp_path: Path, transcript: Path) -> None:
    rows = [json.loads(line) for line in transcript.read_text().splitlines()]
    evil = "<script>alert(1)</script>"
    for row in rows:
        row |= {"prompt": evil, "response": evil, "reason": evil, "uid": f"{evil}{row['slot']}"}
    compare(tmp_path, transcript=written(tmp_path, rows), objectives={'"><img src=x>': simko()}, heat_rollouts=4)
    page = (tmp_path / "replay.html").read_text()
    assert page.count("<script>") == 1 and evil not in page and "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count("<article>") == 4
    assert "http" not in page.replace("http-equiv", "")


def test_the_page_shows_right_and_wrong_responses_token_by_token(tmp_path: Path, transcript: Path) -> None:
    compare(tmp_path, transcript=str(transcript), presets=["grpo", "simko"], heat_rollouts=2)
    page = (tmp_path / "replay.html").read_text()
    assert ">right</b>" in page and ">wrong</b>" in page
    assert "&lt;eos&gt;" in page
    assert page.count('class="t"') > 10


def test_numbers_and_markdown_say_the_same_as_the_comparison(tmp_path: Path, transcript: Path) -> None:
    found = compare(tmp_path, transcript=str(transcript), presets=["grpo", "simko"])
    assert json.loads((tmp_path / "replay.json").read_text()) == json.loads(json.dumps(found.as_dict()))
    assert "| grpo | " in (tmp_path / "replay.md").read_text()


def test_the_transcript_of_a_run_can_be_replayed(fit: Callable[..., Path], tmp_path: Path) -> None:
    run = fit("grpo", "--config", "tests/lit/all_callbacks.yaml")
    first = sorted((run / "rollouts").glob("train_*.jsonl"))[0]
    found = compare(tmp_path / "replay", transcript=str(first), presets=["grpo", "simko"])
    assert found.facts["rollouts"].startswith("4 groups of 4")
    assert not any("other weights" in note for note in found.notes)
    rows = [json.loads(line) for line in first.read_text().splitlines()]
    advantages = measured(read_transcript(first), {"grpo": grpo()})["grpo"].advantages_BT[:, 0]
    torch.testing.assert_close(advantages, torch.tensor([row["advantage"] for row in rows]), rtol=1e-5, atol=1e-6)


def test_the_command_samples_compares_and_says_where_everything_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = '{"class_path": "asym_lit.objectives.ace", "init_args": {"base": {"class_path": "asym_lit.objectives.dapo"}}}'
    small = ["--prompts", "4", "--sampling.n", "4", "--presets", "[grpo, simko]", "--objectives.mine", own]
    main(["replay", *small, "--device", "cpu", "--output", str(tmp_path)])
    said = capsys.readouterr().out
    assert "cosine" in said and "mine" in said and str(tmp_path / "replay.html") in said.replace("\n", "")
    assert {p.name for p in tmp_path.iterdir()} == {"replay.html", "replay.json", "replay.md", "rollouts.jsonl"}


def test_the_command_refuses_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["replay", "--presets", "[nothing]", "--output", str(tmp_path)])
    assert "no preset 'nothing'" in str(stopped.value.code)
    with pytest.raises(SystemExit, match="2"):
        main(["replay", "--objectives.a", "asym_lit.objectives.nothing"])
    assert "is 'asym_lit.objectives.nothing'; there is nothing of this name. " in capsys.readouterr().err


def test_problems_are_put_to_the_policy_as_training_puts_them(tmp_path: Path) -> None:
    form = PromptFormat(template="{prompt}", shots=1, shot_template="{prompt}{answer}\n")
    compare(tmp_path, prompts=2, sampling=replace(SMALL, stop_strings=("+",)), presets=["grpo"], prompt_format=form)
    batch = read_transcript(tmp_path / "rollouts.jsonl")
    assert all(rollout.prompt.text.count("\n") == 1 for rollout in batch.rollouts)  # a demonstration, then the question
    assert not any("+" in rollout.text for rollout in batch.rollouts)


def test_a_chat_without_a_template_is_refused_before_anything_is_loaded(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("asym_lit.commands.replay.replaying.load_policy", None)
    with pytest.raises(InputError, match=r"prompt_format.chat is true, but the tokenizer of .* has no chat template"):
        compare(tmp_path, prompt_format=PromptFormat(chat=True))


def test_a_replay_says_how_far_it_is(tmp_path: Path, monkeypatch: Any, transcript: Path) -> None:
    monkeypatch.setattr("asym_lit.command_line.pace.EVERY", 0.0)
    console = Console(file=(tmp_path / "said").open("w"), width=200)
    run_replay(Replay(transcript=str(transcript), output=str(tmp_path), device="cpu", presets=["grpo", "simko"]), console)
    console.file.flush()
    # 16 rollouts: described once, then scored and derived under each of two objectives.
    assert "replay: reading: 32 of 80 rollouts, about 1 s left" in (tmp_path / "said").read_text()


def test_a_greedy_response_is_sampled_where_one_is_wanted_and_missed_in_a_transcript(tmp_path: Path, transcript: Path) -> None:
    found = compare(tmp_path / "sampled", prompts=4, sampling=SMALL, presets=["grpo", "remax"], seed=3)
    assert [row.name for row in found.rows] == ["grpo", "remax"] and found.rows[1].gradient_norm > 0
    with pytest.raises(InputError, match="remax wants a greedy response to each prompt, and a transcript holds none"):
        compare(tmp_path, transcript=str(transcript), presets=["grpo", "remax"])


def test_the_length_of_a_run_is_missed_in_a_transcript_of_a_later_step(tmp_path: Path, transcript: Path) -> None:
    rows = [json.loads(line) for line in transcript.read_text().splitlines()]
    later = tmp_path / "later.jsonl"
    later.write_text("".join(json.dumps({**row, "step": 7}) + "\n" for row in rows))
    with pytest.raises(InputError, match=r"a_nsr wants the length of the run \(total_steps\), and a transcript of step 7"):
        compare(tmp_path, transcript=str(later), presets=["a_nsr"])
    own = {"moving": a_nsr(total_steps=10)}
    assert [row.name for row in compare(tmp_path, transcript=str(later), objectives=own).rows] == ["grpo", "moving"]
    both = compare(tmp_path, transcript=str(later), presets=["all"])
    assert "a_nsr" not in [row.name for row in both.rows] and any("a_nsr is left out" in note for note in both.notes)


def test_several_rewards_of_a_transcript_are_read_with_their_weights(tmp_path: Path, transcript: Path) -> None:
    rows = [json.loads(line) for line in transcript.read_text().splitlines()]
    for row in rows:
        row["rewards"] = {"right": row["reward"], "short": -len(row["token_ids"])}
        row["reward_weights"] = {"right": 1.0, "short": 0.5}
    told = tmp_path / "told.jsonl"
    told.write_text("".join(json.dumps(row) + "\n" for row in rows))
    verdict = read_transcript(told).rollouts[0].verdict
    assert verdict is not None and dict(verdict.weights) == {"right": 1.0, "short": 0.5}
    plain, several = (compare(tmp_path, transcript=str(path), presets=["gdpo"]).rows[0] for path in (transcript, told))
    assert several.gradient_norm > 0 and abs(several.gradient_norm - plain.gradient_norm) > 1e-6
    rows[0]["rewards"] = {"right": "much"}
    told.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match=r"the field 'rewards' is .*allowed: finite numbers by name"):
        read_transcript(told)
