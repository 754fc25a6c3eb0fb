from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from asym_lit.cli import main
from asym_lit.run_folder.ledger import read_ledger, write_ledger
from studies import fake_run


def compared(tmp_path: Path, *words: str) -> dict:
    main(["compare", *words, "--out", str(tmp_path / "out")])
    return json.loads((tmp_path / "out" / "comparison.json").read_text())


@pytest.fixture
def two_arms(tmp_path: Path) -> Path:
    for seed in (1, 2, 3):
        fake_run(tmp_path / "study" / "plain" / f"seed_{seed}", seed)
        fake_run(tmp_path / "study" / "gaining" / f"seed_{seed}", seed, gain=1.5)
    return tmp_path / "study"


def test_a_study_folder_becomes_a_report_in_three_forms(tmp_path, two_arms, capsys):
    found = compared(tmp_path, str(two_arms), "--baseline", "plain", "--title", "<Plain> & gaining")
    gaining, plain = found["arms"]
    assert (gaining["arm"], plain["arm"], found["problems"], found["ks"]) == ("gaining", "plain", 40, [1, 2, 4, 8, 16])
    assert gaining["verdict"] in ("widened", "sharpened")
    assert plain["verdict"] == "no change shown"
    assert gaining["to_baseline"][0]["mean"] == pytest.approx(gaining["after"][0] - plain["after"][0])
    assert gaining["to_baseline"][0]["p_adjusted"] < 0.05
    assert plain["to_baseline"] == []
    assert len(gaining["runs"]) == 3
    text = (tmp_path / "out" / "index.html").read_text()
    assert "&lt;Plain&gt; &amp; gaining" in text and "<Plain>" not in text
    assert text.count("data:image/png;base64,") == 1
    assert "http" not in text  # nothing is fetched
    assert "| gaining |" in (tmp_path / "out" / "report.md").read_text()
    assert (tmp_path / "out" / "pass_at_k.png").stat().st_size > 5000
    assert "index.html" in capsys.readouterr().out


def test_a_report_says_what_is_sure_over_every_k_against_the_base_and_the_baseline(tmp_path, two_arms, capsys):
    found = compared(tmp_path, str(two_arms), "--baseline", "plain")
    each = {(one["arm"], one["reference"]): one for one in found["every_k"]}
    assert list(each) == [("gaining", "the base policy"), ("plain", "the base policy"), ("gaining", "plain")]
    gaining = found["arms"][0]
    for pair, gaps in ((("gaining", "the base policy"), "to_base"), (("gaining", "plain"), "to_baseline")):
        band = each[pair]["difference"]
        assert band["ks"] == list(range(1, 17))
        for gap in gaining[gaps]:  # the same estimates as at single budgets, and wider bounds
            i = gap["k"] - 1
            assert band["mean"][i] == pytest.approx(gap["mean"])
            assert band["high"][i] - band["low"][i] >= gap["high"] - gap["low"] - 1e-3
    assert (each["plain", "the base policy"]["gain"], each["plain", "the base policy"]["loss"]) == ([], [])
    said = "gaining against the base policy, over every k from 1 to 16 at once: "
    assert said in " ".join(capsys.readouterr().out.split())
    assert said in (tmp_path / "out" / "index.html").read_text() and said in (tmp_path / "out" / "report.md").read_text()
    assert (tmp_path / "out" / "every_k.png").stat().st_size > 5000


def test_an_arm_may_be_named_and_single_runs_given(tmp_path, two_arms):
    found = compared(tmp_path, f"mine={two_arms}/gaining/seed_1", str(two_arms / "plain" / "seed_2"), "--ks", "[1, 4]")
    assert [arm["arm"] for arm in found["arms"]] == ["mine", "plain"]
    assert found["baseline"] == "mine"
    assert found["ks"] == [1, 4]


