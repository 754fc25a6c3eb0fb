"""A run whose rollouts several servers write: one that dies in the middle of a step, and comes back, changes nothing of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from asym_lit.policy.loading import locate
from hf_stand_in import HFStandIn
from runs import scalars, weights


@pytest.fixture
def two() -> Iterator[list[HFStandIn]]:
    servers = [HFStandIn(locate("bundled")) for _ in range(2)]
    yield servers
    for server in servers:
        server.die()


def test_a_run_ends_with_the_same_weights_whether_a_server_dies_or_not(
    fit: Callable[..., Path], two: list[HFStandIn], tmp_path: Path
) -> None:
    urls = f"[{two[0].url}, {two[1].url}]"
    engine = ["--data.engine", "VLLMServersEngine", "--data.engine.urls", urls, "--data.engine.directory"]
    peace = fit("grpo", *engine, str(tmp_path / "one"), folder=tmp_path / "peace")
    assert scalars(peace, "engine/servers") == dict.fromkeys(range(4), 2.0)
    first, second = (scalars(peace, f"engine/requests/{index}") for index in range(2))
    # Since the last sync: 4 groups of the step, and the 8 of an evaluation before the first and the third one.
    assert {step: first[step] + second[step] for step in range(4)} == {0: 12.0, 1: 4.0, 2: 12.0, 3: 4.0}

    two[1].come_back()
    done, one_at_a_time = len(two[0].completions), threading.Lock()

    def come_back() -> None:
        with one_at_a_time:
            if two[1].is_dead and len(two[0].completions) - done > 11:
                two[1].come_back()

    two[0].before_answer = come_back
    two[1].dies_at = 7
    with pytest.warns(UserWarning, match="is left out"), pytest.warns(UserWarning, match="writes again"):
        disturbed = fit("grpo", *engine, str(tmp_path / "two"), folder=tmp_path / "disturbed")
    assert set(scalars(disturbed, "engine/restarts").values()) == {0.0}
    alive = scalars(disturbed, "engine/servers")
    assert 1.0 in alive.values() and alive[3] == 2.0
    expected, found = (weights(run / "checkpoints/step_000004") for run in (peace, disturbed))
    assert all(torch.equal(value, found[name]) for name, value in expected.items())
