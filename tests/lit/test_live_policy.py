"""What loggers are given of a step, and when; runs with a logger are in `test_fit.py` and `test_resume.py`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from asym_lit.lit.live_policy import LivePolicyModule


@pytest.mark.parametrize(("every", "steps"), [(1, [0, 1, 2, 3]), (2, [1, 3]), (0, [])])
def test_loggers_get_a_steps_numbers_at_once_and_one_time_on_the_steps_they_are_asked_for(monkeypatch, every, steps) -> None:
    written: list[tuple[int, dict[str, float]]] = []
    logger = SimpleNamespace(log_metrics=lambda metrics, step: written.append((step, metrics)))
    monkeypatch.setattr(LivePolicyModule, "trainer", SimpleNamespace(log_every_n_steps=every, loggers=[logger]))
    module = LivePolicyModule()
    module.points, module.log = {}, lambda *_, **__: None  # type: ignore[method-assign, assignment]
    for step in range(4):
        module.log_metrics({"loss": step / 2}, step)
        module.log_metrics({"reward": 1.0}, step)
        module.write_points()
        module.on_train_batch_end(None, None, step)
    assert written == [(step, {"loss": step / 2, "reward": 1.0}) for step in steps]
