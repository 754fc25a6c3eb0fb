"""Rows of problems with metrics, as evaluation harnesses write them, turned into counts.

lm-evaluation-harness (as of 0.4.13, `--log_samples`): `samples_*.jsonl`, a row for each problem and filter, with `repeats`
responses in it. lighteval (as of 0.13, `--save-details`): a parquet table, a row for each problem. Neither says of each
response whether it is right; what their metrics say of all of them together is in `metric_counts`, and what they leave open
is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from asym_lit.command_line.names import nearest
from asym_lit.commands.compare.metric_counts import ROUNDING, counts_of, decided_by_counts
from asym_lit.commands.compare.response_files import is_one_of
from asym_lit.commands.compare.row_files import Reading, Rows, made_name, prompt_name
from asym_lit.types import InputError

LM_EVAL = {"doc_id", "resps", "filtered_resps", "target"}
LIGHTEVAL = {"doc", "metric", "model_response"}
OLD_LIGHTEVAL = {"full_prompt", "predictions", "metrics"}
TASK = re.compile(r"samples_(?P<task>.+)_\d{4}-\d\d-\d\dT[\d.:-]+")
PER_RESPONSE = 'Write {"id": ..., "correct": true or false} for each response.'


def counted_lm_eval(rows: Rows, reading: Reading, path: Path) -> tuple[Rows, list[str]]:
    """Rows of lm-evaluation-harness as `{id, n, c}`, called by the hash of their document, and what a reader must know.

    Args:
        rows: Of one file.
        reading: Which filter and metric, where there are several; and what problems are called.
        path: Its name may hold the task, which becomes the source.

    Raises:
        InputError: If rows are not what they should be, or how many responses are right cannot be told.
    """
    for where, row in rows:
        for name in sorted(LM_EVAL):
            if name not in row:
                raise InputError(f"{where}, field {name}: it is not there; the rows above are of lm-evaluation-harness.")
    kept = [(where, row) for where, row in rows if row.get("filter") == _filter(rows, reading, path)]
    metrics = _metrics(_named_metrics(kept[0][1]), reading, path)
    drawn = [_drawn(row, where) for where, row in kept]
    first_only = all(n > 1 and _left_first(row) for n, (_, row) in zip(drawn, kept, strict=True))
    shares = any(isinstance(v, float) and v % 1 for _, row in kept for v in map(row.get, metrics))
    named, seen, task = [], dict[str, str](), TASK.fullmatch(path.stem)
    for n, (where, row) in zip(drawn, kept, strict=True):
        values = {name: _number(row.get(name), f"{where}, field {name}", n) for name in metrics}
        uid = made_name(reading.ids, row, where) if reading.ids else _document_name(row, seen)
        counts = _lm_eval_counts(values, row, n, where, first_only, shares)
        named.append((where, {"id": uid, "n": counts[0], "c": counts[1]} | ({"source": task["task"]} if task else {})))
    note = f"{path}: {max(drawn)} responses a problem were drawn and the harness judged the first of them alone; one counts."
    return named, [note] if first_only else []


def counted_lighteval(rows: Rows, reading: Reading, path: Path) -> Rows:
    """Rows of lighteval's details as `{id, n, c, source}`, called by the query of their document.

    Args:
        rows: Of one file.
        reading: Which metric, where there are several; and what problems are called.
        path: For messages.

    Raises:
        InputError: Likewise.
    """
    names = [name for name, value in rows[0][1]["metric"].items() if value is not None]
    metrics = _metrics(names, reading, path)
    found = []
    for where, row in rows:
        texts = row["model_response"].get("text") or []
        values = {name: _number(row["metric"].get(name), f"{where}, metric {name}", 1) for name in metrics}
        if _all_decided(metrics):
            n, c = counts_of(values, max(len(texts), 1), where)
        elif len(texts) > 1:
            raise InputError(
                f"{where}: {metrics[0]} is one number for {len(texts)} responses, so what is right of each cannot be told. "
                f"Take a metric that counts them, such as pass@k:k=1&n={len(texts)} or avg@n:n={len(texts)}, with --verdict. "
                f"{PER_RESPONSE}"
            )
        else:
            n, c = 1, _verdict(values[metrics[0]], f"{where}, metric {metrics[0]}")
        uid = made_name(reading.ids, row, where) if reading.ids else prompt_name(row["doc"].get("query"), f"{where}, doc.query")
        task = row["doc"].get("task_name")
        found.append((where, {"id": uid, "n": n, "c": c} | ({"source": task} if isinstance(task, str) and task else {})))
    return found


def _filter(rows: Rows, reading: Reading, path: Path) -> str | None:
    """The filter whose rows count."""
    there = list(dict.fromkeys(row.get("filter") for _, row in rows))
    if reading.filter and reading.filter not in there:
        close = nearest(reading.filter, [str(name) for name in there])
        like = f" The nearest is {close}." if close else ""
        raise InputError(f"{path}: filter is {reading.filter!r}; allowed: {', '.join(map(str, there))}.{like}")
    if len(there) > 1 and not reading.filter:
        raise InputError(
            f"{path} has verdicts by {len(there)} filters; write --filter with one of {', '.join(map(str, there))}."
        )
    return reading.filter or there[0]


def _named_metrics(row: Mapping[str, Any]) -> list[str]:
    """Metrics of a row; rows of before 0.4.5 do not list them, and then they are all that is no field of every row."""
    listed = row.get("metrics")
    if isinstance(listed, list):
        return [str(name) for name in listed]
    fields = LM_EVAL | {"doc", "arguments", "filter", "metrics", "doc_hash", "prompt_hash", "target_hash"}
    return [name for name in row if name not in fields]


def _metrics(names: Sequence[str], reading: Reading, path: Path) -> list[str]:
    """The metrics that are read: the one that is asked for, the only one, or all if n and c decide each."""
    if reading.verdict:
        if reading.verdict not in names:
            close = nearest(reading.verdict, list(names))
            like = f" The nearest is {close}." if close else ""
            raise InputError(f"{path}: verdict is {reading.verdict!r}; allowed: {', '.join(names)}.{like}")
        return [reading.verdict]
    if not names:
        raise InputError(f"{path} has no metric, so nothing says what is right.")
    if len(names) > 1 and not _all_decided(names):
        raise InputError(
            f"{path} has {len(names)} metrics; write --verdict with the one that says what is right: {', '.join(names)}."
        )
    return list(names)


def _all_decided(names: Sequence[str]) -> bool:
    return all(decided_by_counts(name, 1) for name in names)


def _drawn(row: Mapping[str, Any], where: str) -> int:
    """Responses of a row: repeats of its one request. Multiple choice has a request for each choice, and one answer."""
    each = [len(one) if isinstance(one, list) else 1 for one in row["resps"]]
    if not each or (len(each) > 1 and max(each) > 1):
        raise InputError(
            f"{where}, field resps: it holds {len(each)} requests with {max(each, default=0)} responses; allowed: one request, "
            f"or one response to each (multiple choice). {PER_RESPONSE}"
        )
    return each[0]


def _left_first(row: Mapping[str, Any]) -> bool:
    """Whether the filter left the first response, untouched."""
    return bool(row["filtered_resps"]) and row["filtered_resps"][0] == row["resps"][0][0]


def _lm_eval_counts(
    values: Mapping[str, Any], row: Mapping[str, Any], drawn: int, where: str, first_only: bool, shares: bool
) -> tuple[int, int]:
    """n and c of one row."""
    name, value = next(iter(values.items()))
    at = f"{where}, field {name}"
    if isinstance(value, list):
        return drawn, sum(_verdict(one, at) for one in value)
    if drawn == 1 or first_only:
        return 1, _verdict(value, at)
    left = row["filtered_resps"][0]
    if isinstance(left, list) and _all_decided(list(values)):
        return counts_of(values, len(left), where)
    if not isinstance(left, list) or len(left) != drawn:
        raise InputError(
            f"{at}: it is one verdict, {value!r}, and the row has {drawn} responses; the filter {row.get('filter')!r} left "
            f"one answer of them, so what is right of the others cannot be told. Choose a filter that keeps all. {PER_RESPONSE}"
        )
    right = round(value * drawn)
    if name != "exact_match" or not shares or abs(value * drawn - right) > drawn * ROUNDING:
        raise InputError(
            f"{at}: it is {value!r} for {drawn} responses, and whether that is the share of right ones cannot be told (known "
            f"of exact_match, in a file where some are neither 0 nor 1). Have it write pass@1, or a list. {PER_RESPONSE}"
        )
    return drawn, right


def _number(value: Any, where: str, drawn: int) -> Any:
    """A number that is finite, or a list of one for each response."""
    if isinstance(value, list) and len(value) == drawn:
        return value
    if not isinstance(value, bool | int | float) or value != value:  # NaN differs from itself
        raise InputError(
            f"{where}: it is {str(value)[:60]}; allowed: a number, or a list with one for each of {drawn} responses."
        )
    return value


def _verdict(value: Any, where: str) -> int:
    if not is_one_of(value, (0, 1)):
        raise InputError(f"{where}: it is {value!r}; allowed: 0 or 1, for a verdict is wanted. {PER_RESPONSE}")
    return int(value)


def _document_name(row: Mapping[str, Any], seen: dict[str, str]) -> str:
    """The hash of the document, which does not depend on the model; a document that stands in a set twice gets a number.

    Rows without `doc_hash` are hashed as lm-evaluation-harness does.
    """
    text = json.dumps(row.get("doc"), indent=2, ensure_ascii=False, default=str)
    found = row.get("doc_hash") or sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    first = seen.setdefault(found, str(row["doc_id"]))
    return f"#{found[:16]}" if first == str(row["doc_id"]) else f"#{found[:16]} of {row['doc_id']}"
