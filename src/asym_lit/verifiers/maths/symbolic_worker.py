"""A process that compares answers by Math-Verify; it is run as a script of its own and imports nothing of this package.

It reads JSON lines `{"gold": ..., "answer": ..., settings}`, writes `{"outcome": ..., "reason": ..., "extracted": ...}`, and
ends when its input does. Sympy objects never leave it and are never written out: their `str` may not return.

No clock on the wall decides. A comparison first gets a little processor time, enough for nearly all. One that needs more is
made again from the start with empty caches, and may take a number of steps: calls of functions, the same on a busy machine as
on an idle one, whatever was compared before. They are several times what the first try allows, so it does not matter whether
that would have ended just in time. What hardly makes steps (a power of a billion digits is one call) is given up too, or, if
Python itself stands still, ends the process.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
from functools import lru_cache
from time import process_time
from typing import Any

WARM_UP = (("x^2+2x+1", "(x+1)^2"), ("\\{1,\\sqrt{8}\\}", "\\{2\\sqrt{2},1\\}"), ("[1,2)", "[1,3)"), ("\\frac{1}{2}", "0.5"))
FIRST_SHARE = 1 / 6
"""Of the seconds, for the first try."""
STEPS_PER_SECOND = 5_000_000
"""What a slow core makes of them while they are counted; a fast one is done sooner."""
FEWEST_STEPS_PER_SECOND = 500_000
"""Time with fewer is time of single long steps, and is limited as time."""
BEAT = 0.2
"""Seconds of processor time between two proofs that Python itself still runs."""
MATH: Any = None
"""What is imported of Math-Verify and sympy, once the memory limit stands."""


class _Math:
    def __init__(self) -> None:
        from antlr4.dfa.DFA import DFA
        from latex2sympy2_extended.antlr_parser import PSLexer, PSParser
        from math_verify import LatexExtractionConfig, parse, parser, verify
        from sympy.core.cache import clear_cache
        from sympy.core.random import seed

        self.parse, self.verify, self.seed = parse, verify, seed
        self.boxed = (LatexExtractionConfig(boxed_match_priority=0),)
        self._kept = [found for found in vars(parser).values() if hasattr(found, "cache_clear")]
        self._grammars, self._automaton, self._forget = (PSLexer, PSParser), DFA, clear_cache

    def forget(self) -> None:
        """Empty every cache, so that a comparison takes the steps that it takes as the first one of a process."""
        for found in (*self._kept, parsed_gold):
            found.cache_clear()
        for grammar in self._grammars:
            states = enumerate(grammar.atn.decisionToState)
            grammar.decisionsToDFA[:] = [self._automaton(state, place) for place, state in states]
        self._forget()


class SpentError(BaseException):
    """The budget of a try is spent. No `except Exception` of a library may keep it."""


class Budget:
    """What one try may take: processor time, or steps.

    Args:
        seconds: Measure of both; and longest processor time without a step, after which the process ends.
        counted: Count steps, instead of the time of a first try.
    """

    def __init__(self, seconds: float, counted: bool) -> None:
        self.spent, self._seconds, self._counted = False, seconds, counted
        self._left = self._last = int(seconds * STEPS_PER_SECOND)
        self._time = seconds if counted else seconds * FIRST_SHARE

    def __enter__(self) -> None:
        signal.signal(signal.SIGPROF, self._beat)
        self._stay_alive()
        signal.setitimer(signal.ITIMER_PROF, BEAT, BEAT)
        if self._counted:
            sys.setprofile(self._step)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _step(self, *_: object) -> None:
        self._left -= 1
        if self._left < 0:
            self.spent = True
            raise SpentError

    def _beat(self, *_: object) -> None:
        left = self._left
        self._stay_alive()
        if self._last - left < BEAT * FEWEST_STEPS_PER_SECOND:
            self._time -= BEAT
        self._last = left
        self._left = left + 2  # the call of this function, and its return, are no steps of the comparison
        if self._time <= 0 and not self.spent:
            self.spent = True
            raise SpentError

    def _stay_alive(self) -> None:
        end = int(process_time() + self._seconds) + 1  # put off: SIGXCPU comes in whole seconds, of all it ever did
        resource.setrlimit(resource.RLIMIT_CPU, (end, resource.RLIM_INFINITY))


@lru_cache(maxsize=4096)
def parsed_gold(gold: str, whole: bool) -> tuple[Any, ...]:
    """The gold answer as Math-Verify reads it; a whole group of responses shares it."""
    return parsed(gold, whole) or parsed(gold, False)


def parsed(answer: str, whole: bool) -> tuple[Any, ...]:
    """What Math-Verify reads: a sympy object and its string, the string alone, or nothing.

    Args:
        answer: A bare answer; or a whole text, in which Math-Verify looks for one.
        whole: Which of them it is.
    """
    settings = {} if whole else {"extraction_config": MATH.boxed}
    text = answer if whole else "\\boxed{" + answer + "}"
    return tuple(MATH.parse(text, parsing_timeout=None, raise_on_error=True, **settings))


def compare(job: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The verdict on one answer, as plain strings: by a first try, or by one whose steps are counted."""
    for counted in (False, True):
        if counted:
            MATH.forget()
        budget = Budget(seconds, counted)
        reply = _reply("undecided", "timeout")
        try:
            with budget:
                done = attempt(job)
            if not budget.spent:  # else the end was raised, but something below swallowed it
                return done
        except SpentError:
            continue
        except MemoryError:
            reply = _reply("undecided", "memory")
    return reply


