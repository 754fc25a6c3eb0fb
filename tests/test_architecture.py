"""The laws of the house, read off the source: floors, circles, sizes, and what may not be named where."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from statistics import median

import pytest

from asym_lit.run_folder import paths

ROOT = Path(__file__).parents[1]
WINGS = ("objectives", "policy", "rollout", "verifiers", "tasks", "evaluation")
FLOORS = {
    "shapes": 0,
    **dict.fromkeys(("types", "processes", "process_groups", "reductions", "responses", "model_caches"), 1),
    **dict.fromkeys(("model_files", "growing_cache"), 1),
    **dict.fromkeys(("answers", "layouts", "gguf_models", "puzzles", "programs", "step_times"), 2),
    **dict.fromkeys(WINGS, 3),
    **dict.fromkeys(("reports", "run_folder", "command_line", "engine_process", "sharding"), 4),
    "loggers": 5,
    "lit": 6,
    **dict.fromkeys(("commands", "integrations"), 7),
    **dict.fromkeys(("cli", "api"), 8),
    "train": 9,
}
NAMES_VLLM = {
    *(f"rollout/vllm_{part}.py" for part in ("engine", "process", "requests", "server", "transfer")),
    "verifiers/judge/client.py",
}
INSIDE_THE_SANDBOX = "programs/driver.py"
READS_CLOCKS = {"run_folder/points.py", "gguf_models/directories.py"}
"""Names of event files begin with a time, for TensorBoard; a file that changed is told by its own time, held against itself."""
FILE_TIMES = (".st_mtime", ".st_ctime", "getmtime(", "time.time(", "datetime.now(")
LONGEST_FILE, MEDIAN_FILE, LONGEST_FUNCTION = 220, 110, 60
LARGEST_ROOM = 0.22
"""Share of the source."""
LONGEST_FRAME = 4500
"""Lines of `lit/`."""
RUN_FILES = {value for name, value in vars(paths).items() if name.isupper() and "." in value}
NOT_IN_REPORTS = {"scipy", "statistics", "torch", "lightning"}


class Module:
    """One source file."""

    def __init__(self, path: Path, name: str, package: Path) -> None:
        self.path, self.name = path, name
        self.place = path.relative_to(package).as_posix() if path.is_relative_to(package) else path.name
        self.text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)

    @property
    def room(self) -> str:
        """`rollout` for asym_lit.rollout.engine; empty for asym_lit itself."""
        return self.name.removeprefix("asym_lit").strip(".").split(".")[0]

    @cached_property
    def lines(self) -> int:
        """Of the file."""
        return len(self.text.splitlines())

    @cached_property
    def imports(self) -> list[str]:
        """Everything imported, wherever it stands in the file, for types alone too; `from a import b` is a.b."""
        return [target for node in ast.walk(self.tree) for target in self._targets(node)]

    def _targets(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = self.name.split(".")
                kept = parts[: len(parts) - node.level + (self.path.name == "__init__.py")]
                base = ".".join([*kept, *([base] if base else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node).endswith(("import_module", "__import__")):
            yield from (str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant))


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def modules_of(root: Path) -> dict[str, Module]:
    """All modules of a source tree by name: `src/asym_lit` and `train.py`."""
    package = root / "src" / "asym_lit"
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = ["asym_lit", *path.relative_to(package).with_suffix("").parts]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Module(path, name, package)
    if (root / "train.py").exists():
        found["train"] = Module(root / "train.py", "train", package)
    return found


def imported(module: Module, modules: dict[str, Module]) -> set[str]:
    """The modules of the tree that a module imports: a.b if that is a module, else a, for b is a name in it."""
    targets = module.imports
    found = {target if target in modules else target.rpartition(".")[0] for target in targets}
    return (found & set(modules)) - {module.name}


def broken_floors(modules: dict[str, Module]) -> list[str]:
    """A room imports only lower floors and its own; wings stand side by side."""
    broken = []
    for module in modules.values():
        if module.room and module.room not in FLOORS:
            broken.append(f"{module.place}: the room {module.room!r} is on no floor")
            continue
        for target in imported(module, modules):
            room = modules[target].room
            if room in ("", module.room) or room not in FLOORS:
                continue
            if not module.room or FLOORS[room] >= FLOORS[module.room]:
                broken.append(f"{module.place} imports {target}")
    return sorted(broken)


def tied_integrations(modules: dict[str, Module]) -> list[str]:
    """Adapters to other trainers use the wings and what is below them, and nothing imports them."""
    found = []
    for module in modules.values():
        for target in imported(module, modules):
            inside, to = module.room == "integrations", modules[target].room
            if to != module.room and ((inside and FLOORS.get(to, 0) > FLOORS["objectives"]) or to == "integrations"):
                found.append(f"{module.place} imports {target}")
    return sorted(found)


def circles(modules: dict[str, Module]) -> list[frozenset[str]]:
    """Sets of modules that import each other in a circle; imports inside functions and for types alone count too."""
    edges = {name: imported(module, modules) for name, module in modules.items()}

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(edges[start])
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += edges[name]
        return seen

    reach = {name: reached(name) for name in edges}
    return sorted({frozenset(b for b in reach[a] if a in reach[b]) for a in edges if a in reach[a]}, key=sorted)


def misplaced_vllm(modules: dict[str, Module]) -> list[str]:
    """Where vllm is imported beside the files that may."""
    return [
        module.place
        for module in modules.values()
        if module.place not in NAMES_VLLM and any(i.split(".")[0] == "vllm" for i in module.imports)
    ]


def dangerous_calls(modules: dict[str, Module]) -> list[str]:
    """Calls of eval and exec, and any use of pickle or its relatives, but for what runs in a sandbox to do just that."""
    found = []
    for module in modules.values():
        if module.place == INSIDE_THE_SANDBOX:
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and _called(node) in ("eval", "exec", "builtins.eval", "builtins.exec"):
                found.append(f"{module.place}:{node.lineno} calls {_called(node)}")
        for target in {i.split(".")[0] for i in module.imports} & {"pickle", "cPickle", "dill", "cloudpickle"}:
            found.append(f"{module.place} imports {target}")
    return found


def utility_bags(modules: dict[str, Module]) -> list[str]:
    """Modules and packages that are named after nothing."""
    return [module.place for name, module in modules.items() if {"util", "utils", "helpers"} & set(name.split("."))]


def long_files(modules: dict[str, Module]) -> list[str]:
    """Files that are two things."""
    return [module.place for module in modules.values() if module.lines > LONGEST_FILE]


def long_functions(modules: dict[str, Module]) -> list[str]:
    """Functions that are two things."""
    return [
        f"{module.place}: {node.name}"
        for module in modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]


def room_sizes(modules: dict[str, Module]) -> dict[str, int]:
    """Lines by room."""
    sizes: Counter[str] = Counter()
    for module in modules.values():
        sizes[module.room] += module.lines
    return dict(sizes)


def computing_reports(modules: dict[str, Module]) -> list[str]:
    """Pages and pictures that could compute what they show."""
    return [
        f"{module.place} imports {name}"
        for module in modules.values()
        if module.room == "reports"
        for name in sorted({i.split(".")[0] for i in module.imports} & NOT_IN_REPORTS)
    ]


def named_run_files(modules: dict[str, Module], names: set[str]) -> list[str]:
    """Where a file of a run folder is called by its name beside the room that knows them; prose does not count."""
    found = []
    for module in modules.values():
        prose = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(module.tree):
            said = isinstance(node, ast.Constant) and id(node) not in prose and node.value in names
            if said and module.room != "run_folder":
                found.append(f"{module.place}:{node.lineno} names {node.value}")
    return found


def read_clocks(modules: dict[str, Module]) -> list[str]:
    """Where the wall clock, or the time of a file, is read: no two machines agree on them, and they are set back at times.

    Durations are taken from clocks of one process, which only go on.
    """
    wall = {"time.time", "time.time_ns", "datetime.datetime", "datetime.date", "os.path.getmtime"}
    return [
        f"{module.place} reads {name}"
        for module in modules.values()
        if module.place not in READS_CLOCKS
        for name in sorted((set(module.imports) & wall) | {name for name in FILE_TIMES if name in module.text})
    ]


def undocumented(modules: dict[str, Module]) -> list[str]:
    """Modules, and public classes, functions and methods, without a docstring.

    Methods of `lit` and `cli` may go without: most are Lightning's hooks. So may dunder methods, and nested functions.
    """
    found = []
    for module in modules.values():
        if module.name == "train":
            continue
        if not ast.get_docstring(module.tree):
            found.append(module.place)
        for owner, node in _public(module.tree.body, ""):
            if (not owner or module.room not in ("lit", "cli")) and not ast.get_docstring(node):
                found.append(f"{module.place}: {owner}{node.name}")
    return found


def _public(body: list[ast.stmt], owner: str) -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield owner, node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body, f"{owner}{node.name}.")


@pytest.fixture(scope="module")
def house() -> dict[str, Module]:
    modules = modules_of(ROOT)
    assert {"asym_lit.types", "asym_lit.objectives.presets", "asym_lit.lit.module", "train"} <= set(modules)
    return modules


def test_a_room_imports_only_lower_floors_and_its_own_wing(house):
    assert broken_floors(house) == []


def test_adapters_to_other_trainers_use_the_wings_alone_and_nothing_uses_them(house):
    assert tied_integrations(house) == []


def test_no_modules_import_each_other_in_a_circle(house):
    assert [sorted(circle) for circle in circles(house)] == []


def test_vllm_is_imported_only_where_it_is_driven(house):
    assert misplaced_vllm(house) == []


def test_nothing_is_evaluated_executed_or_unpickled(house):
    assert dangerous_calls(house) == []


def test_no_module_is_a_bag_of_utilities(house):
    assert utility_bags(house) == []


def test_no_file_and_no_function_is_two_things(house):
    assert long_files(house) == []
    assert long_functions(house) == []


def test_half_of_the_files_are_short(house):
    assert median(module.lines for module in house.values()) <= MEDIAN_FILE


def test_no_room_holds_more_than_its_share_and_the_frame_is_small(house):
    sizes = room_sizes(house)
    assert {room: size for room, size in sizes.items() if size > LARGEST_ROOM * sum(sizes.values())} == {}
    assert sizes["lit"] <= LONGEST_FRAME


def test_reports_compute_no_statistics(house):
    assert computing_reports(house) == []


def test_files_of_a_run_folder_are_named_in_one_room(house):
    assert named_run_files(house, RUN_FILES) == []


def test_nothing_hangs_on_two_clocks_that_agree(house):
    assert read_clocks(house) == []


def test_everything_public_says_what_it_is(house):
    assert undocumented(house) == []


def build(root: Path, files: dict[str, str]) -> dict[str, Module]:
    """A made-up source tree; `train` stands beside src."""
    for name, text in files.items():
        path = root / "train.py" if name == "train" else root / "src" / "asym_lit" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return modules_of(root)


def test_a_house_in_order_passes_every_check(tmp_path):
    modules = build(
        tmp_path,
        {
            "types": '"""Nouns."""\n',
            "rollout/engine": '"""Engine."""\nfrom asym_lit.types import Prompt\n',
            "rollout/hf": '"""Sampler."""\nfrom asym_lit.rollout import engine\nfrom .engine import Engine\nmodel.eval()\n',
            "rollout/vllm_engine": '"""Engine."""\nimport vllm.sampling\n',
            "lit/module": '"""Frame."""\nimport asym_lit.rollout.hf\nclass Hooked:\n    """Hooks."""\n    def hook(self): 0\n',
            "cli": '"""Door."""\nfrom asym_lit.lit.module import Hooked\n',
            "train": "from asym_lit.cli import main\n",
        },
    )
    assert len(modules) == 7
    checks = (broken_floors, circles, misplaced_vllm, dangerous_calls, utility_bags, long_files, long_functions, undocumented)
    for check in (*checks, computing_reports):
        assert check(modules) == [], check.__name__


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"types": "import asym_lit.reductions", "reductions": ""}, "types.py imports asym_lit.reductions"),
        ({"types": "from asym_lit.lit import module", "lit/module": ""}, "types.py imports asym_lit.lit.module"),
        (
            {"objectives/a": "from asym_lit.policy.b import c", "policy/b": ""},
            "objectives/a.py imports asym_lit.policy.b",
        ),
        ({"tasks/a": "from ..rollout.b import c", "rollout/b": ""}, "tasks/a.py imports asym_lit.rollout.b"),
        ({"policy/a": "from ..lit import b", "lit/b": ""}, "policy/a.py imports asym_lit.lit.b"),
        (
            {"rollout/a": "def f():\n    import asym_lit.lit.b", "lit/b": ""},
            "rollout/a.py imports asym_lit.lit.b",
        ),
        (
            {"rollout/a": "if TYPE_CHECKING:\n    import asym_lit.lit.b", "lit/b": ""},
            "rollout/a.py imports asym_lit.lit.b",
        ),
        (
            {"rollout/a": "import importlib\nimportlib.import_module('asym_lit.cli')", "cli": ""},
            "rollout/a.py imports asym_lit.cli",
        ),
        ({"lit/a": "import asym_lit.cli", "cli": ""}, "lit/a.py imports asym_lit.cli"),
        ({"__init__": "import asym_lit.types", "types": ""}, "__init__.py imports asym_lit.types"),
        ({"types": "from asym_lit import lit", "lit/__init__": ""}, "types.py imports asym_lit.lit"),
        ({"train": "import asym_lit.types", "lit/a": "import train", "types": ""}, "lit/a.py imports train"),
        ({"cellar/a": ""}, "cellar/a.py: the room 'cellar' is on no floor"),
    ],
)
def test_an_import_against_the_floors_is_found(tmp_path, files, words):
    assert words in broken_floors(build(tmp_path, files))


def test_an_adapter_that_uses_more_than_wings_or_is_used_is_found(tmp_path):
    files = {"integrations/a": "import asym_lit.lit.b", "lit/b": "", "cli": "import asym_lit.integrations.a"}
    found = ["cli.py imports asym_lit.integrations.a", "integrations/a.py imports asym_lit.lit.b"]
    assert tied_integrations(build(tmp_path, files)) == found


@pytest.mark.parametrize("third", ["from asym_lit.lit import a", "def late():\n    from asym_lit.lit.a import x"])
def test_a_circle_is_found(tmp_path, third):
    files = {
        "lit/a": "from asym_lit.lit.b import x",
        "lit/b": "import asym_lit.lit.c",
        "lit/c": third,
        "lit/d": "import asym_lit.lit.a",
    }
    assert circles(build(tmp_path, files)) == [frozenset({"asym_lit.lit.a", "asym_lit.lit.b", "asym_lit.lit.c"})]


def test_an_import_for_types_alone_makes_a_circle_too(tmp_path):
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from asym_lit.lit.a import A"
    assert len(circles(build(tmp_path, {"lit/a": "import asym_lit.lit.b", "lit/b": typed}))) == 1


@pytest.mark.parametrize("text", ["import vllm", "from vllm import LLM", "def f():\n    from vllm.config import x"])
def test_vllm_in_another_place_is_found(tmp_path, text):
    assert misplaced_vllm(build(tmp_path, {"rollout/vllm_engine": text, "lit/module": text})) == ["lit/module.py"]


@pytest.mark.parametrize("text", ["x = eval('1')", "exec('1')", "import pickle", "from pickle import loads", "import dill"])
def test_dangerous_calls_are_found(tmp_path, text):
    assert len(dangerous_calls(build(tmp_path, {"tasks/a": text}))) == 1


@pytest.mark.parametrize("text", ["from time import time", "import time\nx = time.time()", "p.stat().st_mtime"])
def test_a_clock_that_is_read_is_found(tmp_path, text):
    assert len(read_clocks(build(tmp_path, {"tasks/a": text}))) == 1


def test_bags_long_files_and_missing_docstrings_are_found(tmp_path):
    modules = build(
        tmp_path,
        {
            "utils": "",
            "lit/utils/a": '"""A."""\n',
            "tasks/long": '"""Long."""\n' + "x = 1\n" * LONGEST_FILE,
            "tasks/bare": '"""Bare."""\ndef f(): ...\ndef _g(): ...\nclass C:\n    """C."""\n    def m(self): ...\n',
        },
    )
    assert utility_bags(modules) == ["lit/utils/a.py", "utils.py"]
    assert long_files(modules) == ["tasks/long.py"]
    assert undocumented(modules) == ["tasks/bare.py: f", "tasks/bare.py: C.m", "utils.py"]


def test_long_functions_computing_reports_and_named_run_files_are_found(tmp_path):
    long = '"""Long."""\ndef f():\n' + "    x = 1\n" * LONGEST_FUNCTION
    named = '"""Writes run.json."""\nNAME = "run.json"\n'
    files = {"tasks/long": long, "reports/a": "import scipy.stats\nimport numpy", "lit/a": named, "run_folder/a": named}
    modules = build(tmp_path, files)
    assert long_functions(modules) == ["tasks/long.py: f"]
    assert computing_reports(modules) == ["reports/a.py imports scipy"]
    assert named_run_files(modules, {"run.json"}) == ["lit/a.py:2 names run.json"]
    assert room_sizes(modules)["lit"] == 2
