from __future__ import annotations

import gzip
import json
from collections import Counter
from fractions import Fraction
from math import comb
from pathlib import Path

import pytest

from asym_lit.cli import main
from studies import fake_run

EXAMPLE = Path(__file__).parents[2] / "docs" / "data" / "deepscaler32k"


def counted(tmp_path: Path, *words: str) -> dict:
    main(["compare", *words, "--out", str(tmp_path / "out")])
    return json.loads((tmp_path / "out" / "comparison.json").read_text())


def written(path: Path, *rows: object) -> str:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return str(path)


def rows(correct, n=8, **more):
    return [{"id": f"p{i:03d}", "n": n, "c": c, **more} for i, c in enumerate(correct)]


def exact(path: Path) -> list[Fraction]:
    """Mean pass@k at k = 1 to 128, as fractions."""
    counts = Counter(json.loads(line)["c"] for line in path.read_text().splitlines())
    total = counts.total()
    return [1 - sum(m * Fraction(comb(128 - c, k), comb(128, k)) for c, m in counts.items()) / total for k in range(1, 129)]


def test_the_shipped_example_gives_its_exact_fractions_and_what_its_authors_found(tmp_path, capsys):
    found = counted(tmp_path, f"base={EXAMPLE / 'base.jsonl'}", f"rl={EXAMPLE / 'rl.jsonl'}")
    base, rl = found["arms"]
    for arm in (base, rl):
        by_hand = exact(EXAMPLE / f"{arm['arm']}.jsonl")
        assert len(by_hand) == len(arm["curve"]["mean"]) == 128
        assert max(abs(Fraction(mean) - value) for mean, value in zip(arm["curve"]["mean"], by_hand, strict=True)) < 1e-12
    every = rl["every_k"]
    difference = [a - b for a, b in zip(exact(EXAMPLE / "rl.jsonl"), exact(EXAMPLE / "base.jsonl"), strict=True)]
    assert max(abs(Fraction(m) - d) for m, d in zip(every["difference"]["mean"], difference, strict=True)) < 1e-12
    # arXiv 2609.22547: gains at 1 to 10, losses at 61 to 128, the loss begins within [11, 61].
    assert every["gain"] == pytest.approx(range(1, len(every["gain"]) + 1)) and len(every["gain"]) in (9, 10, 11)
    assert every["loss"][-1] == 128 and every["loss"][0] in (60, 61, 62)
    assert every["first_loss"] == list(range(len(every["gain"]) + 1, every["loss"][0] + 1))
    assert (found["problems"], found["missing"], found["notes"]) == (1060, {}, [])
    assert found["sources"] == {"aime24": 30, "amc23": 39, "gaokao2023en": 358, "olympiadbench": 633}
    said = " ".join(capsys.readouterr().out.split())
    assert "rl against base, over every k from 1 to 128 at once: gain sure at k = 1 to " in said
    page, text = (tmp_path / "out" / "index.html").read_text(), (tmp_path / "out" / "report.md").read_text()
    shown, *pasted = page.split("<details>")
    assert shown.count("The loss may begin at k = ") == text.count("The loss may begin at k = ") == 1
    assert len(pasted) == 2
    assert "http" not in page and len(page) < 1_000_000
    assert "rl less base: +0.076 [+0.065, +0.086] at pass@1 and \N{MINUS SIGN}0.020 [" in shown
    assert r"\textbf{+0.076 [+0.065, +0.086]} \\" in (tmp_path / "out" / "table.tex").read_text()
    assert "| 1 | 0.604 | 0.680 | **+0.076 [+0.065, +0.086]** |" in (tmp_path / "out" / "table.md").read_text()
    assert rl["every_k"]["first_loss_k"] == 22 and "estimate: k = 22" in shown
    assert (tmp_path / "out" / "every_k.png").stat().st_size > 5000


