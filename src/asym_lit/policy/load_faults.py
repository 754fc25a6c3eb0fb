"""What is said of a policy that does not load: which file is damaged, what is not there, what may be named instead."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from asym_lit.model_files import damage
from asym_lit.types import InputError

INSTEAD = "Copy it anew from where it came, or name another policy."


def not_loaded(policy: str, where: str, names: Iterable[str], fault: Exception) -> InputError:
    """The fault of a policy that does not load, in words.

    Args:
        policy: As it was named.
        where: The directory that was read, or the hub id.
        names: What may be named in place of a directory.
        fault: Of the library that read it.
    """
    if broken := damage(where):
        return InputError(f"{broken} {INSTEAD}")
    if isinstance(fault, OSError) or not Path(where, "config.json").exists():
        return _not_found(policy, list(names), fault)
    words = f"{type(fault).__name__}: {' '.join(str(fault).split())}"[:300].rstrip(". ")
    allowed = "Allowed: causal language models whose classes this release of transformers has."
    return InputError(f"The policy {policy!r} does not load: {words}. {allowed}")


def no_attention(given: str | None, fault: Exception) -> InputError | None:
    """What to say of a policy that does not load with an attention; None if the fault is another one.

    Args:
        given: The attention that was asked for; None if none was.
        fault: Of transformers.
    """
    said = " ".join(str(fault).split())
    is_about_it = isinstance(fault, ValueError | ImportError) and ("attn_implementation" in said or "ttention" in said)
    if given is None or not is_about_it:
        return None
    return InputError(
        f"model.attn_implementation is {given!r}, which this policy does not load with: {said[:300].rstrip('. ')}. Allowed: "
        "eager, sdpa, and others whose package is installed and which the policy's class takes; leave it out to let "
        "transformers choose."
    )


def lacks_weights(policy: str, kind: str, lacking: list[str]) -> InputError:
    """The fault of a policy whose files do not hold all of its weights.

    Args:
        policy: As it was named.
        kind: Name of its class.
        lacking: Names of weights, sorted.
    """
    return InputError(
        f"The policy {policy!r} lacks {len(lacking)} weights of a {kind}, {lacking[0]} first, which "
        "transformers would start at random. Allowed: directories with all weights of a causal language model."
    )


def _not_found(policy: str, names: list[str], fault: Exception) -> InputError:
    first_line = str(fault).splitlines()[0]
    place = Path(policy).expanduser()
    if place.is_dir():
        what = f"there is a directory {policy}, but no policy in it that can be read: {first_line}"
    elif place.exists():
        what = f"{policy} is a file, not a directory, and its name does not end in .gguf."
    elif policy.startswith(("/", ".", "~")) or policy.count("/") != 1 or place.parent.is_dir():
        what = f"there is no directory {policy}."  # with one slash or none it may be a hub id
    else:
        what = f"there is no directory {policy}, nor does the hub give one: {first_line}"
    close = get_close_matches(policy.lower(), names, n=1)
    nearest = f" Nearest: {close[0]}." if close else ""
    return InputError(
        f"No policy at {policy!r}: {what}{nearest} Allowed: {', '.join(map(repr, names))}, a local directory in Hugging Face "
        "format, a .gguf file, or a hub id."
    )
