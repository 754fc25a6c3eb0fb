"""Host memory of loading a sharded policy: every process reading all weights, beside one reading for its node.

    python benchmarks/loading.py --markdown loading.md
    python benchmarks/loading.py --small                 a tiny policy, in seconds

A random policy of the shape of Qwen2.5-0.5B (494 M weights, a tied head) is written in bfloat16 into several files of a
temporary folder. For each way, so many processes on gloo load it in fp32, with all trials that a run makes at its start, and
shard it (`fully_shard`). "whole" is what is done where weights cannot be read part by part: every process loads all of them.

Memory is looked at from outside: the proportional set sizes (PSS) of all processes, added up about every 30 ms, above what they
had when all libraries were loaded and the process group stood. "Each" is the largest resident set of one process above its own
of then and above its share of the weights, which the system itself keeps. Memory does not hang on how busy the machine is.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SHAPE = {"vocab_size": 151936, "hidden_size": 896, "num_hidden_layers": 24, "intermediate_size": 4864}
SMALL = {"vocab_size": 4096, "hidden_size": 128, "num_hidden_layers": 4, "intermediate_size": 512}
WAYS = ("whole", "parts")
MIB = 2**20


def write_policy(folder: Path, shape: dict[str, int], file_mib: int) -> dict[str, int]:
    """A random policy and how many bytes it has: of its weights in fp32, of its largest file, and how many files."""
    import torch
    from transformers import AutoModelForCausalLM, Qwen2Config

    from asym_lit.policy.weight_shards import WeightShards

    heads = {"num_attention_heads": shape["hidden_size"] // 64, "num_key_value_heads": 2}
    config = Qwen2Config(**shape, **heads, tie_word_embeddings=True, max_position_embeddings=4096, eos_token_id=1)
    config.architectures = ["Qwen2ForCausalLM"]
    config.save_pretrained(folder)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    torch.manual_seed(0)
    shards, count = WeightShards(folder, file_mib * MIB), 0
    for name, value in model.named_parameters():
        shards.add({name: torch.randn(value.shape, dtype=torch.bfloat16) * 0.02})
        count += value.numel()
    shards.close()
    files = [file.stat().st_size for file in folder.glob("*.safetensors")]
    return {"weights": 4 * count, "largest_file": max(files), "files": len(files)}


def work(way: str, policy: str, rank: int, processes: int, store: str) -> None:
    """One of the processes."""
    import torch
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh

    from asym_lit.policy.scorer_plans import ScorerPlan
    from asym_lit.sharding.loading import shard, sharded_scorer

    torch.set_num_threads(1)
    dist.init_process_group("gloo", store=dist.FileStore(store, processes), rank=rank, world_size=processes)
    mesh = init_device_mesh("cpu", (processes,))
    dist.all_reduce(torch.zeros(1))
    import peft  # noqa: F401 - what a run has loaded at this point
    from transformers import AutoModelForCausalLM, GenerationConfig, Qwen2ForCausalLM  # noqa: F401

    plan = ScorerPlan(policy, "float32", 1024, is_exported=True)
    say("ready")
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    started = time.process_time()
    if way == "whole":
        scorer = plan.whole()
        shard(scorer, mesh, torch.float32)
    else:
        scorer, why = sharded_scorer(plan, mesh, torch.float32, processes)
        assert not why, why
    own = sum(p.to_local().numel() * p.element_size() for p in scorer.parameters())
    say(json.dumps({"before": before, "peak": resident("VmHWM"), "own": own, "seconds": time.process_time() - started}))
    # Not before: torch sums in fp64 by way of a copy.
    total = torch.stack([p.detach().to_local().sum(dtype=torch.float64) for p in scorer.parameters()]).sum()
    dist.all_reduce(total)
    say(str(float(total)))
    dist.destroy_process_group()


def say(words: str) -> None:
    """Tell who measures, and wait until it goes on."""
    print(f"MARK {words}", flush=True)
    sys.stdin.readline()


def resident(field: str) -> int:
    """Bytes of this process, now (`VmRSS`) or at most (`VmHWM`)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def proportional(process: int) -> int:
    """Bytes of a process, what it shares with others counted in parts."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    for line in process.stdout:
        if line.startswith("MARK "):
            return line.removeprefix("MARK ").strip()
    raise RuntimeError(f"A process ended with {process.wait()} before it was done.")


def measure(way: str, policy: Path, processes: int) -> dict[str, Any]:
    """Memory of one way, in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, __file__, "--work", way, "--policy", str(policy), "--processes", str(processes)]
        words += ["--store", f"{folder}/store", "--rank"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started = [subprocess.Popen([*words, str(rank)], cwd=ROOT, **pipes) for rank in range(processes)]  # type: ignore[call-overload]
        try:
            return watched(started)
        finally:
            for process in started:
                process.kill()
                process.wait()


def watched(started: list[subprocess.Popen[str]]) -> dict[str, Any]:
    from threading import Thread

    for process in started:
        heard(process)
    before = sum(proportional(process.pid) for process in started)
    ends: dict[int, str] = {}
    readers = [Thread(target=lambda p=p: ends.update({p.pid: heard(p)}), daemon=True) for p in started]
    for reader, process in zip(readers, started, strict=True):
        reader.start()
        go_on(process)
    peak, looks = before, 0
    while any(reader.is_alive() for reader in readers):
        peak, looks = max(peak, sum(proportional(process.pid) for process in started)), looks + 1
        time.sleep(0.03)
    if len(ends) < len(started):
        raise RuntimeError("A process ended before it was done; its words are above.")
    after = sum(proportional(process.pid) for process in started)
    each = [json.loads(words) for words in ends.values()]
    sums = []
    for process in started:
        go_on(process)
    for process in started:
        sums.append(float(heard(process)))
        go_on(process)
    beyond = max(one["peak"] - one["before"] - one["own"] for one in each)
    seconds, total = sum(one["seconds"] for one in each), sums[0]
    return {"peak": peak - before, "after": after - before, "each": beyond, "seconds": seconds, "sum": total, "looks": looks}


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def table(found: dict[str, dict[str, Any]], policy: dict[str, int], processes: int) -> str:
    """What was found, for the docs."""
    weights, file = policy["weights"], policy["largest_file"]
    lines = [
        f"{weights / MIB:,.0f} MiB of weights in fp32, {policy['files']} files of at most {file / MIB:,.0f} MiB, "
        f"{processes} processes.",
        "",
        "| way | peak of the sum, MiB | of the weights | when loaded | each beyond its share, MiB | of a file | processor s |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for way, one in found.items():
        sizes = f"{one['peak'] / MIB:,.0f} | {one['peak'] / weights:.2f} | {one['after'] / weights:.2f}"
        each = f"{one['each'] / MIB:,.0f} | {one['each'] / file:.2f} | {one['seconds']:.0f}"
        lines.append(f"| {way} | {sizes} | {each} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--only", choices=WAYS, help="one way alone; the first takes five times the weights")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path)
    for hidden in ("--work", "--policy", "--store"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work, given.policy, given.rank, given.processes, given.store)
        return
    with tempfile.TemporaryDirectory() as folder:
        policy = write_policy(Path(folder), SMALL if given.small else SHAPE, 1 if given.small else 320)
        found = {way: measure(way, Path(folder), given.processes) for way in WAYS if given.only in (None, way)}
    if len({round(one["sum"], 3) for one in found.values()}) > 1:
        sys.exit(f"The ways loaded different weights: {found}")
    words = table(found, policy, given.processes)
    print(words)
    if given.markdown:
        given.markdown.write_text(words + "\n", encoding="utf-8")
    if given.json:
        given.json.write_text(json.dumps({"policy": policy, **found}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
