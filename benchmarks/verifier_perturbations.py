"""Answers made out of real gold ones, right and wrong by how they are made, through a verifier: a table by kind.

    python benchmarks/verifier_perturbations.py --gold math500/test.jsonl gsm8k/test.jsonl kor_bench/*_sample.jsonl
    python benchmarks/verifier_perturbations.py --gold test.jsonl --rule --failures failures.jsonl
    python benchmarks/verifier_perturbations.py --gold ... --made 12 --corpus tests/verifiers/corpus    # judges nothing

Gold files are JSON lines, JSON, CSV or Parquet with a column `question` or `problem`, and `answer` or a `solution` with a box;
what stands behind `####` (GSM8K) or in `[[...]]` (KOR-Bench) is taken out. Answers of several parts are left out. The exit
status is 1 if more is accepted wrongly, or rejected wrongly, than allowed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from zlib import crc32

from asym_lit.evaluation.audit import Judged, LabelledAnswer, audit, score_of, scores_by
from asym_lit.evaluation.perturbations import GoldRow, Pair, made, perturbed
from asym_lit.tasks.answers import gold_answer, last_boxed
from asym_lit.tasks.rows import find_source, read_rows
from asym_lit.verifiers import Maths, Rule, Symbolic


def gold_rows(file: Path) -> Iterator[GoldRow]:
    """The problems of a file that have one gold answer."""
    for row in read_rows(find_source(str(file))):
        question = str(row.get("question") or row.get("problem") or "")
        text = str(row.get("answer") or last_boxed(str(row.get("solution", ""))) or "").strip()
        gold = gold_answer(text, "after_hashes") if "####" in text else text
        if gold and gold.startswith("[[") and gold.endswith("]]"):
            gold = gold[2:-2]
        if question and gold and "];[" not in gold:
            yield GoldRow(question, gold, f"{file.parent.name}/{file.stem}")


def evenly(pairs: list[Pair], most: int) -> list[Pair]:
    """At most so many, spread over the list."""
    return pairs if len(pairs) <= most else [pairs[place * len(pairs) // most] for place in range(most)]


def labelled(pairs: list[Pair]) -> list[LabelledAnswer]:
    """As an audit wants them."""
    return [LabelledAnswer(f"{p.source} {n}", p.question, p.gold, p.answer, p.right, p.kind) for n, p in enumerate(pairs)]


def print_table(judged: tuple[Judged, ...]) -> None:
    """Counts and shares by kind."""
    print(f"{'kind':<20}{'wrong':>8}{'accepted':>10}{'%':>8}{'right':>9}{'rejected':>10}{'%':>8}{'undecided':>11}")
    for score in (*sorted(scores_by(judged, "category"), key=lambda s: s.name), score_of(judged)):
        rejected = score.right - score.accepted_right
        shares = 100 * score.accepted_wrong / max(score.wrong, 1), 100 * rejected / max(score.right, 1)
        wrong, right = f"{score.wrong:>8}{score.accepted_wrong:>10}{shares[0]:>8.2f}", f"{score.right:>9}{rejected:>10}"
        print(f"{score.name:<20}{wrong}{right}{shares[1]:>8.2f}{score.undecided:>11}")


def write_corpus(pairs: list[Pair], folder: Path, most: int) -> None:
    """A file for each kind, with at most so many right and wrong pairs, short questions first."""
    for kind in sorted({pair.kind for pair in pairs}):
        mine = sorted((p for p in pairs if p.kind == kind), key=lambda p: (len(p.question), crc32(p.answer.encode())))
        kept = [pair for right in (True, False) for pair in apart([p for p in mine if p.right == right], most)]
        lines = [json.dumps(asdict(pair), ensure_ascii=False) + "\n" for pair in kept]
        (folder / f"{kind.replace(' ', '_')}.jsonl").write_text("".join(lines), encoding="utf-8")


def apart(pairs: list[Pair], most: int) -> list[Pair]:
    """At most so many, of as many gold answers as there are."""
    rounds: dict[str, int] = {}
    turn = []
    for place, pair in enumerate(pairs):
        rounds[pair.gold] = rounds.get(pair.gold, 0) + 1
        turn.append((rounds[pair.gold], place))
    return [pairs[place] for _, place in sorted(turn)[:most]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path, nargs="+", required=True, help="files of problems with gold answers")
    parser.add_argument("--rule", action="store_true", help="Rule alone; without it, Maths: rules, then Math-Verify")
    parser.add_argument("--workers", type=int, default=1, help="processes of Math-Verify")
    parser.add_argument("--each", type=int, default=2, help="answers of one kind and label for a gold answer")
    parser.add_argument("--made", type=int, default=20, help="draws of each family of rare kinds")
    parser.add_argument("--most", type=int, default=1_000_000, help="pairs, spread evenly")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--failures", type=Path, help="JSON lines of the pairs that are judged wrongly")
    parser.add_argument("--max_false_accepts", type=float, default=0.001)
    parser.add_argument("--max_rejected", type=float, default=0.005)
    parser.add_argument("--corpus", type=Path, help="folder to write the pairs to by kind, instead of judging them")
    parser.add_argument("--per_kind", type=int, default=12, help="pairs of one kind and label in the corpus")
    settings = parser.parse_args()
    rows = [row for file in settings.gold for row in gold_rows(file)]
    pairs = evenly(perturbed(rows, settings.seed, settings.each), settings.most) + made(settings.made, settings.seed)
    print(f"{len(rows)} gold answers, {len(pairs)} pairs")
    if settings.corpus:
        write_corpus(pairs, settings.corpus, settings.per_kind)
        return
    verifier = Rule() if settings.rule else Maths(symbolic=Symbolic(workers=settings.workers))
    found = audit(verifier, labelled(pairs))
    print_table(found.judged)
    print(f"{found.verifier}: {len(pairs) / found.seconds:,.0f} verdicts/s")
    if settings.failures:
        failed = [one for one in found.judged if one.accepted != one.answer.right]
        settings.failures.write_text("".join(json.dumps(as_row(one), ensure_ascii=False) + "\n" for one in failed))
    score = found.score
    rejected = 1 - (score.recall if score.recall is not None else 1.0)
    sys.exit((score.false_accepts or 0.0) > settings.max_false_accepts or rejected > settings.max_rejected)


def as_row(one: Judged) -> dict[str, object]:
    """A judged pair as plain types."""
    answer, verdict = one.answer, one.verdict
    said = {"outcome": str(verdict.outcome), "by": verdict.by, "reason": verdict.reason}
    asked = {"question": answer.question, "gold": answer.gold, "answer": answer.candidate, "right": answer.right}
    return {"kind": answer.category, **asked, **said}


if __name__ == "__main__":
    main()
