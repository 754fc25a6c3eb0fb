"""Processes that watch over each other; here each is a thread, with a connection, a progress and a judge of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from time import monotonic, sleep

import pytest

from asym_lit.processes import watching
from asym_lit.processes.judging import Verdict
from asym_lit.processes.peers import Peer
from asym_lit.processes.progress import Progress
from asym_lit.processes.stacks import stacks, where
from asym_lit.processes.watching import Watch


class Job:
    """A few watches that have met."""

    def __init__(self, size: int, limit: float = 0.0) -> None:
        self.verdicts: dict[int, Verdict] = {}
        self.progress = [Progress() for _ in range(size)]
        self.watches = [
            Watch(Peer(rank, f"host{rank}", 100 + rank), size, 45.0, limit, self._ended(rank), self.progress[rank])
            for rank in range(size)
        ]
        hub, *others = self.watches
        self.place = hub.listen("127.0.0.1")
        hub.start()
        for other in others:
            assert other.connect(**self.place) == ""
            other.start()
        assert hub.meet() == ""

    def _ended(self, rank: int):
        return lambda verdict: self.verdicts.setdefault(rank, verdict)

    def cut(self, rank: int) -> None:
        """What the system does with the connections of a process that dies."""
        self.watches[rank]._say = lambda **line: None
        self.watches[rank]._leaving.set()

    def wait(self, *ranks: int, seconds: float = 8.0) -> None:
        end = monotonic() + seconds
        while not set(ranks) <= set(self.verdicts) and monotonic() < end:
            sleep(0.02)
        assert set(ranks) == set(self.verdicts)


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watching, "BEAT", 0.1)
    monkeypatch.setattr(watching, "LOOK", 0.02)
    monkeypatch.setattr("asym_lit.processes.judging.GRACE", 0.1)
    made: list[Job] = []

    def begin(size: int, limit: float = 0.0) -> Job:
        made.append(Job(size, limit))
        return made[-1]

    yield begin
    for watch in (watch for one in made for watch in one.watches):
        watch.leave()


def test_the_others_hear_of_one_that_died_whichever_it_was(job):
    for victim in (0, 2):
        one = job(3)
        one.progress[victim].mark("generate", 7)
        sleep(0.3)
        one.cut(victim)
        rest = {0, 1, 2} - {victim}
        one.wait(*rest)
        for rank in rest:
            assert one.verdicts[rank].blamed[0].rank == victim
            assert f"Lost rank {victim} (host host{victim}, pid {100 + victim}), last seen in generate, step 7, at" in (
                one.verdicts[rank].words
            )


def test_processes_that_end_one_after_the_other_are_no_loss(job):
    one = job(3)
    for watch in reversed(one.watches):
        watch.leave()
        sleep(0.15)
    assert one.verdicts == {}


def test_a_fault_is_told_to_all_whoever_listens(job):
    for victim in (0, 1):
        one = job(3)
        one.watches[victim].fault("ValueError: no such token", is_secondary=False)
        one.wait(0, 1, 2)
        assert {v.words for v in one.verdicts.values()} == {
            f"Failed: rank {victim} (host host{victim}, pid {100 + victim}): ValueError: no such token"
        }


def test_processes_none_of_which_moves_hang_and_a_start_is_no_standstill(job):
    one = job(2, limit=0.8)
    sleep(1.0)
    assert one.verdicts == {}  # nothing has begun
    for progress in one.progress:
        progress.mark("update", 3)
    end = monotonic() + 1.2
    while monotonic() < end:  # one moves, the other waits for it
        one.progress[1].mark("verify", 3)
        sleep(0.02)
    assert one.verdicts == {}
    one.wait(0, 1)
    assert one.verdicts[1].kind == "hung" and "rank 1 (host host1, pid 101)" in one.verdicts[0].words


def test_a_stranger_is_not_let_in_and_nobody_once_all_have_met():
    lone = Watch(Peer(0, "a", 1), 2, 45.0, 0.0, lambda verdict: None)
    place = lone.listen("127.0.0.1")
    port = place["port"]
    lone.start()
    for word in ({"token": "x", "from": Peer(1, "c", 9).told()}, {"bye": True}, ["no", "object"]):
        with socket.create_connection(("127.0.0.1", port)) as stranger:
            stranger.sendall(json.dumps(word).encode() + b"\n")
            stranger.settimeout(2.0)
            assert stranger.recv(10) == b""
    assert list(lone.judge.members) == [0]
    other = Watch(Peer(1, "b", 2), 2, 45.0, 0.0, lambda verdict: None)
    assert other.connect(**place) == "" == lone.meet()
    sleep(0.1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    other.start()
    for watch in (other, lone):
        watch.leave()


def test_one_that_cannot_be_reached_is_named():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    lone = Watch(Peer(3, "d", 5), 4, 45.0, 0.0, lambda verdict: None)
    said = lone.connect(Peer(0, "a", 1).told(), address="127.0.0.1", port=port, token="x")
    assert said == f"rank 3 (host d, pid 5) cannot reach 127.0.0.1:{port} (Connection refused)"


def test_a_stopped_process_of_this_machine_is_ended_and_another_one_with_its_number_is_not():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        os.kill(child.pid, signal.SIGSTOP)
        mine = Peer.myself(0)
        known = Peer(1, mine.host, child.pid, mine.machine, watching.Peer.myself(0).born)
        assert not known.end()  # begun at another time: the number was given again
        assert not Peer(1, mine.host, child.pid, "another machine", "1").end()
        assert not mine.end()
        from asym_lit.processes import peers

        assert Peer(1, mine.host, child.pid, mine.machine, peers._born(child.pid)).end()
        assert child.wait(5) == -signal.SIGKILL
    finally:
        child.kill()


def test_stacks_begin_with_the_main_thread_and_name_the_others():
    gate = threading.Event()
    other = threading.Thread(target=gate.wait, name="waits")
    other.start()
    try:
        text = stacks()
    finally:
        gate.set()
        other.join()
    assert text.startswith("Thread MainThread, most recent call last:")
    assert "Thread waits" in text and "test_stacks_begin_with_the_main_thread" in text


def test_where_a_process_is_names_the_line_of_ours():
    # `where` itself is of ours, and the innermost frame here.
    assert where().startswith("asym_lit.processes.stacks:") and where().endswith("(where)")
