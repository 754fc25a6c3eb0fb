"""Published tables of pass@k against what their numbers of problems can show, and against our own arms.

    python benchmarks/published.py            # writes docs/results/published.md
    python benchmarks/published.py --check    # exit status 1 if that page says something else

Tables and claims: `docs/results/published/tables.yaml`; words: `page.md.in` beside it. Bands: `evaluation/published.py`.
`measured` takes its variances from `docs/data/deepscaler32k`, what our arms did from `docs/results/objectives/comparison.json`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from asym_lit.evaluation.published import Assumption, Spread, least_shown, measured_spreads
from asym_lit.evaluation.published_claims import Claim, PublishedTable, read_claim, repeats
from asym_lit.reports.published_page import OURS, claim_table, least_table, repeat_table, standing_table

ROOT = Path(__file__).parents[1]
TABLES = ROOT / "docs" / "results" / "published" / "tables.yaml"
TEMPLATE = TABLES.with_name("page.md.in")
COUNTS = ROOT / "docs" / "data" / "deepscaler32k"
STUDY = ROOT / "docs" / "results" / "objectives" / "comparison.json"
PAGE = ROOT / "docs" / "results" / "published.md"
MIDDLE = 0.7
"""Of the table of least differences."""
REPEATS = 15
"""Cells printed twice that the page shows."""


def main() -> None:
    """Write the page, or hold it against what would be written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    made = page()
    if not parser.parse_args().check:
        PAGE.write_text(made, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != made:
        raise SystemExit(f"{PAGE} is not what its data say; run python benchmarks/published.py.")


def page() -> str:
    """The whole page."""
    data = yaml.safe_load(TABLES.read_text(encoding="utf-8"))
    problems = {name: int(one["problems"]) for name, one in data["benchmarks"].items()}
    tables = {name: table_of(given) for name, given in data["tables"].items()}
    spreads = spreads_of_counts()
    readings = [read_claim(claim, problems, spreads) for claim in claims_of(data["claims"], tables)]
    least = {
        name: {one: least_shown(m, MIDDLE, one, spreads, 256, 256) for one in Assumption}
        for name, m in problems.items()
        if name in ("AIME24", "AMC23", "Minerva", "MATH500", "MATH")
    }
    again = repeats(list(tables.values()))
    ours = our_arms(data["ours"])
    return TEMPLATE.read_text(encoding="utf-8").format(
        rho_1=spreads[0].correlation,
        rho_n=spreads[-1].correlation,
        middle=100 * MIDDLE,
        least=least_table(least, problems),
        standing=standing_table(readings),
        claims=claim_table(readings, ours),
        repeats=repeat_table(again, problems, REPEATS),
        repeated=len(again),
        shown=REPEATS,
        one_paper=sum(one.one_paper for one in again),
    )


def table_of(given: Mapping[str, Any]) -> PublishedTable:
    """A table of the file."""
    return PublishedTable(given["source"], given["model"], given["k"], given["samples"], given["rows"])


def claims_of(given: list[Mapping[str, Any]], tables: Mapping[str, PublishedTable]) -> list[Claim]:
    """Claims of the file, one for each k."""
    return [
        Claim(tables[one["table"]], one["arm"], one["against"], k, above)
        for one in given
        for k, above in sorted([*((k, True) for k in one.get("above", ())), *((k, False) for k in one.get("below", ()))])
    ]


def spreads_of_counts() -> list[Spread]:
    """Of the base model and its RL child whose counts lie in `docs/data`."""
    read = [
        {row["id"]: (row["n"], row["c"]) for row in map(json.loads, (COUNTS / name).read_text("utf-8").splitlines())}
        for name in ("base.jsonl", "rl.jsonl")
    ]
    base, rl = (np.array([counts[uid] for uid in read[0]]) for counts in read)
    return measured_spreads(base, rl)


def our_arms(names: Mapping[str, str]) -> OURS:
    """Differences of our study's arms to the base policy and to its baseline."""
    study = json.loads(STUDY.read_text(encoding="utf-8"))
    published = {ours: name for name, ours in names.items()}
    found = {}
    for arm in study["arms"]:
        if arm["arm"] in published:
            for against, gaps in (("Base", arm["to_base"]), (published[study["baseline"]], arm["to_baseline"])):
                if gaps:
                    found[published[arm["arm"]], against] = {gap["k"]: (gap["mean"], gap["low"], gap["high"]) for gap in gaps}
    return found


if __name__ == "__main__":
    main()
