"""Outputs of evaluation harnesses, in the layouts that lm_eval 0.4.13, lighteval 0.13.0, verl 0.9.1 and TRL 1.16.0 write."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from asym_lit.cli import main
from asym_lit.evaluation.ledger import ProblemRecord
from asym_lit.evaluation.pass_at_k import pass_at_k
from asym_lit.run_folder.ledger import write_ledger
from studies import fake_run

BASE, RL = [0, 1, 2, 4, 3, 1], [1, 4, 2, 4, 4, 0]


def counted(tmp_path: Path, *words: str) -> dict:
    main(["compare", *words, "--out", str(tmp_path / "out")])
    return json.loads((tmp_path / "out" / "comparison.json").read_text())


def lines(path: Path, rows) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def plain(path: Path, correct, n=4) -> str:
    return lines(path, [{"id": f"p{i:03d}", "n": n, "c": c} for i, c in enumerate(correct)])


def lm_eval(path: Path, correct, n=4, metrics=None, kept=True, filters=("none",)) -> str:
    """Samples of a task with `repeats: n`; `metrics` of (n, c), by default pass@1 as its code_eval writes it."""
    metrics = metrics or (lambda n, c: {"pass@1": c / n})
    rows = []
    for i, c in enumerate(correct):
        doc = {"uid": f"p{i:03d}", "question": f"What is {i} + {i}?"}
        texts = ["right" if j < c else "wrong" for j in range(n)]
        values = metrics(n, c)
        dumped = json.dumps(doc, indent=2, ensure_ascii=False)
        row = {"doc_id": i, "doc": doc, "target": str(2 * i), "arguments": {"gen_args_0": {"arg_0": f"Q: {i}"}}}
        row |= {"resps": [texts], "filtered_resps": [texts if kept else texts[0]], "metrics": list(values)}
        row |= {"doc_hash": sha256(dumped.encode()).hexdigest(), "prompt_hash": "a", "target_hash": "b"}
        rows += [row | {"filter": name} | values for name in filters]
    return lines(path, rows)


def lighteval(path: Path, correct, n=4, metrics=None) -> str:
    metrics = metrics or (lambda n, c: {f"avg@n:n={n}": c / n})
    rows = [
        {
            "doc": {"query": f"What is {i} + {i}?", "id": str(i), "task_name": "sums|0", "specific": {"uid": f"p{i:03d}"}},
            "metric": metrics(n, c),
            "model_response": {"text": ["right" if j < c else "wrong" for j in range(n)], "input_tokens": [1, 2]},
        }
        for i, c in enumerate(correct)
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return str(path)


def verl(path: Path, correct, n=4) -> str:
    rows = [
        {"input": f"p{i:03d}", "output": "so", "gts": "2", "score": float(j < c)}
        for i, c in enumerate(correct)
        for j in range(n)
    ]
    return lines(path, rows)


def trl(path: Path, correct, n=4, **more) -> str:
    rows = [
        {"step": 3, "prompt": [{"role": "user", "content": f"p{i:03d}"}], "completion": "so", "right": float(j < c)}
        | dict.fromkeys(more, 0.5)
        | {"advantage": 0.1}
        for i, c in enumerate(correct)
        for j in range(n)
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return str(path)


def run_folder(folder: Path, correct, n=4) -> str:
    fake_run(folder)
    records = [
        ProblemRecord("sums", 0, f"p{i:03d}", n, c, 0, {"a": c} if c else {}, (n - c,) if n > c else ())
        for i, c in enumerate(correct)
    ]
    write_ledger(folder / "ledger.parquet", records)
    return str(folder)


def report_of(tmp_path: Path, *words: str) -> tuple[dict, str, str, str, str]:
    """The numbers, the texts and the page, without where they are from and what the source says of itself."""
    found = counted(tmp_path, *words)
    for arm in found["arms"]:
        for name in ("origin", "seeds", "by_source", "pass_hat_k_by_source"):
            del arm[name]
    del found["notes"], found["sources"]
    text = (tmp_path / "out" / "report.md").read_text().split("## Where the counts are from")[0].split("## By source")[0]
    said = "\n".join(line for line in text.splitlines() if line and not line.startswith(">"))
    page = (tmp_path / "out" / "index.html").read_text()
    page = page.split("<h2>Where the counts are from")[0].split("<h2>By source")[0]
    shown = "\n".join(line for line in page.splitlines() if not line.startswith(("<dl>", '<p class="note">')))
    return found, said, shown, (tmp_path / "out" / "table.tex").read_text(), (tmp_path / "out" / "table.md").read_text()


def test_run_folders_and_the_outputs_of_four_programs_with_the_same_counts_give_the_same_report(tmp_path):
    want = report_of(tmp_path, f"base={plain(tmp_path / 'a.jsonl', BASE)}", f"rl={plain(tmp_path / 'b.jsonl', RL)}")
    assert "less base" in want[1] and want[0]["arms"][1]["every_k"]["difference"]["mean"][0] == pytest.approx(4 / 24)
    for write, more in (
        (verl, ("--ids", "{input}")),
        (lm_eval, ("--ids", "{doc.uid}")),
        (lighteval, ("--ids", "{doc.specific.uid}")),
    ):
        ending = "parquet" if write is lighteval else "jsonl"
        paths = [write(tmp_path / f"{write.__name__}_{i}.{ending}", correct) for i, correct in enumerate((BASE, RL))]
        assert report_of(tmp_path, f"base={paths[0]}", f"rl={paths[1]}", *more) == want, write.__name__
    runs = [run_folder(tmp_path / name / "seed_1", correct) for name, correct in (("base", BASE), ("rl", RL))]
    allowed = ("--counts", "true")
    assert report_of(tmp_path, f"base={runs[0]}", f"rl={runs[1]}", *allowed) == want
    # And mixed: a run folder against a harness, whose rows are called as the run calls its problems.
    samples = lm_eval(tmp_path / "samples.jsonl", RL)
    assert report_of(tmp_path, f"base={runs[0]}", f"rl={samples}", "--ids", "{doc.uid}") == want


def test_two_completions_tables_of_trl_are_read_by_their_reward_function(tmp_path):
    base, rl = (trl(tmp_path / f"{name}.parquet", c) for name, c in (("base", BASE), ("rl", RL)))
    found = counted(tmp_path, base, rl)
    assert [arm["curve"]["mean"][0] for arm in found["arms"]] == pytest.approx([11 / 24, 15 / 24])
    several = trl(tmp_path / "several.parquet", RL, brevity=True)
    with pytest.raises(SystemExit, match="write --verdict with one of right, brevity"):
        counted(tmp_path, several, base)
    again = counted(tmp_path, several, base, "--verdict", "right")
    assert again["arms"][0]["curve"]["mean"][0] == pytest.approx(15 / 24)


def test_samples_without_ids_are_paired_by_the_hash_of_their_document_and_what_lacks_is_listed(tmp_path):
    base = lm_eval(tmp_path / "base.jsonl", BASE)
    rl = lm_eval(tmp_path / "rl.jsonl", RL[:-1])
    found = counted(tmp_path, f"base={base}", f"rl={rl}")
    assert (found["problems"], [len(ids) for ids in found["missing"].values()]) == (5, [1])
    rows = [json.loads(line) for line in Path(rl).read_text().splitlines()]
    for row in rows:
        del row["doc_hash"]  # as before 0.4.2
    assert counted(tmp_path, f"base={base}", f"rl={lines(tmp_path / 'old.jsonl', rows)}")["problems"] == 5


def test_the_task_in_the_name_of_a_file_of_samples_is_its_source(tmp_path):
    name = "samples_gsm8k_cot_2026-01-02T03-04-05.678901.jsonl"
    found = counted(tmp_path, f"base={lm_eval(tmp_path / name, BASE)}", f"rl={lm_eval(tmp_path / 'rl.jsonl', RL)}")
    assert found["sources"] == {"gsm8k_cot": 6}


@pytest.mark.parametrize("ks", [(1,), (1, 2, 4), (2,)])
def test_pass_at_k_of_a_harness_is_turned_back_into_its_counts(tmp_path, ks):
    correct = [0, 1, 2, 2]  # pass@2 tells 0, 1 and 2 of 4 apart, and not 3 from 4
    base = lm_eval(tmp_path / "base.jsonl", correct, metrics=lambda n, c: {f"pass@{k}": pass_at_k([n], [c], k)[0] for k in ks})
    rl = lighteval(
        tmp_path / "rl.parquet", correct, metrics=lambda n, c: {f"pass@k:k={k}&n=4": pass_at_k([n], [c], k)[0] for k in ks}
    )
    other = plain(tmp_path / "x.jsonl", correct)
    for path, field in ((base, "{doc.uid}"), (rl, "{doc.specific.uid}")):
        found = counted(tmp_path, f"x={other}", f"y={path}", "--ids", field)
        assert found["arms"][0]["curve"]["mean"] == pytest.approx(found["arms"][1]["curve"]["mean"], abs=1e-12)


def test_what_a_metric_of_several_responses_leaves_open_is_refused(tmp_path):
    base, against = lm_eval(tmp_path / "base.jsonl", BASE), plain(tmp_path / "against.jsonl", BASE)

    def refused(words, name="bad.jsonl", write=lm_eval, more=(), **form):
        with pytest.raises(SystemExit, match=words):
            counted(tmp_path, against, write(tmp_path / name, **{"correct": RL} | form), *more)

    high = {"correct": [3], "metrics": lambda n, c: {"pass@2": 1.0}}
    refused(
        r"row 1: 3 to 4 right ones of 4 all give pass@2 = 1\.0, so c cannot be told\. Have the harness write pass@1", **high
    )
    refused(r"no number of right ones among 4 responses gives pass@1 = 0\.3", metrics=lambda n, c: {"pass@1": 0.3})
    # One verdict for four responses: by a filter that picked one of them (a vote, or a number cut out of the text) ...
    voted = lm_eval(tmp_path / "voted.jsonl", RL, metrics=lambda n, c: {"exact_match": 1.0}, kept=False)
    rows = [json.loads(line) | {"filtered_resps": ["18"]} for line in Path(voted).read_text().splitlines()]
    with pytest.raises(SystemExit, match="the filter 'none' left one answer of them"):
        counted(tmp_path, base, lines(tmp_path / "voted.jsonl", rows))
    # ... or over all four, which could be any of them as well as their share.
    refused("whether that is the share of right ones cannot be told", metrics=lambda n, c: {"exact_match": float(c > 0)})
    refused("whether that is the share of right ones cannot be told", metrics=lambda n, c: {"f1": c / n})
    refused("has verdicts by 2 filters; write --filter with one of strict, loose", filters=("strict", "loose"))
    refused(
        "filter is 'strit'; allowed: strict, loose. The nearest is strict",
        filters=("strict", "loose"),
        more=("--filter", "strit"),
    )
    two = {"metrics": lambda n, c: {"acc": 1.0, "acc_norm": 0.0}, "n": 1, "correct": [1]}
    refused("has 2 metrics; write --verdict with the one that says what is right: acc, acc_norm", **two)
    refused(r"field f1: it is 0\.25; allowed: 0 or 1", metrics=lambda n, c: {"f1": 0.25}, n=1, correct=[1])
    refused(
        r"ids is '\{doc.name\}', and there is no name of \{doc.name\}; allowed: uid, question", more=("--ids", "{doc.name}")
    )
    refused("names no field, so all problems are one", more=("--ids", "gsm8k"))
    one = {"name": "bad.parquet", "write": lighteval}
    refused(
        r"extractive_match is one number for 4 responses.*pass@k:k=1&n=4", **one, metrics=lambda n, c: {"extractive_match": 1.0}
    )
    refused("are of 8 responses, and the row has 4", **one, metrics=lambda n, c: {"avg@n:n=8": 0.5})


def test_what_can_be_told_of_one_verdict_is_told(tmp_path, capsys):
    share = lm_eval(tmp_path / "share.jsonl", RL, metrics=lambda n, c: {"exact_match": c / n})  # its mean over a list
    listed = lm_eval(tmp_path / "listed.jsonl", RL, metrics=lambda n, c: {"exact_match": [int(j < c) for j in range(n)]})
    assert [arm["curve"]["mean"][0] for arm in counted(tmp_path, share, listed)["arms"]] == pytest.approx([15 / 24] * 2)
    first = lm_eval(tmp_path / "first.jsonl", RL, metrics=lambda n, c: {"exact_match": float(c > 0)}, kept=False)
    choice = lm_eval(tmp_path / "choice.jsonl", RL, n=1, metrics=lambda n, c: {"acc": float(c > 0)})
    rows = [json.loads(line) for line in Path(choice).read_text().splitlines()]
    for row in rows:  # a request for each choice, one answer: the likeliest
        row |= {"resps": [[["-1.2", "False"]], [["-0.3", "True"]]], "filtered_resps": [["-1.2", "False"], ["-0.3", "True"]]}
    found = counted(tmp_path, first, lines(tmp_path / "choice.jsonl", rows))
    assert (found["samples"], [arm["curve"]["mean"] for arm in found["arms"]]) == (1, [[5 / 6]] * 2)
    assert "4 responses a problem were drawn and the harness judged the first of them alone" in " ".join(found["notes"])


def test_a_document_that_a_set_holds_twice_is_two_problems_and_a_row_that_a_file_holds_twice_is_refused(tmp_path):
    rows = [json.loads(line) for line in Path(lm_eval(tmp_path / "a.jsonl", BASE)).read_text().splitlines()]
    twin = rows[0] | {"doc_id": 6, "resps": [["right"] * 4], "filtered_resps": [["right"] * 4], "pass@1": 1.0}
    other = lines(tmp_path / "b.jsonl", [*rows, twin])
    found = counted(tmp_path, f"a={other}", f"b={lines(tmp_path / 'c.jsonl', [*rows, twin])}")
    assert (found["problems"], found["arms"][0]["curve"]["mean"][0]) == (7, pytest.approx((11 + 4) / 28))
    with pytest.raises(SystemExit, match=r"row 7, field id: .* was given in .*row 1 already"):
        counted(tmp_path, f"a={other}", f"b={lines(tmp_path / 'd.jsonl', [*rows, rows[0]])}")


def test_settings_that_no_file_has_a_use_for_and_tables_that_cannot_be_read_are_refused(tmp_path):
    base, rl = plain(tmp_path / "a.jsonl", BASE), plain(tmp_path / "b.jsonl", RL)
    with pytest.raises(SystemExit, match="filter is of files of lm-evaluation-harness, and there is none"):
        counted(tmp_path, base, rl, "--filter", "strict")
    with pytest.raises(SystemExit, match="counts is of run folders"):
        counted(tmp_path, base, rl, "--counts", "true")
    run = run_folder(tmp_path / "base" / "seed_1", BASE)
    with pytest.raises(SystemExit, match="ids is of files of others"):
        counted(tmp_path, run, "--ids", "{doc_id}")
    (tmp_path / "no.parquet").write_text("no table")
    with pytest.raises(SystemExit, match=r"no\.parquet cannot be read as a parquet table"):
        counted(tmp_path, base, str(tmp_path / "no.parquet"))
    old = [{"full_prompt": "q", "predictions": "['a']", "metrics": {"em": 1.0}}]
    pq.write_table(pa.Table.from_pylist(old), tmp_path / "old.parquet")
    with pytest.raises(SystemExit, match=r"is of a lighteval before 0\.13"):
        counted(tmp_path, base, str(tmp_path / "old.parquet"))
