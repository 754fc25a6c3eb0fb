"""A stand-in for a vLLM server: its routes, weights by directory, a weight version, and tokens that hang on weights and seeds.

In a thread of the tests, or as the program that `vllm.entrypoints.openai.api_server` is (`installed`).
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import sleep
from typing import Any


def tokens_of(weights: str, prompt: list[int], seed: int, most: int) -> list[int]:
    """What is written with some weights: another response for each seed."""
    draw = random.Random(f"{weights}/{prompt}/{seed}")
    return [draw.randrange(2, 90) for _ in range(draw.randint(1, most))]


class StandIn:
    """One server.

    Args:
        policy: That it serves.
        port: 0 for any.
        delay: Seconds that a group takes.
    """

    def __init__(self, policy: str, port: int = 0, delay: float = 0.0) -> None:
        self.policy, self.delay = policy, delay
        self.version = "0.32.0"
        self.answers: dict[str, tuple[int, Any]] = {}
        """What it says in place of what it would, by path."""
        self.dies_at = 0
        """Completions after which it dies without an answer; 0 for never."""
        self.before_answer = lambda: None
        self._begin(port)

    def _begin(self, port: int) -> None:
        self.weights, self.mark, self.asked, self.running, self.most_running = "untrained", "default", [], 0, 0
        self.loaded: list[str] = []
        """Digests of the weights that it was sent."""
        self._dead, self._gone, self._lock, stand_in = False, threading.Event(), threading.Lock(), self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length)) if length else None
                said = stand_in._said(self.path, body)
                if said is None or stand_in._dead:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                content = json.dumps(said[1]).encode()
                self.send_response(said[0])
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = answer

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass  # who asked is gone

        self._server = Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def die(self) -> None:
        """Break all connections, take no more."""
        self._dead = True
        self._server.shutdown()
        self._server.server_close()
        self._gone.set()

    @property
    def is_dead(self) -> bool:
        """It has begun to die."""
        return self._dead

    def come_back(self) -> None:
        """A new process at the same address, with the policy before training."""
        if not self._dead:
            self.die()
        self._gone.wait(10)  # its port is free then
        self.dies_at = 0
        self._begin(self.port)

    def _said(self, path: str, body: Any) -> tuple[int, Any] | None:
        with self._lock:
            self.asked.append((path, body))
        if path in self.answers:
            return self.answers[path]
        if path == "/v1/completions":
            return self._written(body)
        if path == "/collective_rpc":
            (file,) = Path(body["kwargs"]["weights_path"]).glob("*.safetensors")
            self.load(file)
        elif path == "/update_weight_version":
            self.mark = body["new_version"]
        answers = {
            "/version": {"version": self.version},
            "/v1/models": {"data": [{"id": self.policy, "root": self.policy}]},
            "/weight_info": {"weight_version": self.mark},
            "/reset_prefix_cache": {"success": True},
        }
        return 200, answers.get(path, {})

    def _written(self, body: Any) -> tuple[int, Any] | None:
        with self._lock:
            self.running += 1
            self.most_running = max(self.running, self.most_running)
            dies = self.dies_at and len(self.completions) >= self.dies_at
        written = self.write(body)
        named = [
            {"index": i, "token_ids": ids, "logprobs": {"token_logprobs": p}, "finish_reason": end}
            for i, (ids, p, end) in enumerate(written)
        ]
        sleep(self.delay)
        self.before_answer()
        with self._lock:
            self.running -= 1
        if dies:
            threading.Thread(target=self.die, daemon=True).start()
            self._dead = True
            return None
        return 200, {"choices": named}

    def load(self, file: Path) -> None:
        """Take weights over."""
        self.weights = hashlib.sha256(file.read_bytes()).hexdigest()
        self.loaded.append(self.weights)

    def write(self, body: Any) -> list[tuple[list[int], list[float], str]]:
        """A group: tokens, their log-probs, and why it ended."""
        drawn = [tokens_of(self.weights, body["prompt"], body["seed"] + i, body["max_tokens"]) for i in range(body["n"])]
        return [(ids, [-1.0] * len(ids), "length") for ids in drawn]

    @property
    def completions(self) -> list[Any]:
        """What was asked of it."""
        return [body for path, body in self.asked if path == "/v1/completions"]


def installed(folder: Path) -> Path:
    """A folder to put on PYTHONPATH, in which vLLM is this stand-in, as `pip` would have installed it."""
    package = folder / "vllm" / "entrypoints" / "openai"
    package.mkdir(parents=True)
    for parent in (folder / "vllm", package.parent, package):
        (parent / "__init__.py").touch()
    tests = str(Path(__file__).parent)
    (package / "api_server.py").write_text(
        f"import sys\nsys.path.insert(0, {tests!r})\nfrom vllm_stand_in import main\nmain(sys.argv[1:])\n"
    )
    metadata = folder / "vllm-0.32.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: vllm\nVersion: 0.32.0\n")
    return folder


def main(words: list[str]) -> None:
    """As `python -m vllm.entrypoints.openai.api_server`; says what it was started with, and serves until it is ended."""
    told = {name: os.environ.get(name) for name in ("CUDA_VISIBLE_DEVICES", "VLLM_SERVER_DEV_MODE", "RANK")}
    sys.stdout.write(f"{json.dumps([words, told, os.getpid()])}\n")
    sys.stdout.flush()
    if "--no-such-option" in words:
        sys.exit("api_server.py: error: unrecognized arguments: --no-such-option")
    StandIn(words[words.index("--model") + 1], int(words[words.index("--port") + 1]))
    threading.Event().wait()
