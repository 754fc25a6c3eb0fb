"""`serve`: which servers a process starts by what SLURM and torchrun say, how, and what becomes of them. vLLM is a stand-in."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import requests

from asym_lit.cli import main
from asym_lit.commands.serve import command, keeping
from asym_lit.commands.serve.addresses import address_of, check_port
from asym_lit.commands.serve.command import serve_command
from asym_lit.commands.serve.ranks import Ranks, gpus_of, ranks_of
from asym_lit.commands.serve.shared_list import SharedList
from asym_lit.commands.serve.vllm_words import check_further, server_command, server_environment
from asym_lit.policy.loading import locate
from asym_lit.types import InputError
from runs import ROOT
from vllm_stand_in import installed

EIGHT = [str(index) for index in range(8)]


def test_slurm_says_which_process_of_a_step_it_is() -> None:
    step = {"STEP_NUM_TASKS": "7", "PROCID": "6", "LOCALID": "0", "NODEID": "3", "STEP_TASKS_PER_NODE": "2(x3),1"}
    step |= {"STEP_NUM_NODES": "4", "JOB_ID": "77", "STEP_ID": "1"}
    found = ranks_of({f"SLURM_{name}": value for name, value in step.items()})
    assert found == Ranks(rank=6, count=7, local=0, locals=1, nodes=4, job="77.1.0")
    assert ranks_of({"SLURM_PROCID": "0", "SLURM_NTASKS": "16", "SLURM_JOB_ID": "77"}) == Ranks()  # a batch script, no step


def test_torchrun_says_which_process_it_is() -> None:
    said = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "a"}
    assert ranks_of({**said, "MASTER_PORT": "29500"}) == Ranks(3, 4, 1, 2, 2, "a.0.0.29500")
    assert ranks_of({"RANK": "3"}) == Ranks()


@pytest.mark.parametrize(
    ("ranks", "visible", "each", "servers", "groups"),
    [
        (Ranks(), [], 1, 0, [[]]),
        (Ranks(), [], 1, 3, [[], [], []]),
        (Ranks(), EIGHT, 1, 0, [[gpu] for gpu in EIGHT]),
        (Ranks(), EIGHT, 4, 0, [EIGHT[:4], EIGHT[4:]]),
        (Ranks(), ["2", "5", "7"], 1, 2, [["2"], ["5"]]),
        (Ranks(local=1, locals=2), EIGHT, 2, 0, [["2", "3"]]),
        (Ranks(local=1, locals=2), EIGHT, 2, 2, [["4", "5"], ["6", "7"]]),
        (Ranks(local=1, locals=2, owns_gpus=True), ["6", "7"], 1, 0, [["6"], ["7"]]),
    ],
)
def test_each_server_gets_gpus_of_its_own(ranks: Ranks, visible: Any, each: int, servers: int, groups: Any) -> None:
    assert gpus_of(ranks, visible, each, servers) == groups


@pytest.mark.parametrize(
    ("ranks", "visible", "each", "words"),
    [
        (Ranks(), [], 2, "gpus_each is 2, but no GPU is visible here"),
        (Ranks(), EIGHT[:2], 4, r"1 server\(s\) with 4 GPU\(s\) each want 4, but 2 are visible"),
        (Ranks(locals=8), EIGHT, 2, r"1 server\(s\) of 8 processes on this machine with 2 GPU\(s\) each want 16, but 8 are"),
    ],
)
def test_more_gpus_than_there_are_are_refused(ranks: Ranks, visible: Any, each: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        gpus_of(ranks, visible, each, 0)


def test_servers_listen_on_the_loopback_device_unless_asked_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    home = address_of("127.0.0.1", 1, {})
    assert (home.bound, home.name, home.is_open) == ("127.0.0.1", "127.0.0.1", False)
    with pytest.raises(
        InputError, match=r"servers on 2 machine\(s\) cannot be reached there .* Write --address node, .* no password"
    ):
        address_of("127.0.0.1", 2, {})
    monkeypatch.setattr(
        socket, "gethostbyname", lambda name: {"gpu07": "10.0.0.7", "0.0.0.0": "0.0.0.0", "bad": "127.0.1.1"}[name]
    )
    node = address_of("node", 2, {"SLURMD_NODENAME": "gpu07"})
    assert (node.bound, node.name, node.is_open) == ("10.0.0.7", "gpu07", True)
    every = address_of("0.0.0.0", 2, {"SLURMD_NODENAME": "gpu07"})
    assert (every.bound, every.name) == ("0.0.0.0", "gpu07")
    with pytest.raises(InputError, match=r"address is 'node', which is 127\.0\.1\.1"):
        address_of("node", 1, {"SLURMD_NODENAME": "bad"})


def test_a_port_that_is_taken_and_an_address_of_another_machine_are_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            InputError, match=rf"Port {port} of 127.0.0.1 is taken by another program. Write --port with 2 free"
        ):
            check_port("127.0.0.1", port, 2)
    check_port("127.0.0.1", port, 1)
    with pytest.raises(InputError, match="none of this machine's"):
        check_port("192.0.2.1", port, 1)
    with pytest.raises(InputError, match="port is 70000; allowed: 1 to 65535"):
        check_port("127.0.0.1", 70000, 1)


def test_a_server_is_started_as_a_trainer_needs_it() -> None:
    words = server_command("the/policy", "10.0.0.7", 8001, "bfloat16", ["2", "3"], ["--max-model-len", "4096"])
    assert words[1:5] == ["-m", "vllm.entrypoints.openai.api_server", "--model", "the/policy"]
    said = " ".join(words)
    for wanted in ("--logprobs-mode processed_logprobs", "--generation-config vllm", "--tensor-parallel-size 2"):
        assert wanted in said
    assert said.endswith("--max-model-len 4096") and "prefill" not in said and "kv-cache" not in said
    on_cpu = " ".join(server_command("the/policy", "127.0.0.1", 8000, "float32", [], []))
    assert "--enforce-eager --no-enable-chunked-prefill --kv-cache-memory-bytes 268435456" in on_cpu  # 0.25 GiB
    assert "tensor" not in on_cpu
    mine = " ".join(server_command("the/policy", "127.0.0.1", 8000, "float32", [], ["--kv-cache-memory-bytes=1000"]))
    assert mine.count("--kv-cache-memory-bytes") == 1


def test_a_server_takes_itself_for_no_part_of_the_job() -> None:
    job = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "a", "TORCHELASTIC_RUN_ID": "x", "PATH": "/bin", "SLURM_JOB_ID": "7"}
    found = server_environment(job, ["4", "5"], 2)
    assert found.pop("CUDA_VISIBLE_DEVICES") == "4,5"
    assert found == {"PATH": "/bin", "SLURM_JOB_ID": "7", "VLLM_SERVER_DEV_MODE": "1", "VLLM_NO_USAGE_STATS": "1"}
    mine = {"OMP_NUM_THREADS": "3", "VLLM_CPU_OMP_THREADS_BIND": "0-2"}
    assert server_environment(mine, [], 2).items() >= mine.items()
    two = server_environment({}, [], 2)
    assert two["VLLM_CPU_OMP_THREADS_BIND"] == "nobind" and int(two["OMP_NUM_THREADS"]) == max((os.cpu_count() or 1) // 2, 1)
    assert "VLLM_CPU_OMP_THREADS_BIND" not in server_environment({}, [], 1)


@pytest.mark.parametrize(
    ("word", "on_cpu", "words"),
    [
        ("--port=9000", False, "--port=9000 is set by serve itself, and not passed on to vLLM; write --port."),
        ("-tp", False, "write --gpus_each"),
        ("--logprobs_mode", False, "write nothing: log-probs are those"),
        ("--enable-chunked-prefill", True, "cannot take back the random numbers"),
    ],
)
def test_options_that_serve_sets_are_not_passed_on(word: str, on_cpu: bool, words: str) -> None:
    with pytest.raises(InputError, match=words):
        check_further(["--max-model-len", "64", word], on_cpu)
    check_further(["--max-model-len", "64", "--enable-chunked-prefill"], on_cpu=False)


def test_the_first_process_lists_the_servers_of_all_of_this_job(tmp_path: Path) -> None:
    path = tmp_path / "servers.json"
    path.write_text("of yesterday")
    first, second = (SharedList(path, Ranks(rank, 2, job="8.0"), {"policy": "x"}) for rank in range(2))
    SharedList(path, Ranks(1, 2, job="7.0"), {}).add(["http://old:1"])
    first.begin()
    assert not path.exists() and first.missing() == [0, 1]  # what the earlier job left does not count
    first.add(["http://a:1", "http://a:2"])
    assert first.missing() == [1]
    second.begin()
    second.add(["http://b:1"])
    assert first.missing() == [] and first.write() == ["http://a:1", "http://a:2", "http://b:1"]
    assert json.loads(path.read_text()) == {"urls": ["http://a:1", "http://a:2", "http://b:1"], "policy": "x"}
    second.end()
    first.end()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stand-in where vLLM would be installed; signals are as before afterwards."""
    folder = str(installed(tmp_path / "site"))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", folder)
    monkeypatch.setattr(keeping, "EVERY", 0.05)
    monkeypatch.setattr(command, "EVERY", 0.05)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def free_ports(count: int) -> int:
    """The first of some free ports in a row."""
    while True:
        sockets = [socket.socket() for _ in range(count)]
        try:
            sockets[0].bind(("127.0.0.1", 0))
            first = sockets[0].getsockname()[1]
            for place, one in enumerate(sockets[1:], 1):
                one.bind(("127.0.0.1", first + place))
            return int(first)
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()


