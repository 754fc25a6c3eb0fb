"""What loggers are given of a step, and when; runs with a logger are in `test_fit.py` and `test_resume.py`."""

from __future__ import annotations

import pytest
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import Logger

from asym_lit.lit.live_policy import LivePolicyModule


class Listed(Logger):
    """A logger of one's own."""

    name, version = "listed", 0

    def __init__(self) -> None:
        super().__init__()
        self.written: list[tuple[int, dict[str, float]]] = []

    def log_metrics(self, metrics, step=None):
        self.written.append((step, metrics))

    def log_hyperparams(self, *args, **kwargs):
        pass


@pytest.mark.parametrize(("every", "steps"), [(1, [0, 1, 2, 3]), (2, [1, 3]), (0, [])])
def test_loggers_get_a_steps_numbers_at_once_and_one_time_on_the_steps_they_are_asked_for(monkeypatch, every, steps) -> None:
    logger = Listed()
    trainer = Trainer(logger=logger, log_every_n_steps=every, accelerator="cpu", enable_checkpointing=False)
    monkeypatch.setattr(LivePolicyModule, "trainer", trainer)
    module = LivePolicyModule()
    module.points, module.log = {}, lambda *_, **__: None  # type: ignore[method-assign, assignment]
    for step in range(4):
        module.log_metrics({"loss": step / 2}, step)
        module.log_metrics({"reward": 1.0}, step)
        module.write_points()
        module.on_train_batch_end(None, None, step)
    assert logger.written == [(step, {"loss": step / 2, "reward": 1.0}) for step in steps]
