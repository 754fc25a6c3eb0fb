"""Labelled responses of SynLogic, one a row, for `train.py audit`: kind, question, metadata, candidate, official verdict.

    python benchmarks/synlogic_rows.py generated.jsonl > rows.jsonl

A row of the file holds several candidates with the verdicts of the official verifiers; `audit` wants one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(path: str) -> None:
    for line in Path(path).read_text("utf-8").splitlines():
        row = json.loads(line)
        shared = {"kind": row["task"], "question": row["question"], "gold": str(row["answer"]), "metadata": row["metadata"]}
        for one in row["candidates"]:
            print(json.dumps({**shared, "candidate": one["response"], "label": one["official_verdict"]}, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
