"""Memory is given back once a process has grown, and not before."""

from __future__ import annotations

import pytest
import torch

from asym_lit.processes import heap


@pytest.mark.skipif(heap._trim() is None, reason="no malloc_trim here: it is glibc's, on Linux")
def test_holes_go_back_to_the_system_once_the_process_has_grown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(heap, "GROWTH", 64 * 2**20)
    heap.give_back()
    blocks = [torch.ones(2**14) for _ in range(2400)]  # 150 MiB in blocks of 64 KiB, which no system call makes one by one
    del blocks[::2]
    kept = heap._resident()
    assert heap.give_back()
    assert heap._resident() < kept - 40 * 2**20  # of the half that is free
    assert all(float(block[0]) == 1 for block in blocks)  # and the other half is in use
    assert not heap.give_back()  # it has not grown since


def test_a_system_without_it_goes_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(heap, "_trim", lambda: None)
    assert not heap.give_back()


def test_a_process_that_has_not_grown_keeps_its_memory(monkeypatch: pytest.MonkeyPatch):
    calls: list[int] = []
    monkeypatch.setattr(heap, "_trim", lambda: calls.append)
    monkeypatch.setattr(heap, "_grown_from", [100])
    monkeypatch.setattr(heap, "_resident", lambda: 100 + heap.GROWTH - 1)
    assert not heap.give_back()
    assert calls == []
    monkeypatch.setattr(heap, "_resident", lambda: 100 + heap.GROWTH)
    assert heap.give_back()
    assert calls == [0]