def test_a_report_is_the_same_each_time(tmp_path, two_arms):
    compared(tmp_path, str(two_arms))
    first = (tmp_path / "out" / "index.html").read_text()
    compared(tmp_path, str(two_arms))
    assert (tmp_path / "out" / "index.html").read_text() == first


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"n": 8}, r"plain/seed_1 has 16 and other/seed_1 8 as n, .*--allow\+ n"),
        ({"top_k": 5}, r"has 0 and other/seed_1 5 as top_k"),
        ({"min_p": 0.1}, r"has 0\.0 and other/seed_1 0\.1 as min_p"),
        ({"temperature": 0.6}, r"has 1\.0 and other/seed_1 0\.6 as temperature"),
        ({"verifier": "lenient"}, r"has 'countdown' and other/seed_1 'lenient' as verifier"),
        ({"problems": 41}, r"has 40 problems and other/seed_1 41 problems \(such as 'p040'\) as problems"),
        ({"evaluation": "other_set"}, r"share no evaluation set; they have .*countdown; other/seed_1: other_set"),
    ],
)
def test_runs_that_were_measured_otherwise_are_refused_with_the_difference(tmp_path, two_arms, other, words):
    fake_run(tmp_path / "other" / "seed_1", **other)
    with pytest.raises(SystemExit, match=words):
        compared(tmp_path, str(two_arms / "plain"), str(tmp_path / "other"))


def test_a_difference_that_is_allowed_is_said_in_the_report(tmp_path, two_arms):
    fake_run(tmp_path / "other" / "seed_1", n=8, problems=30)
    words = [str(two_arms / "plain"), str(tmp_path / "other"), "--allow", "[n, problems]"]
    found = compared(tmp_path, *words)
    assert (found["problems"], found["ks"]) == (30, [1, 2, 4, 8])
    assert any("8 as n" in note for note in found["notes"])
    fake_run(tmp_path / "third" / "seed_1", prefix="q")
    with pytest.raises(SystemExit, match="share no problem, so nothing can be compared"):
        compared(tmp_path, str(tmp_path / "third"), *words)


def test_a_run_that_died_half_way_is_marked(tmp_path, two_arms):
    fake_run(tmp_path / "study" / "dead" / "seed_1", state="running", reached=5)
    found = compared(tmp_path, str(two_arms))
    dead = found["arms"][0]
    assert dead["runs"][0]["state"] == "did not end"
    assert found["notes"] == ["† dead/seed_1: did not end, at step 5 of 8; evaluated last at step 4."]
    text = (tmp_path / "out" / "index.html").read_text()
    assert "dead †" in text and "Runs that did not end: 1" in text


