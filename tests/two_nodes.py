"""Runs train.py as torchrun does on two nodes with one process each, both of them this machine.

    python tests/two_nodes.py PORT RESTARTS WORDS ...

The agents are torchrun's own; they fork their workers from this process, which saves the imports of six starts. The status is
that of the worse node.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

# Without it torchrun of torch 2.13 lets workers that it starts again meet in the store of the start before, where they find
# addresses of processes that are dead.
os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
TRAIN = str(Path(__file__).parents[1] / "train.py")


def worker(*words: str) -> None:
    sys.argv = [TRAIN, *words]
    runpy.run_path(TRAIN, run_name="__main__")


def node(port: str, restarts: str, words: list[str]) -> int:
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    here = {"rdzv_backend": "c10d", "rdzv_endpoint": f"127.0.0.1:{port}", "local_addr": "127.0.0.1", "run_id": port}
    sizes = {"min_nodes": 2, "max_nodes": 2, "nproc_per_node": 1, "max_restarts": int(restarts)}
    try:
        elastic_launch(LaunchConfig(**here, **sizes, start_method="fork", monitor_interval=0.1), worker)(*words)
    except ChildFailedError as fault:
        return max(abs(failure.exitcode) for failure in fault.failures.values())
    return 0


def main() -> None:
    port, restarts, *words = sys.argv[1:]
    nodes = []
    for _ in range(2):
        child = os.fork()
        if not child:
            os._exit(node(port, restarts, words))
        nodes.append(child)
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in nodes))


if __name__ == "__main__":
    main()
