"""Runs one program inside the sandbox: the first, and last, that happens there. The interpreter gets its text.

It takes a job from one private descriptor, gives up what it may give up, sets limits that nothing behind can raise, runs the
program, and writes what came of it to another descriptor, each line behind a word that the program was not told. It knows no
expected result; asserts hold theirs, and a program that looks for them in its own memory will find them.
"""

from __future__ import annotations

import builtins
import contextlib
import json
import os
import resource
import sys
import types
from time import process_time
from typing import Any

DEEPEST = 60
Namespace = dict[str, Any]


class Report:
    """Lines to the supervisor."""

    def __init__(self, descriptor: int, nonce: str) -> None:
        self._descriptor, self._nonce = descriptor, nonce

    def __call__(self, **said: Any) -> None:
        """Write one."""
        line = memoryview(f"\n{self._nonce}{json.dumps(said)}\n".encode())
        while line:
            line = line[os.write(self._descriptor, line) :]


def confine(job: Namespace) -> None:
    """Limits, then another user if this is root: from here on neither can be undone."""
    seconds = int(process_time() + job["seconds"] * max(1, len(job.get("calls", ())))) + 1
    limits = {"AS": job["memory"], "CPU": seconds, "FSIZE": job["file"], "CORE": 0, "NOFILE": 64, "STACK": 64 << 20}
    if job["uid"]:  # of a user that others have too, their processes would count
        limits["NPROC"] = 64
    for name, most in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]
        # At the first limit of processor time a signal of its own tells why; who does not heed it has a second more.
        last = most + 1 if name == "CPU" else most
        last = last if hard == resource.RLIM_INFINITY else min(last, hard)
        resource.setrlimit(kind, (min(most, last), last))
    if job["uid"]:
        os.setgroups([])
        os.setresgid(job["uid"], job["uid"], job["uid"])
        os.setresuid(job["uid"], job["uid"], job["uid"])


def named_in(tree: Any) -> set[str]:
    """Names that a module defines at its top."""
    names: set[str] = set()
    for node in tree.body:
        kind = type(node).__name__
        if kind in ("FunctionDef", "AsyncFunctionDef", "ClassDef"):
            names.add(node.name)
        elif kind == "Assign":
            names |= {target.id for target in node.targets if type(target).__name__ == "Name"}
        elif kind in ("Import", "ImportFrom"):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return names


def codes_of(job: Namespace) -> list[types.CodeType]:
    """The program, and what runs before it.

    A program that continues the text before it, as completions do, is compiled together with that.
    """
    before, program, entry = job.get("before", ""), job["program"], job.get("entry", "")
    codes = [compiled(job["prelude"], "<prelude>")] if job["prelude"] else []
    if before:
        import ast

        try:
            whole = not entry.isidentifier() or entry in named_in(ast.parse(program))
        except SyntaxError:
            whole = False
        if not whole:
            return [*codes, compiled(before + program, "<program>")]
        codes.append(compiled_head(before))
    return [*codes, compiled(program, "<program>")]


def compiled(text: str, name: str) -> types.CodeType:
    """Code of a text by itself: what this file imports from `__future__` is not for programs."""
    return compile(text, name, "exec", dont_inherit=True)


def compiled_head(text: str) -> types.CodeType:
    """The code before a program that does without it; its last function may be a signature and comments, and have no body."""
    for more in ("", *(f"\n{' ' * deep}pass\n" for deep in (4, 8, 2, 1))):
        with contextlib.suppress(SyntaxError):
            return compiled(text + more, "<before>")
    return compiled(text, "<before>")


