"""How a function wants to be called, told from the names of its parameters: plainly, as TRL does, or as verl does.

What comes back is read here too, for each form gives it in its own wrapping. What it is worth is decided in `function`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from asym_lit.types import InputError, Prompt
from asym_lit.verifiers.gold import question_of

Form = Literal["plain", "trl", "verl"]
PLAIN = ("prompt", "response", "answer", "question", "gold", "problem")
VERL = ("data_source", "solution_str", "ground_truth", "extra_info")
TRL_ALONE = ("completion_ids", "completions_ids", "trainer_state", "log_extra", "log_metric", "environments")
"""What TRL's trainer passes too, and nobody has here."""
MUST = (
    "prompt, response, answer, question, gold, problem (any of them, by name); or prompts, completions and columns, as in TRL; "
    "or data_source, solution_str, ground_truth, extra_info, as in verl. Others need a default, or a value in `arguments`"
)


class UnreadableError(ValueError):
    """A function gave something that is no reward. The message begins with its kind."""


@dataclass(frozen=True)
class Reading:
    """What a function gave, unwrapped."""

    value: bool | float
    right: bool | float | None = None
    """What is correct, where the function says so beside the reward (verl's `acc`)."""
    extracted: str | None = None


class Call:
    """A function with the form that it was found to have.

    Args:
        called: How messages call it.
        function: The function.
        arguments: Values of a person, by parameter; they go before what would be given.

    Raises:
        InputError: If it takes what nobody can give, with what was found and what it must take.
    """

    def __init__(self, called: str, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        self.called, self.function, self.arguments = called, function, dict(arguments)
        try:
            parameters = inspect.signature(function).parameters
        except (ValueError, TypeError) as fault:
            raise InputError(f"{called} does not say what it takes; wrap it in a function that takes {MUST}.") from fault
        self._named = {name: one for name, one in parameters.items() if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)}
        self._open = any(one.kind == one.VAR_KEYWORD for one in parameters.values())
        self.form: Form = "trl" if "completions" in self._named else "verl" if "solution_str" in self._named else "plain"
        self._check()

    def _check(self) -> None:
        found = f"{self.called} takes {', '.join(self._named) or 'nothing that has a name'}"
        if not self._named and not self._open:
            raise InputError(f"{found}; it must take {MUST}.")
        for name in self.arguments:
            if name not in self._named and not self._open:
                raise InputError(f"arguments has {name!r}, but {found}.{_nearest(name, list(self._named))}")
        given = {"plain": PLAIN, "verl": VERL}.get(self.form, ())
        needed = [n for n, one in self._named.items() if one.default is one.empty and n not in self.arguments]
        unknown = [n for n in needed if (n in TRL_ALONE if self.form == "trl" else n not in given)]
        if unknown:
            close = _nearest(unknown[0], [*given, "completions", "solution_str"])
            raise InputError(f"{found}; nobody can give it {', '.join(unknown)}.{close} It must take {MUST}.")

    def __call__(self, prompt: Prompt, response: str) -> Any:
        """What the function gives for a response.

        Raises:
            InputError: If it takes a column that the prompt has not.
        """
        given = {**self._given(prompt, response), **self.arguments}
        for name, one in self._named.items():
            if name not in given and one.default is one.empty:
                there = [key for key in given if key not in ("prompts", "completions")]
                raise InputError(
                    f"{self.called} takes the column {name!r}, which the prompt {prompt.uid!r} of {prompt.task!r} has not."
                    f"{_nearest(name, there)} There: {', '.join(there)}. Or write it in `arguments`."
                )
        first = [n for n, one in self._named.items() if one.kind == one.POSITIONAL_ONLY and n in given]
        rest = {name: value for name, value in given.items() if name not in first and (self._open or name in self._named)}
        return self.function(*(given[name] for name in first), **rest)

    def _given(self, prompt: Prompt, response: str) -> dict[str, Any]:
        gold, question = _gold(prompt), question_of(prompt)
        if self.form == "verl":
            about = {**prompt.answer, "question": question, "uid": prompt.uid}
            return dict(zip(VERL, (prompt.task, response, gold, about), strict=True))
        if self.form == "trl":
            named = {"answer": gold, "gold": gold, "ground_truth": gold, "solution": gold, "question": question}
            columns = {**named, "uid": prompt.uid, "task": prompt.task, **prompt.answer}
            chat = bool(prompt.messages)
            return {
                "prompts": [[dict(turn) for turn in prompt.messages] if chat else prompt.text],
                "completions": [[{"role": "assistant", "content": response}] if chat else response],
                **{name: [value] for name, value in columns.items()},
            }
        return dict(zip(PLAIN, (prompt.text, response, gold, question, gold, prompt), strict=True))

    def read(self, found: Any) -> Reading:
        """What came back, unwrapped.

        Raises:
            UnreadableError: If it is no reward.
        """
        if self.form == "trl":
            wanted = "a list of one number for a list of one response"
            try:
                values = list(found)
            except TypeError as fault:
                raise _wrong(found, wanted) from fault
            if isinstance(found, str | Mapping) or len(values) != 1:
                raise _wrong(found, wanted)
            return Reading(_number(values[0], wanted))
        if self.form == "verl" and isinstance(found, Mapping):
            if "score" not in found:
                raise _wrong(found, "a number, or a dict with 'score'")
            right = _number(found["acc"], "a number under 'acc'") if "acc" in found else None
            said = found.get("pred")
            return Reading(_number(found["score"], "a number under 'score'"), right, None if said is None else str(said))
        return Reading(_number(found, "a number, true or false, or a Verdict"))


def _gold(prompt: Prompt) -> Any:
    """The gold answer; all that a verifier needs, where it is no text (Countdown's numbers and target)."""
    gold = prompt.answer.get("answer")
    return gold if isinstance(gold, str) and gold.strip() else dict(prompt.answer)


def _number(found: Any, wanted: str) -> bool | float:
    """A number, also of numpy or torch."""
    value = found
    if not isinstance(value, bool | int | float) and callable(getattr(value, "item", None)):
        try:
            value = value.item()
        except (ValueError, RuntimeError, TypeError) as fault:  # of more than one number
            raise _wrong(found, wanted) from fault
    if isinstance(value, bool):
        return value
    if not isinstance(value, int | float):
        raise _wrong(found, wanted)
    if not math.isfinite(value):
        raise UnreadableError(f"not finite: it gave {value}, where {wanted} is wanted")
    return float(value)


def _wrong(found: Any, wanted: str) -> UnreadableError:
    return UnreadableError(f"wrong type: it gave {found!r:.60} ({type(found).__name__}), where {wanted} is wanted")


def _nearest(name: str, names: list[str]) -> str:
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    return f" Nearest: {close[0]}." if close else ""
