"""A real HTTP server on loopback that speaks SandboxFusion's interface, runs the code it gets, and plays faults."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


class FusionServer:
    """Runs each program in a process of its own, without a sandbox: give it harmless ones. `moods` are used up one a call."""

    def __init__(self) -> None:
        self.moods: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.released = Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                pass

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.asked.append(body)
                mood = server.moods.pop(0) if server.moods else "well"
                if mood == "slow":
                    server.released.wait(30)
                elif mood == "hangs up":
                    self.close_connection = True
                    self.connection.close()
                elif mood == "drips":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                    while not server.released.wait(0.05):
                        self.wfile.write(b" ")
                elif mood.isdigit():
                    self.reply({"detail": "no"}, int(mood))
                elif mood == "no json":
                    self.reply("<html>", raw=True)
                elif mood == "sandbox error":
                    self.reply({"status": "SandboxError", "message": "no disk", "run_result": None})
                elif mood == "no result":
                    self.reply({"status": "Success"})
                elif mood == "late":
                    self.reply(result("TimeLimitExceeded", None, "", server.run(body).stderr))
                elif mood == "not run":
                    self.reply(result("Finished", 1, "", "no such interpreter"))
                else:
                    done = server.run(body)
                    self.reply(result("Finished", done.returncode, done.stdout, done.stderr))

            def reply(self, value: Any, status: int = 200, raw: bool = False) -> None:
                data = value.encode() if raw else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        return Handler

    def run(self, body: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-c", body["code"]]
        return subprocess.run(
            words, input=body["stdin"], capture_output=True, text=True, timeout=body["run_timeout"], check=False
        )


def result(status: str, code: int | None, stdout: str, stderr: str) -> dict[str, Any]:
    run = {"status": status, "return_code": code, "stdout": stdout, "stderr": stderr, "execution_time": 0.1}
    good = status == "Finished" and code == 0
    return {"status": "Success" if good else "Failed", "message": "", "compile_result": None, "run_result": run, "files": {}}


@contextmanager
def fusion_server() -> Iterator[FusionServer]:
    server = FusionServer()
    thread = Thread(target=server.http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.http.shutdown()
        server.http.server_close()
        thread.join()
