from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from asym_lit.cli import main
from judge_server import MODEL, serving
from runs import ROOT, scalars, words


def recipe(folder: Path, verifier: dict[str, Any], **settings: Any) -> str:
    """GRPO with another verifier."""
    config = yaml.safe_load((ROOT / "configs/grpo.yaml").read_text())
    config["trainer"]["callbacks"][0]["init_args"] = {"verifier": verifier, **settings}
    file = folder / "recipe.yaml"
    file.write_text(yaml.safe_dump(config))
    return str(file)


def a(class_path: str, **init_args: Any) -> dict[str, Any]:
    return {"class_path": f"asym_lit.{class_path}", "init_args": init_args}


def test_an_endpoint_that_dies_in_the_middle_stops_the_run_with_everything_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    with serving() as server:

        def chance(text: str) -> float:
            trained = len(server.asked) - before_training
            if trained > 24:
                server.mood = "broken"
            return 0.9 if len(text) % 2 else 0.1

        before_training = 10 + 8 * 4  # canaries of the self-test; the evaluation before training, at most
        server.chance = chance
        endpoint = a("verifiers.Endpoint", model=MODEL, base_url=server.url, retries=0, concurrency=1)
        judge = a("verifiers.Judge", backend=endpoint, whole_response=True, canaries={"every": 0}, breaker_faults=1)
        file = recipe(tmp_path, judge, oracle=a("tasks.CountdownVerifier"))
        line = words(tmp_path, "grpo")
        line[2] = file
        with pytest.raises(SystemExit, match=r"stopped: .* of the rollouts of step \d are undecided; allowed: 10%.*judge"):
            main(line)
    run = tmp_path / "run" / "version_0"
    opened = scalars(run, "verifier/judge/breaker_open")
    stopped_at = max(opened)
    assert opened[stopped_at] == 1.0
    assert stopped_at >= 1
    assert scalars(run, "verifier/undecided")[stopped_at] > 0.1
    assert list(run.rglob("model.safetensors"))
    # The steps before had verdicts, and the truth beside them.
    assert scalars(run, "verifier/undecided")[0] == 0.0
    assert set(scalars(run, "reward/gap")) >= {0}


def test_interventions_are_configured_from_a_recipe_and_evaluations_count_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    exact = a("tasks.CountdownVerifier")
    noise = a("verifiers.LabelNoise", verifier=exact, false_positive_rate=0.0, false_negative_rate=1.0)
    line = words(tmp_path, "grpo", "--data.rollout_steps", "2", "--data.sampling.n", "8")
    line[2] = recipe(
        tmp_path, a("verifiers.BackwardCorrection", verifier=noise, false_positive_rate=0.1, false_negative_rate=0.2)
    )
    main(line)
    run = tmp_path / "run" / "version_0"
    truth, used = scalars(run, "reward/oracle_mean"), scalars(run, "reward/mean")
    assert max(truth.values()) > 0
    assert list(used.values()) == pytest.approx([-0.1 / 0.7] * 2)  # every right response was turned around
    assert [scalars(run, "reward/gap")[step] for step in used] == pytest.approx([used[s] - truth[s] for s in used], abs=1e-6)
    assert max(scalars(run, "val/countdown/pass@1").values()) > 0
