"""One small run of the main job, and all that it leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from asym_lit.cli import main
from asym_lit.layouts import PaddedTokens
from asym_lit.policy.loading import load_policy
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.types import Needs
from runs import ROOT, scalars, words


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fit")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["train.py"])
        main(words(folder, "simko", "--config", str(ROOT / "tests/lit/all_callbacks.yaml")))
    return folder / "run" / "version_0"


def events(run: Path) -> EventAccumulator:
    found = EventAccumulator(str(run))
    found.Reload()
    return found


@pytest.mark.parametrize(
    ("tag", "steps"),
    [
        ("reward/mean", [0, 1, 2, 3]),
        ("train/pass@1", [0, 1, 2, 3]),
        ("train/pass@4", [0, 1, 2, 3]),
        ("policy/entropy", [0, 1, 2, 3]),
        ("candidates/rank_3", [0, 1, 2, 3]),
        ("groups/mixed", [0, 1, 2, 3]),
        ("mismatch/max", [0, 1, 2, 3]),
        ("ratio/clipped_high", [0, 1, 2, 3]),
        ("time/generate", [0, 1, 2, 3]),
        ("tokens/per_second", [0, 1, 2, 3]),
        ("update/grad_norm", [0, 1, 2, 3]),
        ("val/countdown/pass@1", [0, 2, 4]),
        ("val/countdown_interval/pass@4_high", [0, 2, 4]),
    ],
)
def test_a_scalar_stands_at_its_rollout_steps(run: Path, tag: str, steps: list[int]) -> None:
    assert list(scalars(run, tag)) == steps


def test_probabilities_of_candidates_fall_with_their_rank(run: Path) -> None:
    ranks = [scalars(run, f"candidates/rank_{n}") for n in (1, 2, 3)]
    for step in range(4):
        assert 0 > ranks[0][step] > ranks[1][step] > ranks[2][step]


def test_shares_of_groups_add_up(run: Path) -> None:
    parts = [scalars(run, f"groups/{kind}") for kind in ("all_right", "all_wrong", "mixed")]
    for step in range(4):
        assert sum(part[step] for part in parts) == pytest.approx(1)


def test_intervals_hold_the_estimate(run: Path) -> None:
    for step, mean in scalars(run, "val/countdown/pass@1").items():
        low = scalars(run, "val/countdown_interval/pass@1_low")[step]
        assert low <= mean <= scalars(run, "val/countdown_interval/pass@1_high")[step]


def test_the_dashboard_has_a_custom_page_a_figure_and_a_table(run: Path) -> None:
    tags = events(run).Tags()
    assert "custom_scalars__config__" in tags["tensors"]
    assert "rollouts/text_summary" in tags["tensors"]
    assert "val/countdown/curve" in tags["images"]


def test_the_transcript_tells_what_was_asked_answered_and_decided(run: Path) -> None:
    rows = [json.loads(line) for line in (run / "rollouts" / "train_000002.jsonl").read_text().splitlines()]
    assert len(rows) == 4 * 4
    assert {row["outcome"] for row in rows} <= {"correct", "incorrect"}
    for row in rows:
        assert row["reward"] == (1.0 if row["outcome"] == "correct" else 0.0)
        assert len(row["token_ids"]) == len(row["logprobs"])
        assert row["policy_version"] == 4, "two mini-batches in each of two earlier steps"
    groups = [rows[i : i + 4] for i in range(0, 16, 4)]
    assert all(len({row["uid"] for row in group}) == 1 for group in groups)


def test_no_partial_file_is_left(run: Path) -> None:
    assert not [path for path in run.rglob("*") if path.name.endswith((".partial", ".deleted"))]


def test_the_newest_checkpoints_are_kept(run: Path) -> None:
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["step_000003", "step_000004"]


def test_the_report_holds_both_evaluations(run: Path) -> None:
    report = json.loads((run / "pass_at_k.json").read_text())
    assert report["before"]["countdown"]["ks"] == report["after 4 steps"]["countdown"]["ks"] == [1, 2, 4]
    before = scalars(run, "val/countdown/pass@1")[0]
    assert report["before"]["countdown"]["mean"][0] == pytest.approx(before)


def test_the_exported_policy_gives_the_log_probs_of_the_trained_one(run: Path) -> None:
    """In plain transformers, against the weights of the Lightning checkpoint."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = run / "checkpoints" / "step_000004"
    exported = AutoModelForCausalLM.from_pretrained(folder / "huggingface")
    tokenizer = AutoTokenizer.from_pretrained(folder / "huggingface")
    trained = TokenScorer(load_policy("bundled"))
    state = torch.load(folder / "lightning.ckpt", weights_only=True)["state_dict"]
    trained.load_state_dict({name.removeprefix("scorer."): value for name, value in state.items()})
    prompt, response = tokenizer("3,7,12,20=45:")["input_ids"], [*tokenizer("3*7+12*2")["input_ids"], tokenizer.eos_token_id]
    ids = torch.tensor([prompt + response])
    with torch.no_grad():
        logprobs = exported(ids).logits.log_softmax(-1)[0, len(prompt) - 1 : -1]
        plain = logprobs.gather(-1, torch.tensor(response)[:, None]).squeeze(-1)
        tokens = PaddedTokens(ids, torch.tensor([len(prompt)]))
        ours = trained(tokens, torch.ones(1, len(response)), 1.0, Needs()).logprobs_BT[0]
    assert torch.allclose(plain, ours, atol=1e-5)
    start = load_policy("bundled").state_dict()
    assert any(not torch.equal(start[name], value) for name, value in exported.state_dict().items()), "it was trained"


def test_the_saved_configuration_runs_again(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    main(["fit", "--config", str(run / "config.yaml"), "--trainer.logger.save_dir", str(tmp_path)])
    again = scalars(tmp_path / "run" / "version_0", "update/grad_norm")
    assert again == scalars(run, "update/grad_norm"), "the same run, to the last bit"


@pytest.mark.parametrize(("command", "split"), [("validate", "validation"), ("test", "test")])
def test_a_checkpoint_is_measured_on_a_split(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, split: str
) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    main(words(tmp_path, "simko", "--ckpt_path", str(run), command=command))
    found = json.loads((tmp_path / "run" / "version_0" / "pass_at_k.json").read_text())
    assert found[split]["countdown"]["problems"] == 8
    assert "pass@k" in capsys.readouterr().out
    if command == "validate":
        after = json.loads((run / "pass_at_k.json").read_text())["after 4 steps"]
        assert found[split]["countdown"]["mean"] == pytest.approx(after["countdown"]["mean"])


def test_predict_writes_rollouts_with_verdicts_and_says_where(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    main(words(tmp_path, "simko", "--ckpt_path", str(run), command="predict"))
    written = tmp_path / "run" / "version_0" / "rollouts" / "predict_countdown.jsonl"
    assert f"Responses       {written}\n" in capsys.readouterr().out
    lines = written.read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 8 * 4
    assert all(row["outcome"] in ("correct", "incorrect") and row["by"] == "countdown" for row in rows)
