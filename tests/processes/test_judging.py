"""What is wrong with a job, by what its processes said last; clocks are made up."""

from __future__ import annotations

from asym_lit.processes.judging import FACTOR, FLOOR, GRACE, Beat, Judge, Verdict
from asym_lit.processes.peers import Peer

HERE, THERE, BEYOND = Peer(0, "a", 70), Peer(1, "b", 71), Peer(2, "c", 72)


def judge(*peers: Peer, silence: float = 45.0, limit: float = 0.0, at: float = 0.0) -> Judge:
    made = Judge(silence, limit)
    for peer in peers or (HERE, THERE, BEYOND):
        made.knows(peer, at)
    return made


def hear(one: Judge, now: float, **beats: Beat) -> None:
    for rank, beat in beats.items():
        one.hears(int(rank[1:]), now, beat)


def asked(one: Judge, *times: float) -> Verdict | None:
    found = None
    for now in times:
        found = found or one.verdict(now)
    return found


def test_a_process_whose_connection_ends_without_a_word_is_lost_and_named_with_what_it_was_at():
    one = judge()
    hear(one, 1.0, r1=Beat("generate", 12, "asym_lit.rollout.hf_engine:212 (_decode)"))
    one.loses(1)
    assert one.verdict(1.2) is None  # others may be the cause
    found = one.verdict(1.2 + GRACE)
    assert found is not None and (found.kind, found.blamed) == ("lost", (THERE,))
    assert found.words == (
        "Lost rank 1 (host b, pid 71), last seen in generate, step 12, at asym_lit.rollout.hf_engine:212 (_decode): "
        "ended without a word, so killed, crashed or out of memory"
    )


def test_a_process_that_says_that_it_ends_is_no_loss():
    one = judge()
    one.leaves(1)
    one.loses(1)
    assert asked(one, 1.0, 3.0) is None


def test_a_silent_process_is_lost_after_its_time_and_not_before():
    one = judge(silence=45.0)
    for now in range(1, 45):
        hear(one, float(now), r0=Beat(), r2=Beat())
        assert one.verdict(float(now)) is None
    found = asked(one, 45.5, 46.6)
    assert found is not None and found.blamed == (THERE,)
    assert "no answer for 45 s, so stopped, stuck or cut off from the network" in found.words


def test_a_process_that_was_itself_stopped_hears_the_others_out_before_it_judges():
    one = judge(silence=45.0)
    assert one.verdict(1.0) is None
    assert asked(one, 3601.0, 3602.5) is None  # suspended for an hour, as the whole job was
    hear(one, 3603.0, r0=Beat(), r2=Beat())
    for now in range(3603, 3650):
        hear(one, float(now), r0=Beat(), r2=Beat())
        found = one.verdict(float(now))
    assert found is not None and found.blamed == (THERE,)


def test_the_one_that_died_is_blamed_and_not_those_whose_collectives_broke():
    one = judge()
    one.fails(0, "RuntimeError: Connection closed by peer", is_secondary=True)
    assert one.verdict(1.0) is None
    one.loses(2)
    found = one.verdict(1.0 + GRACE)
    assert found is not None and (found.kind, found.blamed) == ("lost", (BEYOND,))


def test_a_fault_of_its_own_is_blamed_before_one_that_may_be_a_consequence():
    one = judge()
    one.fails(0, "RuntimeError: Connection closed by peer", is_secondary=True)
    one.fails(2, "ValueError: no such token", is_secondary=False)
    one.leaves(2)
    one.loses(2)
    found = asked(one, 1.0, 1.0 + GRACE)
    assert found == Verdict("failed", "Failed: rank 2 (host c, pid 72): ValueError: no such token", (BEYOND,))
    assert Verdict.read(found.told()) == found


def test_all_hang_where_none_has_moved_and_not_while_one_does():
    one = judge(HERE, THERE, limit=100.0)
    hear(one, 1.0, r0=Beat("verify", 3, idle=5000.0), r1=Beat("generate", 3, idle=100.0))
    assert one.verdict(1.0) is None  # a long generation
    hear(one, 2.0, r0=Beat("verify", 3, idle=5001.0), r1=Beat("generate", 3, idle=101.0))
    found = one.verdict(2.0)
    assert found is not None and (found.kind, found.blamed) == ("hung", ())
    assert "no process has moved for 100 s: rank 0 (host a, pid 70) for 5001 s in verify, step 3" in found.words


def test_without_a_limit_the_longest_standstill_so_far_sets_it():
    one = judge(HERE, THERE)
    still = FLOOR + 1
    hear(one, 1.0, r0=Beat(idle=still, longest=still), r1=Beat(idle=still, longest=FLOOR / FACTOR))
    assert one.verdict(1.0) is None  # one of them has stood still as long before: it may take four times that
    hear(one, 2.0, r0=Beat(idle=still, longest=FLOOR / FACTOR), r1=Beat(idle=still, longest=1.0))
    assert one.verdict(2.0) is not None


def test_a_process_that_is_left_alone_waits_for_nobody():
    one = judge(HERE, THERE, limit=100.0)
    one.leaves(1)
    hear(one, 1.0, r0=Beat("report", 9, idle=900.0))
    assert one.verdict(1.0) is None


def test_of_a_whole_rack_four_are_named():
    one = judge(HERE, *(Peer(rank, "b", rank) for rank in range(1, 9)))
    for rank in range(1, 9):
        one.loses(rank)
    found = asked(one, 1.0, 2.0 + GRACE)
    assert found is not None and len(found.blamed) == 8
    assert "rank 4 (host b, pid 4)" in found.words and "and 4 more" in found.words and "rank 5" not in found.words
