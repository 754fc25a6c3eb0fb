"""A real HTTP server on loopback that speaks the OpenAI protocol as a judge would, and plays its faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import log
from threading import Event, Thread
from typing import Any

MODEL = "tiny-judge"


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # the default of 5 drops connections of a busy client


class JudgeServer:
    """Answers True or False with a given probability of True; `mood` changes what it does."""

    def __init__(self) -> None:
        self.mood = "well"
        self.chance: Callable[[str], float] = lambda text: 0.9 if "ACCEPT" in text else 0.1
        self.word: str | None = None
        self.logprob: Any = None
        self.models = [MODEL]
        self.asked: list[str] = []
        self.released = Event()
        self.hung_up = Event()
        self.raw = b""
        self.http = _Http(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                self.reply({"object": "list", "data": [{"id": m, "object": "model"} for m in server.models]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                text = body["messages"][0]["content"]
                server.asked.append(text)
                if server.mood == "slow":
                    server.released.wait(30)
                if server.mood == "broken":
                    self.reply({"error": {"message": "out of memory"}}, 500)
                elif server.mood == "no json":
                    self.send(b"<html>proxy</html>", 200, "text/html")
                elif server.mood == "hangs up":
                    self.close_connection = True
                    self.connection.close()
                elif server.mood.startswith("drips"):
                    self.drip(b"" if server.mood == "drips headers" else b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                elif server.mood == "raw":
                    self.send(server.raw, 200, "application/json")
                elif server.mood == "empty":
                    self.reply({"id": "1", "object": "chat.completion", "model": MODEL, "choices": []})
                else:
                    self.reply(server.completion(text, bool(body.get("logprobs"))))

            def drip(self, begun: bytes) -> None:
                """A byte now and then, for as long as somebody reads."""
                self.close_connection = True
                try:
                    self.wfile.write(begun)
                    for byte in b"X-Slow: " + b"x" * 990 if not begun else b" " * 1000:
                        self.wfile.write(bytes([byte]))
                        if server.released.wait(0.05):
                            return
                except OSError:
                    server.hung_up.set()

            def reply(self, value: Any, status: int = 200) -> None:
                self.send(json.dumps(value).encode(), status, "application/json")

            def send(self, data: bytes, status: int, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        return Handler

    def completion(self, text: str, logprobs: bool) -> dict[str, Any]:
        chance = self.chance(text)
        word = self.word if self.word is not None else "True" if chance >= 0.5 else "False"
        likeliest = [{"token": "True", "logprob": log(chance)}, {"token": "False", "logprob": log(1 - chance)}]
        likeliest[0] |= {} if self.logprob is None else {"logprob": self.logprob}
        if self.word is not None:
            likeliest = [{"token": self.word, "logprob": -0.001}]
        content = [{"token": word, "logprob": -0.1, "bytes": None, "top_logprobs": likeliest}]
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": word},
            "logprobs": {"content": content} if logprobs else None,
        }
        return {"id": "1", "object": "chat.completion", "created": 0, "model": MODEL, "choices": [choice]}


@contextmanager
def serving() -> Iterator[JudgeServer]:
    server = JudgeServer()
    thread = Thread(target=server.http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.http.shutdown()
        server.http.server_close()
        thread.join()