def meanwhile(does: Callable[[], None]) -> tuple[threading.Thread, list[BaseException]]:
    """Something beside `serve`, which has the main thread; afterwards it is told to end as SLURM would."""
    faults: list[BaseException] = []

    def work() -> None:
        try:
            does()
        except BaseException as fault:
            faults.append(fault)
        os.kill(os.getpid(), signal.SIGUSR1)  # time is nearly up: nothing happens
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, faults


def until(true: Callable[[], Any]) -> Any:
    end = monotonic() + 20
    while not (found := true()):
        assert monotonic() < end
        sleep(0.02)
    return found


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=1).ok
    except requests.RequestException:
        return False


def started(log: Path) -> list[Any]:
    """With what a server was started each time: words, some of its environment, its process."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def test_servers_are_started_listed_started_again_and_ended(
    vllm: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port, out = free_ports(2), tmp_path / "shared" / "servers.json"
    urls = [f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"]
    log = out.parent / "servers_logs" / f"127.0.0.1_{port}.log"

    def look() -> None:
        until(out.exists)
        assert json.loads(out.read_text())["urls"] == urls and all(map(answers, urls))
        ((words, told, pid),) = started(log)
        assert words[words.index("--model") + 1] == locate("bundled") and words[-2:] == ["--max-model-len", "64"]
        assert told["VLLM_SERVER_DEV_MODE"] == "1"
        os.kill(pid, signal.SIGKILL)
        until(lambda: len(started(log)) == 2 and answers(urls[0]))

    thread, faults = meanwhile(look)
    serve_command(["bundled", "--servers", "2", "--port", str(port), "--out", str(out), "--", "--max-model-len", "64"])
    thread.join()
    assert faults == []
    assert not any(map(answers, urls)) and [path.name for path in out.parent.iterdir()] == ["servers_logs"]
    said = capsys.readouterr().out
    assert f"2 server(s) are ready; {out} lists them." in said and "--data.engine VLLMServersEngine" in said
    assert re.search(rf"{urls[0]} ended \(SIGKILL\) and is started again, 1 of 3 times; see \S+\.log", said)
    assert "SIGTERM: the servers end." in said


def test_a_server_that_keeps_dying_is_left_down_and_without_any_it_ends(
    vllm: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port, out = free_ports(1), tmp_path / "servers.json"
    log = tmp_path / "servers_logs" / f"127.0.0.1_{port}.log"

    def kill() -> None:
        until(out.exists)
        for times in range(2):
            until(lambda: len(started(log)) == times + 1)  # noqa: B023 - called at once
            os.kill(started(log)[-1][2], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises(InputError, match=r"No server is left: each ended 2 times\. See .*\.log"):
        serve_command(["bundled", "--port", str(port), "--out", str(out), "--restarts", "1"])
    thread.join()
    assert "once more and is left down" in capsys.readouterr().out
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["bundled", "--", "--no-such-option"],
            r"did not start \(exit status 1\): api_server.py: error: unrecognized .*\nAll that it",
        ),
        (["bundled", "--start-timeout", "0.01"], r"was not ready within 0\.01 s; what it said is in"),
        (["no/policy"], "no/policy"),
        (["bundled", "--gpus-each", "2"], "gpus_each is 2, but no GPU is visible"),
        (["bundled", "--gpus-each", "0"], "gpus_each is 0; allowed: 1 or more"),
    ],
)
def test_what_cannot_be_served_is_told_in_three_lines(
    vllm: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.setattr(keeping, "_is_well", lambda url: False)  # a stand-in may be ready before the first look, and serves on
    cut = words.index("--") if "--" in words else len(words)
    own = [*words[:cut], "--port", str(free_ports(1)), "--out", str(tmp_path / "servers.json")]
    with pytest.raises(InputError, match=said) as told:
        serve_command([*own, *words[cut:]])
    assert str(told.value).count("\n") <= 2
    assert not (tmp_path / "servers.json").exists()


def test_without_vllm_it_is_told_how_to_install_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["asym-lit"])
    monkeypatch.setattr(command, "check_installation", lambda: (_ for _ in ()).throw(InputError("vLLM is not installed. x")))
    with pytest.raises(SystemExit, match="vLLM is not installed"):
        main(["serve", "bundled"])
    with pytest.raises(SystemExit) as ended:
        main(["serve"])
    assert ended.value.code == 2
    assert "usage: asym-lit serve POLICY [--port 8000] [--gpus_each N]" in capsys.readouterr().err


SRUN = """#!/bin/bash
echo "$@" >> "$TOLD"
case "$*" in
    *" serve "*) trap 'echo ended >> "$TOLD"; exit 0' TERM; while :; do sleep 0.05; done ;;
    *) sleep 0.3; exit 3 ;;
esac
"""


def test_the_job_of_the_documentation_ends_its_servers_with_the_trainer_and_keeps_its_status(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```\n(#!/bin/bash\n#SBATCH.*?)```", page, re.DOTALL)
    (tmp_path / "job.sh").write_text(script)
    (tmp_path / "srun").write_text(SRUN)
    (tmp_path / "srun").chmod(0o755)
    own = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TOLD": str(tmp_path / "told"), "SLURM_JOB_ID": "77"}
    done = subprocess.run(
        ["bash", "job.sh"], cwd=tmp_path, env={**os.environ, **own}, timeout=20, check=False, capture_output=True
    )
    assert done.returncode == 3
    told = (tmp_path / "told").read_text()
    assert told.endswith("ended\n") and "--relative=2" in told
    served = re.search(r"--out (\S+)", told)
    read = re.search(r"--data.engine.urls (\S+)", told)
    assert served and read and served[1] == read[1]
