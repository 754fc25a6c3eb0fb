"""`threads: auto`: what a trial finds, what the run before had, and what OMP_NUM_THREADS allows."""

from types import SimpleNamespace

import pytest
import torch

from asym_lit.lit import PolicyModule, SupervisedModule, threads
from asym_lit.objectives import grpo
from asym_lit.policy.thread_trial import ThreadTrial, set_threads
from asym_lit.run_folder.record import write_record
from asym_lit.types import InputError

TRAINER = SimpleNamespace(strategy=SimpleNamespace(root_device=torch.device("cpu")), num_devices=1)


@pytest.fixture
def taken(monkeypatch):
    """Numbers of threads that torch was told, and that were tried; two of four cores are quickest."""
    found = SimpleNamespace(told=[], tried=[])

    def trial(config, tokens, numbers):
        found.tried.append(numbers)
        return ThreadTrial({number: 1.0 if number == 1 else 0.5 for number in numbers})

    monkeypatch.setattr(threads, "try_threads", trial)
    monkeypatch.setattr(torch, "set_num_threads", found.told.append)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2, 3})
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    return found


def test_one_thread_is_tried_against_all_cores(taken, caplog):
    with caplog.at_level("INFO"):
        threads.take_quickest(PolicyModule(grpo()), TRAINER, None)
    assert taken.tried == [[1, 4]] and taken.told == [4]
    assert "CPU threads: 4 (1 take 2.00 times as long)." in caplog.text


def test_supervised_training_is_tried_too(taken):
    threads.take_quickest(SupervisedModule(policy="bundled"), TRAINER, None)
    assert taken.tried == [[1, 4]] and taken.told == [4]


def test_processes_share_the_cores_and_omp_num_threads_is_the_most(taken, monkeypatch):
    trainer = SimpleNamespace(**{**vars(TRAINER), "num_devices": 2})
    threads.take_quickest(PolicyModule(grpo()), trainer, None)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    threads.take_quickest(PolicyModule(grpo()), TRAINER, None)
    assert taken.tried == [[1, 2], [1]] and taken.told == [2, 1]


def test_a_resumed_run_takes_the_threads_it_had(taken, tmp_path):
    write_record(tmp_path, {"threads": 3})
    threads.take_quickest(PolicyModule(grpo()), TRAINER, tmp_path)
    assert taken.tried == [] and taken.told == [3]


def test_a_policy_on_a_gpu_and_other_modules_keep_what_they_have(taken):
    gpu = SimpleNamespace(strategy=SimpleNamespace(root_device=torch.device("cuda")), num_devices=1)
    threads.take_quickest(PolicyModule(grpo()), gpu, None)
    threads.take_quickest(torch.nn.Linear(1, 1), TRAINER, None)
    assert taken.tried == taken.told == []


def test_numbers_are_taken_as_they_are_and_0_is_torchs_choice(taken):
    for number in (3, 0, "auto"):
        set_threads(number)
    assert taken.told == [3]
    with pytest.raises(InputError, match=r"threads is -1; allowed: 0 \(torch's choice\), more, or auto."):
        set_threads(-1)
