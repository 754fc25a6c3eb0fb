"""Numbers of an evaluation are the same on all processes, and Lightning is told so."""

from __future__ import annotations

import warnings
from typing import Any

import lightning.pytorch.trainer.connectors.logger_connector.result as results


def test_no_metric_of_a_run_is_warned_of_where_there_is_a_process_group(fit: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(results, "_distributed_is_initialized", lambda: True)  # as vLLM in this process leaves it
    results.warning_cache.clear()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        fit("grpo", "--data.rollout_steps", "1", "--trainer.val_check_interval", "1")
    assert [str(one.message) for one in told if "sync_dist" in str(one.message)] == []
