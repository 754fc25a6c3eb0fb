"""Where a function is: `file.py:function`, or an import path. How it is called is in `forms`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from asym_lit.types import InputError

WRITE = "write file.py:function, or the import path package.module.function"


def find_function(place: str) -> Callable[..., Any]:
    """The function at a place. Importing runs its file, as `python file.py` would from the same folder.

    Args:
        place: `mine.py:reward`, the file relative to the current folder; or `package.module.reward`, which may lie in it too.

    Raises:
        InputError: If there is no such file, module or function, with the nearest name; or if importing it fails.
    """
    found: Any
    file, colon, name = place.rpartition(":")
    if (bare := place.rstrip(":")).endswith(".py"):
        raise InputError(
            f"{place!r} names a file but no function of it; write {bare}:function.{_there(_module_of(bare, place))}"
        )
    if colon and file.endswith(".py"):
        module, names = _module_of(file, place), name
    else:
        module, names = _module_on_path(place.replace(":", "."))
    found, inside = module, file or module.__name__
    for part in names.split("."):
        if not hasattr(found, part):
            raise InputError(f"There is no {part!r} in {inside}.{_nearest(part, module) if found is module else ''}")
        found, inside = getattr(found, part), f"{inside}.{part}"
    if isinstance(found, type) or not callable(found):
        is_class = isinstance(found, type)
        what = f"the class {found.__name__}" if is_class else f"{found!r:.60}, which cannot be called"
        also = f" Or {Path(file).stem}.{name}, if it is a verifier." if is_class and file.endswith(".py") else ""
        raise InputError(f"{place} is {what}; name a function, or an object that can be called.{_there(module)}{also}")
    return found  # type: ignore[no-any-return]


def _module_of(file: str, place: str) -> ModuleType:
    path = Path(file).expanduser()
    if not path.is_file():
        here = sorted(one.name for one in path.parent.glob("*.py")) if path.parent.is_dir() else []
        close = "".join(f" Nearest: {name}." for name in get_close_matches(path.name, here, n=1, cutoff=0.5))
        raise InputError(f"There is no file {file} ({place!r} is looked for in {path.parent.resolve()}).{close}")
    for_imports(path.resolve().parent)
    name = f"reward_file_{path.stem}"  # `json.py` of a person must not stand in for the library's
    spec = spec_from_file_location(name, path)
    assert spec and spec.loader
    module = sys.modules[name] = module_from_spec(spec)  # there before it runs: dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as fault:
        raise _broken(file, fault) from fault
    return module


def _module_on_path(place: str) -> tuple[ModuleType, str]:
    """The longest part of an import path that is a module, and the names that are left."""
    for_imports(Path.cwd())
    parts = place.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        raise InputError(f"{place!r} is no place of a function; {WRITE}.")
    for end in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:end])
        try:
            return import_module(name), ".".join(parts[end:])
        except ModuleNotFoundError as fault:
            if fault.name is None or not f"{name}.".startswith(f"{fault.name}."):  # something that it imports is missing
                raise _broken(name, fault) from fault
        except (Exception, SystemExit) as fault:
            raise _broken(name, fault) from fault
    raise InputError(f"There is no module {parts[0]!r} here or among the installed ones ({place!r} was given); {WRITE}.")


def for_imports(folder: Path) -> None:
    """Let modules of a folder be imported, after all others: the installed command does not look where it is started."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _broken(where: str, fault: BaseException) -> InputError:
    line = next((f", line {number}" for number in _lines(fault, where)), "")
    return InputError(f"{where} cannot be imported{line}: {type(fault).__name__}: {fault}")


def _lines(fault: BaseException, where: str) -> Iterator[int]:
    """Lines of a file that a fault passed, the last first."""
    if isinstance(fault, SyntaxError) and fault.lineno:
        yield fault.lineno
    found, trace = [], fault.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename.endswith(Path(where).name) and where.endswith(".py"):
            found.append(trace.tb_lineno)
        trace = trace.tb_next
    yield from reversed(found)


def _functions(module: ModuleType) -> list[str]:
    """What may be meant: functions and other callable objects of the module itself, not what it imports."""
    own = [name for name, one in vars(module).items() if callable(one) and not isinstance(one, type) and name[0] != "_"]
    return [name for name in own if getattr(getattr(module, name), "__module__", module.__name__) == module.__name__]


def _nearest(name: str, module: ModuleType) -> str:
    close = get_close_matches(name, [one for one in vars(module) if one[0] != "_"], n=1, cutoff=0.5)
    return (f" Nearest: {close[0]}." if close else "") + _there(module)


def _there(module: ModuleType) -> str:
    names = _functions(module)
    return f" There: {', '.join(names[:10])}{' ...' if len(names) > 10 else '.'}" if names else ""