def test_a_run_whose_last_policy_was_not_evaluated_is_named(tmp_path, two_arms):
    fake_run(tmp_path / "study" / "gaining" / "seed_4", seed=4, gain=1.5, every=3)  # at 0, 3 and 6 of 8
    assert compared(tmp_path, str(two_arms))["notes"] == [
        "gaining/seed_4 was evaluated last at step 6, and trained to step 8: the policy that it ended with was not measured.",
        "The last evaluations are at different steps: 6, 8.",
    ]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--baseline", "nobody"], "baseline is 'nobody'; allowed: one of the arms gaining, plain"),
        (["--ks", "[0, 1]"], "ks holds 0; allowed: 1 to 16"),
        (["--ks", "[1, 32]"], "ks holds 32; allowed: 1 to 16, the fewest responses"),
        (["--allow", "[luck]"], "allow names luck; allowed: problems, n, temperature"),
        (["--evaluations", "[other]"], "Not every run has 'other'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(tmp_path, two_arms, words, error):
    with pytest.raises(SystemExit, match=error):
        compared(tmp_path, str(two_arms), *words)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(SystemExit, match=r"holds no run with a ledger\.parquet"):
        compared(tmp_path, str(tmp_path))
    with pytest.raises(SystemExit, match="is no folder"):
        compared(tmp_path, str(tmp_path / "nowhere"))


def test_a_record_that_is_cut_off_is_named(tmp_path, two_arms):
    (two_arms / "plain" / "seed_1" / "run.json").write_text('{"state": ')
    with pytest.raises(SystemExit, match=r"run\.json is no record of a run"):
        compared(tmp_path, str(two_arms))


def test_twelve_arms_and_three_seeds_fit_in_two_megabytes(tmp_path):
    for arm in range(12):
        for seed in (1, 2, 3):
            fake_run(
                tmp_path / "study" / f"arm_{arm}" / f"seed_{seed}", seed, gain=arm / 6, problems=64, n=32, steps=160, every=40
            )
    assert len(compared(tmp_path, str(tmp_path / "study"))["arms"]) == 12
    assert (tmp_path / "out" / "index.html").stat().st_size < 2_000_000


def test_runs_of_two_studies_with_the_names_that_lightning_gives_are_told_apart(tmp_path):
    for study, gain in (("first", 0.0), ("second", 1.5)):
        fake_run(tmp_path / study / "grpo" / "version_0", gain=gain)
    first = compared(tmp_path, str(tmp_path / "first"))["arms"][0]["after"][0]
    second = compared(tmp_path, str(tmp_path / "second"))["arms"][0]["after"][0]
    both = compared(tmp_path, str(tmp_path / "first"), str(tmp_path / "second"))
    assert both["arms"][0]["after"][0] == pytest.approx((first + second) / 2)
    assert [run["name"] for run in both["arms"][0]["runs"]] == ["grpo/first/grpo/version_0", "grpo/second/grpo/version_0"]
    assert both["notes"][0] == "grpo has 2 runs with seed 1; they count as 2 seeds."
    assert both["notes"][1].startswith("Two seeds: grpo.") and len(both["notes"]) == 2
    (gap,) = both["arms"][0]["to_base"][:1]
    assert (gap["low"], gap["p"]) == (None, None) and gap["mean"] is not None


def test_a_run_in_two_arms_is_refused(tmp_path, two_arms):
    with pytest.raises(SystemExit, match=r"seed_1 is given as a run of 'plain' and of 'mine', .* Give it once"):
        compared(tmp_path, str(two_arms), f"mine={two_arms}/plain/seed_1")


def rewrite(folder: Path, change) -> None:
    write_ledger(folder / "ledger.parquet", map(change, read_ledger(folder / "ledger.parquet")))


def test_a_response_that_was_not_decided_does_not_make_another_n(tmp_path, two_arms):
    def undecided(record):
        if record.uid != "p000":
            return record
        wrong = (15 - min(record.correct, 15),)
        right = record.right if record.correct < 16 else {"a": 15}
        return replace(record, samples=15, correct=min(record.correct, 15), right=right, wrong=wrong)

    rewrite(two_arms / "plain" / "seed_1", undecided)
    assert compared(tmp_path, str(two_arms))["ks"] == [1, 2, 4, 8]  # 16 no more, for one problem has 15


def test_a_problem_without_a_decided_response_is_left_out_and_the_report_says_so(tmp_path, two_arms):
    rewrite(
        two_arms / "plain" / "seed_1",
        lambda record: replace(record, samples=0, correct=0, right={}, wrong=()) if record.uid == "p000" else record,
    )
    found = compared(tmp_path, str(two_arms))
    assert (found["problems"], found["ks"]) == (39, [1, 2, 4, 8, 16])
    assert found["notes"] == ["Of 40 problems 1 are left out: in some run no response to them was decided."]


def test_a_problem_that_was_undecided_half_way_alone_is_not_called_left_out(tmp_path, two_arms):
    rewrite(
        two_arms / "plain" / "seed_1",
        lambda record: (
            replace(record, samples=0, correct=0, right={}, wrong=()) if (record.uid, record.step) == ("p000", 4) else record
        ),
    )
    found = compared(tmp_path, str(two_arms))
    assert (found["problems"], found["notes"]) == (40, [])


def test_other_policies_to_begin_with_are_named(tmp_path, two_arms):
    record = two_arms / "plain" / "seed_1" / "run.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "policy": "bundled"}))
    notes = compared(tmp_path, str(two_arms))["notes"]
    assert notes == ["The runs began with different policies (bundled, unknown); each is held against its own."]
