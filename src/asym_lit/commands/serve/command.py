"""The `serve` command: vLLM servers of a policy that a trainer sends weights to, on this machine or on those of a job.

How a trainer uses them is in `rollout/vllm_servers`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Literal

import torch

from asym_lit.command_line import PlainErrors
from asym_lit.command_line.program import program
from asym_lit.commands.serve.addresses import LOOPBACK, Address, address_of, check_port
from asym_lit.commands.serve.keeping import EVERY, Keeping, Server
from asym_lit.commands.serve.ranks import Ranks, gpus_of, ranks_of
from asym_lit.commands.serve.shared_list import SharedList
from asym_lit.commands.serve.vllm_words import check_further, server_command, server_environment
from asym_lit.policy.loading import load_config, locate
from asym_lit.processes.children import Child
from asym_lit.rollout.vllm_process import check_installation
from asym_lit.run_folder.writing import folder_for
from asym_lit.types import InputError, check_least

FURTHER = "--"
"""What stands behind it goes to vLLM as it is."""


@dataclass(frozen=True)
class ServeSettings:
    """Where servers run.

    Args:
        port: Of the first server of a machine; further ones have the next.
        servers: Of this process; 0 for one for each group of GPUs, or one on a CPU, or where a machine has several processes.
        gpus_each: GPUs over which a server splits the policy.
        address: That servers listen on: the loopback device, `node` for the machine's own as others know it, or an address.
            Whoever reaches it can change the weights: the routes for that ask for no password.
        dtype: Of their weights; null for what recipes give their engines, bfloat16 on GPUs and float32 on a CPU.
        out: File of the addresses, for `--data.engine.urls`; all machines must see its folder.
        logs: Folder of what servers print, a file each; empty for one beside `out`.
        restarts: How often a server that dies is started again.
        start_timeout: Seconds until all must be ready.
    """

    port: int = 8000
    servers: int = 0
    gpus_each: int = 1
    address: str = LOOPBACK
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    out: str = "servers.json"
    logs: str = ""
    restarts: int = 3
    start_timeout: float = 600.0


class _Parser(PlainErrors):
    """Precedes an error with one line of usage; `--help` shows all options."""

    short_usage = "POLICY [--port 8000] [--gpus_each N] [--address node] [--KEY VALUE ...] [-- OPTIONS OF VLLM ...]"


def serve_command(args: Sequence[str]) -> None:
    """Run `serve`: until a signal, or until no server is left.

    Args:
        args: Words after `serve`.
    """
    words = list(args)
    cut = words.index(FURTHER) if FURTHER in words else len(words)
    own, further = [_underscored(word) for word in words[:cut]], words[cut + 1 :]
    parser = _Parser(
        prog=f"{program()} serve",
        description="Start vLLM servers of a policy for a trainer, and look after them. Under srun or torchrun each process "
        "starts its share, and one file lists them all. Options behind -- go to vLLM: -- --max-model-len 4096.",
    )
    parser.add_argument("policy", help="as --model.policy names it: a directory, a hub id, bundled")
    parser.add_class_arguments(ServeSettings)
    given = parser.parse_args(own).as_dict()
    policy = given.pop("policy")
    serve(policy, ServeSettings(**given), further)


def _underscored(word: str) -> str:
    """`--gpus-each` as `--gpus_each`: beside vLLM's options one writes ours like them."""
    name, equals, value = word.partition("=")
    return f"--{name[2:].replace('-', '_')}{equals}{value}" if name.startswith("--") else word


def serve(policy: str, settings: ServeSettings, further: Sequence[str]) -> None:
    """Start the servers of this process, list them, and look after them until a signal.

    Args:
        policy: As `locate` takes it.
        settings: Where they run.
        further: Options of vLLM's.

    Raises:
        InputError: If they cannot be started, or none is left.
    """
    check_least("{name}", 1, gpus_each=settings.gpus_each)
    check_least("{name}", 0, servers=settings.servers, restarts=settings.restarts)
    ranks = ranks_of(os.environ)
    address = address_of(settings.address, ranks.nodes, os.environ)
    servers = _servers(locate(policy), settings, ranks, address, further)
    check_installation()
    load_config(policy)  # that there is none is said in one line here, in a hundred by vLLM
    out = folder_for(str(Path(settings.out).parent)) / Path(settings.out).name
    shared = SharedList(out, ranks, {"policy": policy, "job": ranks.job})
    keeping = Keeping(servers, settings.restarts, _say)
    keeping.listen()
    try:
        shared.begin()
        urls = ", ".join(server.url for server in servers)
        _say(f"Starting {len(servers)} server(s) of {policy}: {urls}; what they say is in {_logs(settings)}.")
        keeping.start(settings.start_timeout)
        if not keeping.ended_by:
            shared.add([server.url for server in servers])
            _announce(shared, settings, keeping, address)
        while not keeping.ended_by:
            keeping.look()
            sleep(EVERY)
        _say(f"{keeping.ended_by}: the servers end.")
    finally:
        shared.end()
        keeping.end()


def _servers(where: str, settings: ServeSettings, ranks: Ranks, address: Address, further: Sequence[str]) -> list[Server]:
    groups = gpus_of(ranks, _visible(), settings.gpus_each, settings.servers)
    check_further(further, on_cpu=not groups[0])
    dtype = settings.dtype or ("bfloat16" if groups[0] else "float32")
    first = settings.port + ranks.local * len(groups)
    found = []
    for port, gpus in enumerate(groups, first):
        check_port(address.bound, port, len(groups))
        command = server_command(where, address.bound, port, dtype, gpus, further)
        environment = server_environment(os.environ, gpus, len(groups) * ranks.locals)
        log = _logs(settings) / f"{address.name}_{port}.log"
        found.append(Server(f"http://{address.name}:{port}", Child(command, environment, log)))
    return found


def _visible() -> list[str]:
    """GPUs of this process, as `CUDA_VISIBLE_DEVICES` names them."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    named = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    return named[:count] or [str(index) for index in range(count)]


def _logs(settings: ServeSettings) -> Path:
    out = Path(settings.out)
    return Path(settings.logs) if settings.logs else out.with_name(f"{out.stem}_logs")


def _announce(shared: SharedList, settings: ServeSettings, keeping: Keeping, address: Address) -> None:
    """Wait for the servers of the other processes, on the first one, and list them all."""
    if shared.ranks.rank:
        _say("Ready.")
        return
    end = monotonic() + settings.start_timeout
    while (missing := shared.missing()) and not keeping.ended_by:
        if monotonic() >= end:
            raise InputError(
                f"Processes {missing} of {shared.ranks.count} have no servers ready after {settings.start_timeout:g} s. Their "
                f"own output says why; all must see the folder of {settings.out}."
            )
        keeping.look()
        sleep(EVERY)
    if keeping.ended_by:
        return
    urls = shared.write()
    _say(
        f"{len(urls)} server(s) are ready; {settings.out} lists them. For the trainer:\n"
        f"  --data.engine VLLMServersEngine --data.engine.urls {settings.out} --data.engine.directory <a folder that all see>"
    )
    if address.is_open:
        _say("Whoever reaches these addresses can change the weights: the routes for that ask for no password.")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
