"""One process, DDP over two and fsdp2 over two train alike, for the same global batch."""

from __future__ import annotations

import re
import shutil
import socket
from pathlib import Path

import pytest
import torch
import yaml

from asym_lit.run_folder.record import read_metrics
from runs import ROOT, points, run_alone, run_cold, scalars, weights, words

STRATEGIES = {"one": [], "ddp": ["--config", "configs/overlays/ddp.yaml"], "fsdp2": ["--config", "configs/overlays/fsdp2.yaml"]}
TWICE = ["--model.inner_epochs", "2", "--model.max_micro_batch_tokens", "200"]
SHORT = ["--data.rollout_steps", "3"]  # the second is written by weights that have moved
SHORTEST = ["--data.rollout_steps", "2"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """ACE over GRPO with KL: the recipe that also shards a reference."""
    found = {}
    for name, overlay in STRATEGIES.items():
        folder = tmp_path_factory.mktemp(name)
        run = run_cold if name == "ddp" else run_alone  # one of them as it is started by a person and by Lightning
        run(*words(folder, "ace", *overlay, *TWICE, *SHORT))
        found[name] = folder / "run" / "version_0"
    return found


@pytest.mark.parametrize("strategy", ["ddp", "fsdp2"])
def test_two_processes_train_like_one(runs: dict[str, Path], strategy: str) -> None:
    for tag in ("update/grad_norm", "loss/total", "reward/mean", "policy/entropy", "ratio/mean", "errors/overconfident"):
        alone, together = scalars(runs["one"], tag), scalars(runs[strategy], tag)
        assert alone.keys() == together.keys() == {0, 1, 2}
        for step, value in alone.items():
            assert together[step] == pytest.approx(value, abs=1e-5), (tag, step)
    alone_weights = weights(runs["one"] / "checkpoints" / "step_000003")
    their_weights = weights(runs[strategy] / "checkpoints" / "step_000003")
    for name, value in alone_weights.items():
        assert torch.allclose(their_weights[name], value, rtol=0, atol=1e-5), name


@pytest.mark.parametrize("strategy", ["ddp", "fsdp2"])
def test_two_processes_measure_what_one_measures(runs: dict[str, Path], strategy: str) -> None:
    for tag in ("val/countdown/pass@1", "val/countdown/pass@4"):
        assert scalars(runs["one"], tag) == pytest.approx(scalars(runs[strategy], tag), abs=1e-6)


def test_training_moved_the_weights(runs: dict[str, Path]) -> None:
    """Else the comparisons above would hold of anything."""
    norms = scalars(runs["one"], "update/grad_norm")
    assert min(norms.values()) > 0.01


@pytest.mark.parametrize("strategy", ["ddp", "fsdp2"])
def test_two_processes_that_are_resumed_lose_no_metrics(runs: dict[str, Path], tmp_path: Path, strategy: str) -> None:
    """Under fsdp2 Lightning restores a checkpoint behind `on_fit_start`."""
    run = tmp_path / "run" / "version_0"
    shutil.copytree(runs[strategy], run)
    before = (run / "metrics.jsonl").read_text()
    more = [*STRATEGIES[strategy], *TWICE, "--data.rollout_steps", "4"]
    run_alone(*words(tmp_path, "ace", *more, "--ckpt_path", str(run)))
    assert (run / "metrics.jsonl").read_text().startswith(before)
    assert list(scalars(run, "reward/mean")) == [row["step"] for row in read_metrics(run)] == [0, 1, 2, 3]
    assert set(map(len, points(run).values())) == {1}


def test_a_checkpoint_is_gone_on_with_by_another_number_of_sharded_processes(runs: dict[str, Path], tmp_path: Path) -> None:
    """Two processes' parts by one, and the one file of a process without fsdp2 by two."""
    ends = []
    for source, devices in (("fsdp2", "1"), ("one", "2")):
        run = tmp_path / source / "run" / "version_0"
        shutil.copytree(runs[source], run)
        more = [*STRATEGIES["fsdp2"], *TWICE, "--trainer.devices", devices, "--data.rollout_steps", "4"]
        run_alone(*words(tmp_path / source, "ace", *more, "--ckpt_path", str(run)))
        assert (run / "checkpoints" / "step_000004" / "lightning.ckpt" / ".metadata").exists()
        ends.append(weights(run / "checkpoints" / "step_000004"))
    before = weights(runs["one"] / "checkpoints" / "step_000003")
    assert any(not torch.allclose(ends[0][name], value, rtol=0, atol=1e-5) for name, value in before.items())
    for name, value in ends[0].items():
        assert torch.allclose(ends[1][name], value, rtol=0, atol=2e-5), name


def test_a_sharded_checkpoint_that_cannot_be_finished_ends_the_run_on_both_processes(tmp_path: Path) -> None:
    """A thread of the first process finishes it, while both make the next step."""
    more = ["--config", "tests/lit/every_step.yaml", *STRATEGIES["fsdp2"], "--trainer.callbacks+=full_disk.FullDisk"]
    done = run_alone(*words(tmp_path, "grpo", *more, "--data.rollout_steps", "3"), expect=1)
    said = f"No space is left for a checkpoint: process 0 on {socket.gethostname()}: [Errno 28] No space left on device. Older"
    assert f"stopped: {said}" in done.stderr
    assert not list((tmp_path / "run" / "version_0" / "checkpoints").glob("step_*"))


def test_statistics_of_a_batch_are_those_of_all_ranks(tmp_path: Path) -> None:
    """Whitening, an entropy quantile and a success rate over the whole batch, by two processes as by one."""
    norms = {}
    for name in ("one", "ddp"):
        overlay = ["--config", "tests/lit/batch_wide.yaml", *STRATEGIES[name], *SHORTEST]
        run_alone(*words(tmp_path / name, "grpo", *overlay))
        norms[name] = scalars(tmp_path / name / "run" / "version_0", "update/grad_norm")
    assert norms["ddp"] == pytest.approx(norms["one"], abs=1e-5)
    assert min(norms["one"].values()) > 0.01


@pytest.mark.parametrize(("strategy", "victim"), [("ddp", 1), ("fsdp2", 0)])
def test_on_two_nodes_a_process_is_killed_another_has_a_full_disk_and_the_job_started_again_ends_alike(
    runs: dict[str, Path], tmp_path: Path, strategy: str, victim: int
) -> None:
    """By torchrun's agents, which start the workers again with the same words; Lightning started the run without harm."""
    named = yaml.safe_load((ROOT / "configs" / "ace.yaml").read_text())["trainer"]["callbacks"]
    callbacks = [
        one for one in named if one["class_path"].rpartition(".")[2] not in ("PassAtK", "Ledger", "Report", "Transcript")
    ]
    for one in callbacks:
        if one["class_path"].endswith("RolloutCheckpoint"):
            one["init_args"]["every_n_steps"] = 1
    felled = {"rank": victim, "signal_name": "SIGKILL", "moment": "generate", "once": str(tmp_path / "felled")}
    callbacks += [{"class_path": "killers.Fell", "init_args": felled}]
    full = {"number": 3, "rank": 1 if strategy == "fsdp2" else 0}  # the second has a part of its own where it is sharded
    callbacks += [{"class_path": "killers.FullDisk", "init_args": full}]
    (tmp_path / "harm.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": callbacks}}))
    run = tmp_path / "run" / "version_0"
    given = words(tmp_path, "ace", "--config", str(tmp_path / "harm.yaml"), *STRATEGIES[strategy], *TWICE, *SHORT)
    nodes = ["--trainer.num_nodes", "2", "--trainer.devices", "1", "--ckpt_path", str(run)]
    nodes += ["--trainer.num_sanity_val_steps", "0", "--trainer.limit_val_batches", "0"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = run_alone(str(port), "1", *given, *nodes, script="tests/two_nodes.py")
    said = done.stderr
    host = re.escape(socket.gethostname())
    lost = rf"error: Lost rank {victim} \(host {host}, pid \d+\), last seen in \w+, step [012], at .*: ended without a word"
    assert re.search(lost, said), said
    newest = "[12]" if strategy == "fsdp2" else "2"  # a thread may still have been writing the second
    assert re.search(rf"Saved           {run}/checkpoints/step_00000{newest}\nTo go on        --ckpt_path {run}\n", said)
    survivor = 1 - victim
    assert [path.name for path in (run / "stacks").iterdir()] == [f"rank_{survivor:04d}.txt"]
    assert "Thread MainThread" in (run / "stacks" / f"rank_{survivor:04d}.txt").read_text()
    assert f"The disk is full (process {full['rank']} on {socket.gethostname()}: [Errno 28]" in said
    assert "step_000001 made room for the newest" in said
    for name, value in weights(runs[strategy] / "checkpoints" / "step_000003").items():
        assert torch.equal(weights(run / "checkpoints" / "step_000003")[name], value), name
    assert list(scalars(run, "reward/mean")) == [0, 1, 2]
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["version_0"]
