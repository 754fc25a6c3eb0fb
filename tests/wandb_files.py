"""The records of W&B's offline files, read without W&B's own reader, which version 0.31 no longer has.

A `.wandb` file is LevelDB's log format behind a head of seven bytes: blocks of 32 KiB with pieces of records, each behind a
checksum of four bytes, a length of two and a kind of one (1 whole, 2 first, 3 middle, 4 last). A record is a protocol buffer.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

BLOCK, HEAD, WHOLE, FIRST, LAST = 32768, 7, 1, 2, 4


def records(path: Path) -> list[Any]:
    from wandb.proto import wandb_internal_pb2

    data, place, found, parts = path.read_bytes(), HEAD, [], b""
    while place + HEAD <= len(data):
        if BLOCK - place % BLOCK < HEAD:  # no piece begins in the last bytes of a block
            place += BLOCK - place % BLOCK
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + HEAD])
        piece = data[place + HEAD : place + HEAD + length]
        place += HEAD + length
        parts = piece if kind in (WHOLE, FIRST) else parts + piece
        if kind in (WHOLE, LAST):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(parts)
            found.append(record)
    return found


def key(item: Any) -> str:
    return item.key or "/".join(item.nested_key)


def history(path: Path) -> list[dict[str, Any]]:
    """What was logged, call by call."""
    lines = [record.history for record in records(path) if record.WhichOneof("record_type") == "history"]
    return [{key(item): json.loads(item.value_json) for item in line.item} for line in lines]


def settings(path: Path) -> dict[str, Any]:
    """The configuration, as it was last."""
    changes = [record.config for record in records(path) if record.WhichOneof("record_type") == "config"]
    return {key(item): json.loads(item.value_json) for change in changes for item in change.update}


def axes(path: Path) -> list[tuple[str, str]]:
    """Metrics, or patterns of them, and what they stand over; the last word counts."""
    found = [record.metric for record in records(path) if record.WhichOneof("record_type") == "metric"]
    return [(metric.name or metric.glob_name, metric.step_metric) for metric in found]