def plain(value: Any, depth: int = 0) -> Any:
    """A value as JSON has it: tuples are lists, keys are texts. What is no plain data has no value here."""
    if depth > DEEPEST:
        raise TypeError("nested too deeply")
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in list(value)]
    if isinstance(value, dict):
        return {key if type(key) is str else json.dumps(plain(key)): plain(item, depth + 1) for key, item in value.items()}
    for exact in (int, float, str):
        if isinstance(value, exact):
            return exact(value)
    if kind.__module__ == "numpy" and hasattr(value, "tolist"):
        return plain(value.tolist(), depth + 1)
    raise TypeError(f"a value of type {kind.__name__}, which is no plain data")


def fault_of(fault: BaseException) -> str:
    """An exception in a few words."""
    try:
        return f"{type(fault).__name__}: {fault}"[:160].rstrip(": ")
    except Exception:
        return type(fault).__name__


def run_calls(job: Namespace, space: Namespace, report: Report) -> None:
    """Call a method of `Solution`, of a new one each time, or else a function, with each of the arguments."""
    name = job["function"]
    solution: Any = space.get("Solution")
    method = callable(getattr(solution, name, None))
    if not method and not callable(space.get(name)):
        report(error=f"no function {name}")
        return
    for number, arguments in enumerate(job["calls"]):
        begun = process_time()
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (min(int(begun + job["seconds"]) + 1, hard), hard))
        said: Namespace = {}
        try:
            made = getattr(solution(), name) if method else space[name]
            said["value"] = plain(made(*arguments))
        except BaseException as fault:
            said["error"] = fault_of(fault)
        report(n=number, cpu=process_time() - begun, **said)
        if "error" in said and job["stop"]:
            return


def run_asserts(job: Namespace, space: Namespace, report: Report) -> None:
    """Run what defines the checks, then each of them."""
    exec(compiled(job["setup"], "<setup>"), space)  # noqa: S102
    for number, text in enumerate(job["asserts"]):
        said = {}
        try:
            exec(compiled(text, "<test>"), space)  # noqa: S102
        except BaseException as fault:
            said["error"] = fault_of(fault)
        report(n=number, **said)
        if said and job["stop"]:
            return


def run(job: Namespace, report: Report) -> None:
    """The program, then its tests. Where functions are tested it is a module, and what it does as a script is not done."""
    module = types.ModuleType("__main__" if job["kind"] == "stdin" else "program")
    sys.modules["__main__"] = sys.modules[module.__name__] = module
    space = vars(module)
    sys.argv = [space.setdefault("__file__", "program.py")]
    try:
        codes = codes_of(job)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        report(error=fault_of(fault))
        return
    try:
        for code in codes:
            exec(code, space)  # noqa: S102 - the sandbox is there for this line
    except SystemExit as end:
        if job["kind"] != "stdin":
            report(error=f"ended by itself before its tests: SystemExit {end.code!r:.40}")
            return
    except BaseException as fault:
        report(error=fault_of(fault))
        return
    if job["kind"] == "calls":
        run_calls(job, space, report)
    elif job["kind"] == "asserts":
        run_asserts(job, space, report)


def main(job: Namespace, results: int) -> None:
    """Confine this process and run the job; where functions are tested, end without waiting for what is left behind."""
    from _sitebuiltins import Quitter  # what `site` would have set; it costs a few milliseconds

    vars(builtins).update(exit=Quitter("exit", "Ctrl-D"), quit=Quitter("quit", "Ctrl-D"))
    sys.path[:] = job["path"] or sys.path
    report = Report(results, job["nonce"])
    confine(job)
    report(start=process_time())
    try:
        run(job, report)
        if job["kind"] != "stdin":
            report(done=True, cpu=process_time())
    except BaseException as fault:
        report(error=fault_of(fault))
    # Where a program prints its answer the interpreter ends as always: threads, and what runs at exit, may still print.
    if job["kind"] != "stdin":
        os._exit(0)


if hasattr(sys, "set_int_max_str_digits"):  # arguments and results may be of any length
    sys.set_int_max_str_digits(0)

if __name__ == "__main__":
    with os.fdopen(int(sys.argv[1])) as given:
        received = json.load(given)
    main(received, int(sys.argv[2]))
