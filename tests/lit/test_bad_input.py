"""What cannot work is refused before the first batch, with one message: given, allowed, what to write."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from asym_lit.policy.loading import locate

Fit = Callable[..., Path]


def refusal(fit: Fit, *arguments: str, recipe: str = "grpo") -> str:
    """The message a run is refused with."""
    with pytest.raises(SystemExit) as stopped:
        fit(recipe, *arguments)
    assert isinstance(stopped.value.code, str), "an input error of ours, not one of the parser"
    return stopped.value.code


def parser_refusal(fit: Fit, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit, match="2"):
        fit("grpo", *arguments)
    return capsys.readouterr().err


def test_an_unknown_key_is_named_without_a_page_of_usage(fit: Fit, capsys: pytest.CaptureFixture[str]) -> None:
    message = parser_refusal(fit, capsys, "--model.objective.clipp", "0.3")
    assert "clipp" in message
    assert len(message.splitlines()) < 25


def test_a_wrong_type_is_named_with_the_value(fit: Fit, capsys: pytest.CaptureFixture[str]) -> None:
    message = parser_refusal(fit, capsys, "--data.prompts_per_step", "many")
    assert "prompts_per_step" in message
    assert "many" in message


def data_file(tmp_path: Path, *rows: object) -> list[str]:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    overlay = tmp_path / "data.yaml"
    overlay.write_text(
        "data: {init_args: {task: {class_path: asym_lit.tasks.CountdownData, init_args: {train: " + str(path) + "}}}}"
    )
    return ["--config", str(overlay)]


def test_a_missing_data_file_is_named(fit: Fit, tmp_path: Path) -> None:
    arguments = data_file(tmp_path, {"nums": [1, 2], "target": 3})
    (tmp_path / "rows.jsonl").unlink()
    assert "There is no data file" in refusal(fit, *arguments)


@pytest.mark.parametrize(
    ("row", "field"), [({"nums": "3 4", "target": 7}, "nums"), ({"nums": [3, 4], "target": None}, "target")]
)
def test_a_malformed_row_is_named_by_number_and_field(fit: Fit, tmp_path: Path, row: object, field: str) -> None:
    message = refusal(fit, *data_file(tmp_path, {"nums": [1, 2], "target": 3} if field == "target" else row, row))
    assert f"field '{field}'" in message
    assert "row" in message


def test_a_prompt_longer_than_the_context_is_named_with_what_would_fit(fit: Fit) -> None:
    message = refusal(fit, "--data.sampling.max_tokens", "250")
    assert "more than the policy's context of 256" in message
    assert "max_tokens of at most" in message


def test_a_policy_without_a_tokenizer_is_refused(fit: Fit, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / "policy").mkdir(exist_ok=True)
        shutil.copy(Path(locate("bundled")) / name, tmp_path / "policy" / name)
    assert "holds no tokenizer" in refusal(fit, "--model.policy", str(tmp_path / "policy"))


def test_a_policy_that_is_nowhere_is_refused(fit: Fit) -> None:
    assert "No policy at '/nowhere/at/all'" in refusal(fit, "--model.policy", "/nowhere/at/all")


def test_a_k_above_n_is_refused(fit: Fit) -> None:
    message = refusal(fit, "--config", "tests/lit/large_k.yaml")
    assert "pass@8 is asked for with evaluation.n 4" in message


def test_a_group_of_one_is_refused_where_rollouts_are_compared_within_groups(fit: Fit) -> None:
    assert "allowed: 2 or more" in refusal(fit, "--data.sampling.n", "1")


def test_a_filtered_distribution_is_warned_of(fit: Fit) -> None:
    with pytest.warns(UserWarning, match="the gradient is biased"):
        fit("grpo", "--data.sampling.top_p", "0.9", "--data.rollout_steps", "2")


def test_a_run_folder_that_cannot_be_written_is_refused(fit: Fit, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    message = refusal(fit, "--trainer.logger.save_dir", str(tmp_path / "file"))
    assert "cannot be written to" in message


def test_a_checkpoint_that_is_nowhere_is_refused(fit: Fit, tmp_path: Path) -> None:
    assert "does not exist. Give --ckpt_path" in refusal(fit, "--ckpt_path", str(tmp_path / "none"))


def test_resuming_with_another_policy_is_refused_and_loses_nothing(fit: Fit, tmp_path: Path) -> None:
    run = fit("grpo")
    other = tmp_path / "other"
    shutil.copytree(locate("bundled"), other)
    written = {path: path.stat().st_mtime_ns for path in run.rglob("step_*/*")}
    message = refusal(fit, "--ckpt_path", str(run), "--model.policy", str(other))
    assert "was trained from policy 'bundled'" in message
    assert {path: path.stat().st_mtime_ns for path in run.rglob("step_*/*")} == written


def test_prompts_that_do_not_divide_over_processes_are_refused_with_a_number_that_does() -> None:
    from asym_lit.rollout.prompts import PromptLoader
    from asym_lit.tasks import Countdown

    prompts = Countdown(train_size=8, val_size=1, test_size=1).prompts("train")
    with pytest.raises(ValueError, match=r"--data.prompts_per_step 6"):
        PromptLoader(prompts, prompts_per_step=5, steps=1, seed=1, world_size=3)