def test_what_one_side_lacks_is_listed_on_the_console_and_in_the_report(tmp_path, capsys):
    base = written(tmp_path / "base.jsonl", *rows([1, 2, 3, 4]))
    rl = written(tmp_path / "rl.jsonl", *rows([1, 2, 3]), {"id": "<new>", "n": 8, "c": 1})
    found = counted(tmp_path, f"base={base}", f"rl={rl}")
    assert found["missing"] == {"base": ["<new>"], "rl": ["p003"]}
    assert "rl lacks 1 of 5 problems, which are left out: p003." in " ".join(capsys.readouterr().out.split())
    page = (tmp_path / "out" / "index.html").read_text()
    assert "left out: &lt;new&gt;." in page and "<new>" not in page


def test_files_of_one_arm_are_its_seeds_and_a_file_without_a_name_is_called_after_itself(tmp_path):
    base = written(tmp_path / "base.jsonl", *rows([1, 2, 3, 4]))
    one = written(tmp_path / "one.jsonl", *rows([2, 2, 3, 4], seed=1), *rows([3, 2, 3, 4], seed="b"))
    two = written(tmp_path / "two.jsonl", *rows([4, 2, 3, 4], seed=3))
    found = counted(tmp_path, base, f"rl={one}", f"rl={two}")
    assert [(arm["arm"], arm["seeds"]) for arm in found["arms"]] == [("base", ["0"]), ("rl", ["1", "b", "3"])]
    assert found["arms"][1]["curve"]["mean"][0] == pytest.approx((2 + 3 + 4 + 3 * 9) / (3 * 32))


def test_counts_stand_beside_run_folders(tmp_path):
    for seed in (1, 2):
        fake_run(tmp_path / "study" / "grpo" / f"seed_{seed}", seed, gain=1.5)
    theirs = written(tmp_path / "theirs.jsonl", *rows([i % 17 for i in range(39)], n=16))
    found = counted(tmp_path, str(tmp_path / "study"), f"theirs={theirs}")
    assert [arm["arm"] for arm in found["arms"]] == ["grpo", "theirs"]
    assert (found["baseline"], found["problems"], found["missing"]) == ("grpo", 39, {"theirs": ["p039"]})
    assert any("last evaluation" in note for note in found["notes"])
    main(["compare", str(tmp_path / "study"), "--out", str(tmp_path / "runs")])
    after = json.loads((tmp_path / "runs" / "comparison.json").read_text())["arms"][0]["after"][0]
    theirs_40 = written(tmp_path / "theirs.jsonl", *rows([i % 17 for i in range(40)], n=16))
    again = counted(tmp_path, f"theirs={theirs_40}", str(tmp_path / "study"))
    assert again["baseline"] == "theirs"
    assert again["arms"][1]["curve"]["mean"][0] == pytest.approx(after)  # the run's own report has the same number


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"id": "x", "n": 8, "c": 9}, r"row 3, field c: it is 9 of n = 8 responses; allowed: 0 to 8"),
        ({"id": "x", "n": 8, "c": -1}, r"row 3, field c: it is -1 of n = 8"),
        ({"id": "x", "n": 0, "c": 0}, r"row 3, field n: it is 0; allowed: at least 1"),
        ({"n": 8, "c": 1}, r"row 3, field id: it is not there \(the problem's name\); the row has n, c"),
        ({"id": "x", "c": 1}, r"row 3, field n: it is not there"),
        ({"id": None, "n": 8, "c": 1}, r"row 3, field id: it is None; allowed: a text or a whole number"),
        ({"id": " ", "n": 8, "c": 1}, r"row 3, field id: it is ' '"),
        ({"id": "x", "n": "8", "c": 1}, r"row 3, field n: it is '8'; allowed: a whole number"),
        ({"id": "x", "n": 8, "c": 1.5}, r"row 3, field c: it is 1\.5"),
        ({"id": "x", "n": 8, "c": True}, r"row 3, field c: it is True"),
        ({"id": "x", "n": 8, "c": None}, r"row 3, field c: it is None"),
        ({"id": "x", "n": 8, "c": [1]}, r"row 3, field c: it is \[1\]"),
        ('{"id": "x", "n": 8, "c": NaN}', r"row 3, field c: it is nan"),
        ('{"id": "x", "n": Infinity, "c": 1}', r"row 3, field n: it is inf"),
        ({"id": "x", "n": 8, "c": 1, "seed": 1.5}, r"row 3, field seed: it is 1\.5"),
        ({"id": "x", "n": 8, "c": 1, "source": 3}, r"row 3, field source: it is 3; allowed: a text"),
        ({"id": "p001", "n": 8, "c": 1}, r"row 3, field id: 'p001' was given in .*row 2 already"),
        ("id,n,c", r"row 3 is not JSON"),
        ("[1, 2, 3]", r"row 3 is \[1, 2, 3\], and no object"),
    ],
)
def test_a_row_that_is_not_what_it_should_be_is_refused_by_file_row_and_field(tmp_path, row, words):
    base = written(tmp_path / "base.jsonl", *rows([1, 2]))
    bad = written(tmp_path / "bad.jsonl", *rows([1, 2]), row)
    with pytest.raises(SystemExit, match=rf"bad\.jsonl, {words}"):
        counted(tmp_path, f"base={base}", f"rl={bad}")


