from __future__ import annotations

import json

from runs import run_alone, words


def test_a_run_that_is_interrupted_by_hand_says_so(tmp_path):
    run_alone(
        *words(tmp_path, "grpo", "--trainer.callbacks+", "killers.Interrupt", "--trainer.callbacks.number", "4"), expect=1
    )
    run = tmp_path / "run" / "version_0"
    record = json.loads((run / "run.json").read_text())
    assert (record["state"], record["reached"], record["rollout_steps"]) == ("interrupted", 3, 4)
