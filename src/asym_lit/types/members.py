"""What a class lacks of a protocol, in words: the member, and how it is written."""

from __future__ import annotations

import inspect
from typing import Any

from asym_lit.types.errors import InputError


def members_of(protocol: type) -> dict[str, str]:
    """The public members of a protocol, each as it is written: `name: str`, `self_test() -> None`."""
    kinds = [kind for kind in protocol.__mro__ if getattr(kind, "_is_protocol", False)]
    found = {name: member for kind in reversed(kinds) for name, member in vars(kind).items() if not name.startswith("_")}
    return {name: _written(name, member) for name, member in found.items() if callable(member) or isinstance(member, property)}


def lacking(kind: type, protocol: type) -> list[str]:
    """The methods of a protocol that a class lacks, or has with other arguments, each with how it is written.

    Args:
        kind: The class. A property of the protocol may be made when it is built, so none is missed in it.
        protocol: What it should fit.
    """
    wrong = []
    for name, wanted in members_of(protocol).items():
        if "(" not in wanted:
            continue
        own = inspect.getattr_static(kind, name, None)
        if own is None:
            wrong.append(f"has no {wanted}")
        elif not inspect.isfunction(own) or _written(name, own) != wanted:
            written = _written(name, own) if inspect.isfunction(own) else f"{name}, which is no method"
            wrong.append(f"has {written}, where {wanted} is wanted")
    return wrong


def check_members(called: str, value: Any, protocol: type) -> None:
    """Refuse what lacks a member of a protocol.

    Args:
        called: How a message calls it.
        value: Built, so that what it sets on itself is there.
        protocol: What it must fit.

    Raises:
        InputError: With what is missing, as it is written.
    """
    missing = [wanted for name, wanted in members_of(protocol).items() if not hasattr(value, name)]
    if missing:
        raise InputError(f"{called} is a {type(value).__name__}, which has no {' and no '.join(missing)}; write it there.")


def _written(name: str, member: Any) -> str:
    if isinstance(member, property):
        return f"{name}: {_plain(inspect.signature(member.fget).return_annotation)}" if member.fget else name
    signature = inspect.signature(member)
    own = [one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values() if one.name == "self"]
    others = [one for one in signature.parameters.values() if one.name != "self"]
    words = ", ".join(_parameter(one) for one in others)
    returned = signature.return_annotation
    gives = "" if returned is inspect.Signature.empty else f" -> {_plain(returned)}"
    return f"{name}({words}){gives}" if own else f"{name}, without self"


def _parameter(one: inspect.Parameter) -> str:
    kind = "" if one.annotation is inspect.Parameter.empty else f": {_plain(one.annotation)}"
    star = "*" * (1 if one.kind is one.VAR_POSITIONAL else 2 if one.kind is one.VAR_KEYWORD else 0)
    return f"{star}{one.name}{kind}"


def _plain(annotation: Any) -> str:
    """As it is written, without the way to its module."""
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
