"""What the first process does for all; the other one is played by a broadcast that says what the first one told."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.distributed as dist

from asym_lit import process_groups
from asym_lit.lit.stopping import ends_all
from asym_lit.rollout.engine import EngineError
from asym_lit.rollout.first_process import from_first, gathered
from asym_lit.types import InputError, RunStoppedError


def refuse() -> Any:
    raise EngineError("none is left")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """This process is one of two; what is told goes into the list, or comes out of it on the second one."""
    channel: list[Any] = []

    def broadcast(objects: list[Any], src: int, group: Any) -> None:
        assert src == 0 and group == process_groups.group_of_thread()
        if dist.get_rank() == 0:
            channel[:] = objects
        else:
            objects[:] = channel

    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(dist, "get_rank", lambda: 0)
    monkeypatch.setattr(dist, "broadcast_object_list", broadcast)
    return channel


def test_all_get_what_the_first_process_made(told: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert from_first(lambda: ["mark"]) == ["mark"]
    monkeypatch.setattr(dist, "get_rank", lambda: 1)
    assert from_first(refuse) == ["mark"]  # not made anew


@pytest.mark.parametrize("fault", [EngineError("none is left"), InputError("another policy")])
def test_a_fault_of_the_first_process_is_raised_on_all(
    told: list[Any], monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def make() -> Any:
        raise fault

    with pytest.raises(type(fault), match=str(fault)):
        from_first(make)
    monkeypatch.setattr(dist, "get_rank", lambda: 1)
    with pytest.raises(type(fault), match=str(fault)):
        from_first(lambda: "never made")


def test_what_nobody_foresaw_ends_all_where_they_meet(told: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> Any:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left") as raised:
        from_first(make)
    assert ends_all(raised.value)
    monkeypatch.setattr(dist, "get_rank", lambda: 1)
    with pytest.raises(RunStoppedError, match=r"A fault of process 0: OSError: .*No space left on device"):
        from_first(lambda: "never made")


def test_a_single_process_tells_nobody() -> None:
    assert from_first(lambda: 3) == 3
    with pytest.raises(EngineError, match="none is left"):
        from_first(refuse)


def test_weights_are_walked_through_by_all_and_held_by_the_first(told: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    weight, walked = torch.zeros(2), []

    def weights() -> Any:
        for name in ("embedding", "head"):  # tied: one storage
            walked.append(name)
            yield name, weight

    held = gathered(weights())
    assert held["embedding"].data_ptr() != held["head"].data_ptr()
    monkeypatch.setattr(dist, "get_rank", lambda: 1)
    assert gathered(weights()) == {} and len(walked) == 4