def test_a_problem_that_is_there_twice_with_one_seed_is_refused_across_files_too(tmp_path):
    base = written(tmp_path / "base.jsonl", *rows([1, 2]))
    one, two = (written(tmp_path / f"{name}.jsonl", *rows([1, 2], seed=4)) for name in ("one", "two"))
    with pytest.raises(SystemExit, match=r"two\.jsonl, row 1, field id: 'p000' of seed 4 was given in .*one\.jsonl, row 1"):
        counted(tmp_path, f"base={base}", f"rl={one}", f"rl={two}")


def test_whole_numbers_as_tables_write_them_blank_lines_and_numbers_as_ids_are_read(tmp_path):
    base = written(
        tmp_path / "base.jsonl", '\ufeff{"id": 1, "n": 4.0, "c": 1.0}', "", '{"id": 2, "n": 4, "c": 0, "prompt": "?"}'
    )
    rl = written(tmp_path / "rl.jsonl", {"id": "2", "n": 4, "c": 4}, {"id": "1", "n": 4, "c": 4})
    found = counted(tmp_path, base, rl)
    assert (found["problems"], found["arms"][0]["curve"]["mean"][0]) == (2, 0.125)


def test_responses_with_labels_are_counted_and_give_the_report_that_their_counts_give(tmp_path):
    counts = rows([0, 3, 8, 5], source="set") + rows([1, 3, 7, 5], source="set", seed=2)
    labels = [{k: v for k, v in row.items() if k not in "nc"} | {"correct": i < row["c"]} for i in range(8) for row in counts]
    base = written(tmp_path / "base.jsonl", *rows([1, 2, 3, 4]))
    one = counted(tmp_path, base, f"rl={written(tmp_path / 'rl.jsonl', *counts)}")
    other = counted(tmp_path, base, f"rl={written(tmp_path / 'rl.jsonl', *labels)}")
    assert one == other
    assert one["arms"][1]["curve"]["mean"][0] == pytest.approx((16 + 16) / 64)
    numbers = [{**row, "correct": float(row["correct"])} for row in labels]
    assert counted(tmp_path, base, f"rl={written(tmp_path / 'rl.jsonl', *numbers)}") == one


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"id": "x", "correct": None}, r"field correct: it is None; allowed: true and false, or 1 and 0"),
        ({"id": "x", "correct": "true"}, r"field correct: it is 'true'"),
        ({"id": "x", "correct": 0.5}, r"field correct: it is 0\.5"),
        ({"id": "x", "correct": []}, r"field correct: it is \[\]"),
        ({"id": "x", "n": 8, "c": 1}, r"field correct: it is not there; the rows above are responses"),
        ({"correct": True}, r"field id: it is not there"),
        ({"id": "y", "correct": True, "source": "b"}, r"field source: 'y' is of 'b' here and of 'a' before"),
        ({"id": "z", "correct": True, "seed": 0.5}, r"field seed: it is 0\.5"),
    ],
)
def test_a_response_that_is_not_what_it_should_be_is_refused_by_file_row_and_field(tmp_path, row, words):
    base = written(tmp_path / "base.jsonl", *rows([1, 2]))
    bad = written(tmp_path / "bad.jsonl", {"id": "y", "correct": True, "source": "a"}, row)
    with pytest.raises(SystemExit, match=rf"bad\.jsonl, row 2, {words}"):
        counted(tmp_path, f"base={base}", f"rl={bad}")