def attempt(job: dict[str, Any]) -> dict[str, Any]:
    """One comparison. Whatever it cannot do is undecided, by kind."""
    random.seed(0)  # sympy tests equality at random points: the same ones for every pair, whatever came before
    MATH.seed(0)
    whole, doing = bool(job.get("whole")), "the gold answer cannot be read"
    golds = answers = tuple[Any, ...]()
    try:
        if not (golds := parsed_gold(job["gold"], whole)):
            return _reply("undecided", "the gold answer cannot be parsed")
        doing = "the answer cannot be read"
        if not (answers := parsed(job["answer"], whole)):
            return _reply("incorrect", "no mathematics in the answer")
        doing = ""
        same = MATH.verify(
            list(golds),
            list(answers),
            strict=job.get("strict", True),
            allow_set_relation_comp=job.get("set_relations", False),
            float_rounding=job.get("float_rounding", 6),
            timeout_seconds=None,
            raise_on_error=True,
        )
        said = ("correct", "equal") if same else ("incorrect", "not equal")
        return _reply(*said, answers[-1] if isinstance(answers[-1], str) else None)
    except MemoryError:
        raise
    except RecursionError:
        return _reply("undecided", "nested too deeply")
    except Exception:
        return _reply("undecided", doing or f"{kind_of(golds)} and {kind_of(answers)} cannot be compared")


def kind_of(found: tuple[Any, ...]) -> str:
    """What a parsed answer is, for people."""
    names = {name.__name__ for name in type(found[0]).__mro__}
    number = "a number" if getattr(found[0], "is_number", False) else "an expression"
    return next((label for kind, label in KINDS.items() if kind in names), number)


KINDS = {"str": "a text", "MatrixBase": "a matrix", "Tuple": "a tuple", "Interval": "an interval", "Set": "a set"}
KINDS |= {"Equality": "an equation", "Relational": "an inequality", "Boolean": "a statement"}


def _reply(outcome: str, reason: str, extracted: str | None = None) -> dict[str, Any]:
    return {"outcome": outcome, "reason": reason, "extracted": extracted}


def main(seconds: float, memory_mb: int) -> None:
    """Serve until the input ends.

    Args:
        seconds: Processor time of one comparison, as measure of its steps; and longest time without any.
        memory_mb: Most virtual memory, in MiB.
    """
    global MATH
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the trainer, which closes the pipe
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a library prints is no reply
    try:
        MATH = _Math()
        for gold, answer in WARM_UP:  # the first comparisons import and build what the later ones use
            started = attempt({"gold": gold, "answer": answer})
    except BaseException as fault:
        started = _reply("undecided", f"{type(fault).__name__}: {fault}")
    print(json.dumps(started), file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(compare(json.loads(line), seconds)), file=replies, flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