def dumped(path: Path, correct, n=4, verdict=lambda right: {"score": float(right)}) -> str:
    """What verl 0.9.1 writes of a validation: its fields, in its order, a row for each response."""
    many = [
        {"input": f"user\nWhat is {i} + {i}?\nassistant\n", "output": "so", "gts": str(2 * i), "step": 10, **verdict(j < c)}
        for i, c in enumerate(correct)
        for j in range(n)
    ]
    return written(path, *many)


def test_dumps_of_verl_give_the_numbers_of_their_counts(tmp_path):
    base, rl = [0, 1, 2, 4], [1, 4, 2, 4]
    one = counted(tmp_path, dumped(tmp_path / "base.jsonl", base), dumped(tmp_path / "rl.jsonl", rl))
    plain = [written(tmp_path / f"{name}.jsonl", *rows(c, n=4)) for name, c in (("base", base), ("rl", rl))]
    other = counted(tmp_path, *plain)
    assert [arm["curve"]["mean"] for arm in one["arms"]] == [pytest.approx(arm["curve"]["mean"]) for arm in other["arms"]]
    assert one["arms"][1]["every_k"]["gain"] == other["arms"][1]["every_k"]["gain"]
    for verdict in (
        lambda right: {"score": 1 if right else -1, "reward": 1},
        lambda right: {"score": 0.3, "acc": right},  # a shaped reward beside a verdict
    ):
        other_words = dumped(tmp_path / "words.jsonl", base, verdict=verdict)
        again = counted(tmp_path, other_words, dumped(tmp_path / "rl.jsonl", rl))
        assert again["arms"][0]["curve"]["mean"] == pytest.approx(one["arms"][0]["curve"]["mean"])


def test_a_reward_that_is_no_verdict_is_refused(tmp_path):
    base = dumped(tmp_path / "base.jsonl", [1, 2])
    shaped = [1.0, 0.1], r"row 2, field score: it is 0\.1; allowed: all 0 or 1"
    for values, words in (shaped, ([1, -1, 0], r"row 3, .* -1 or 1")):
        bad = [{"input": "q", "output": "a", "score": value} for value in values]
        with pytest.raises(SystemExit, match=rf"bad\.jsonl, {words}"):
            counted(tmp_path, base, written(tmp_path / "bad.jsonl", *bad))
    half = written(tmp_path / "bad.jsonl", {"input": "q", "output": "a", "score": 1}, {"input": "q", "score": 1})
    with pytest.raises(SystemExit, match="row 2, field output: it is not there; the rows above are a dump of verl"):
        counted(tmp_path, base, half)


def test_gzipped_rows_are_read_whatever_they_are_called_and_paths_may_hold_equal_signs(tmp_path):
    (tmp_path / "lr=0.1").mkdir()
    base = written(tmp_path / "lr=0.1" / "base.jsonl", *rows([1, 2]))
    for name in ("rl.jsonl.gz", "rl.jsonl"):
        (tmp_path / name).write_bytes(gzip.compress("\n".join(map(json.dumps, rows([3, 4]))).encode()))
        found = counted(tmp_path, base, str(tmp_path / name))
        assert [(arm["arm"], arm["curve"]["mean"][0]) for arm in found["arms"]] == [("base", 3 / 16), ("rl", 7 / 16)]
    (tmp_path / "rl.jsonl").write_bytes((tmp_path / "rl.jsonl").read_bytes()[:-9])
    with pytest.raises(SystemExit, match=r"rl\.jsonl cannot be read as text in UTF-8"):
        counted(tmp_path, base, str(tmp_path / "rl.jsonl"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,n,c\np0,8,1\n", "a table with commas; write one object a line, as pandas does"),
        ("id\tn\tc\n", "a table with tabs"),
        ('[{"id": "p0", "n": 8, "c": 1}]', r"one JSON value over all; .* jq -c '\.\[\]'"),
        ('{\n "id": "p0"\n}', "one JSON value over all"),
        ('{"id": "p0", "n": 8', 'is not JSON .*; write one object a line, such as {"id"'),
    ],
)
def test_a_file_of_another_form_is_told_how_to_become_rows(tmp_path, text, words):
    base = written(tmp_path / "base.jsonl", *rows([1, 2]))
    (tmp_path / "bad.jsonl").write_text(text)
    with pytest.raises(SystemExit, match=rf"bad\.jsonl, row 1 .*{words}"):
        counted(tmp_path, base, str(tmp_path / "bad.jsonl"))


def test_a_place_where_no_report_can_be_is_refused_before_the_work(tmp_path):
    base, rl = (written(tmp_path / f"{name}.jsonl", *rows([1, 2])) for name in ("base", "rl"))
    for out in (base, f"{base}/report"):
        with pytest.raises(SystemExit, match=r"out is .*base\.jsonl.*, and no folder can be made there .*; name another"):
            main(["compare", base, rl, "--out", out])
        with pytest.raises(SystemExit, match="no folder can be made there"):
            main(["power", base, "--difference", "0.1", "--out", out])


def test_long_names_do_not_bury_what_a_message_says(tmp_path, capsys):
    base = written(tmp_path / "base.jsonl", *rows([1, 2]))
    long = "x" * 40_000
    for bad in (
        [{"id": long, "n": 8, "c": 1}],
        [{"id": long, "n": 8, "c": 1}] * 2,
        [{"id": "p000", "n": long, "c": 1}],
        [{"id": "p000", long: 1}],
        [{"id": long, "correct": long}],
    ):
        with pytest.raises(SystemExit) as told:
            counted(tmp_path, base, written(tmp_path / "bad.jsonl", *bad))
        assert len(str(told.value)) < 800
    counted(tmp_path, base, written(tmp_path / "rl.jsonl", *rows([1, 2]), {"id": long, "n": 8, "c": 1}))
    assert (
        "xxx ... xxx" in " ".join(capsys.readouterr().out.split())
        and len((tmp_path / "out" / "index.html").read_text()) < 60_000
    )


def test_files_that_are_empty_or_not_there_and_settings_of_runs_are_refused(tmp_path):
    base = written(tmp_path / "base.jsonl", *rows([1, 2]))
    with pytest.raises(SystemExit, match=r"empty\.jsonl has no rows; write one object a line"):
        counted(tmp_path, base, written(tmp_path / "empty.jsonl"))
    with pytest.raises(SystemExit, match=r"There is no file .*bse\.jsonl; the nearest is .*base\.jsonl"):
        counted(tmp_path, base, f"rl={tmp_path / 'bse.jsonl'}")
    rl = written(tmp_path / "rl.jsonl", *rows([1, 2]))
    for setting in ("metrics", "allow", "evaluations"):
        with pytest.raises(SystemExit, match=f"{setting} is of run folders"):
            counted(tmp_path, base, rl, f"--{setting}", "[n]")
    fake_run(tmp_path / "rl" / "seed_1")
    with pytest.raises(SystemExit, match="'rl' names a file of counts and a run folder"):
        counted(tmp_path, rl, str(tmp_path / "rl"))
