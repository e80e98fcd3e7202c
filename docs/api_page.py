"""The page docs/api.md: every public function and class that a user of the libraries calls, from the docstrings."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

# what stands alone, without scenarios: the rooms from the bits up, and the studies that compose them
ROOMS = (
    ("silla", "Scenarios, runs and results"),
    ("silla.coding", "Codes and hashes"),
    ("silla.physics.radio", "Radio, system level"),
    ("silla.physics.radio.link", "Radio, bit by bit"),
    ("silla.physics.optical", "Fibre, free space, orbits"),
    ("silla.physics.quantum", "Quantum links"),
    ("silla.physics.qubits", "Qubits"),
    ("silla.physics.compute", "Computers and power"),
    ("silla.engine", "Studies and runs"),
)

_HEAD = """# Libraries

Made from the docstrings by `make docs`. Each name below is public; its docstring says shapes, units, errors and source:
`help(name)` in Python. Arrays go in and come out; nothing here reads a file or holds state unless it says so.
"""


def markdown() -> str:
    """The page."""
    parts = [_HEAD]
    parts += [f"- [{title}](#{_anchor(title)})" for _, title in ROOMS]
    for package, title in ROOMS:
        parts += ["", f"## {title}", "", f"`{package}`: {_first(importlib.import_module(package))}"]
        for module in _modules(package):
            rows = [_row(name, getattr(module, name)) for name in sorted(_public(module), key=str.lower)]
            if rows:
                parts += ["", f"**`{module.__name__}`**  ", _first(module), "", *rows]
    return "\n".join(parts) + "\n"


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def _modules(package: str) -> Iterator[ModuleType]:
    """The package where it has names of its own, and its public modules, those of packages below it too."""
    root = importlib.import_module(package)
    yield root
    if package == "silla":
        return
    others = {name for name, _ in ROOMS} - {package}
    for found in sorted(pkgutil.iter_modules(root.__path__), key=lambda m: m.name):
        name = f"{package}.{found.name}"
        if found.ispkg and name not in others:
            yield from _modules(name)
        elif not found.ispkg and not found.name.startswith("_"):
            yield importlib.import_module(name)


def _public(module: ModuleType) -> list[str]:
    """Names in the module's `__all__` that are functions or classes made in it (a package: made anywhere below it)."""
    names = getattr(module, "__all__", [])
    home = module.__name__
    found = []
    for name in names:
        value = getattr(module, name)
        made_in = getattr(value, "__module__", "")
        if callable(value) and (made_in == home or (hasattr(module, "__path__") and made_in.startswith("silla."))):
            found.append(name)
    return found


def _row(name: str, value: object) -> str:
    return f"- `{name}{_call(value)}`: {_first(value)}"


def _call(value: object) -> str:
    """The parameters' names; a star where the rest goes by name."""
    try:
        parameters = inspect.signature(value).parameters.values()  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError):
        return ""
    if inspect.isclass(value) and issubclass(value, (BaseException, tuple)):
        return ""
    shown, keyword = [], False
    for p in parameters:
        if p.kind is p.KEYWORD_ONLY and not keyword:
            shown.append("*")
            keyword = True
        star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        keyword = keyword or p.kind is p.VAR_POSITIONAL
        shown.append(star + p.name + ("" if p.default is p.empty else "="))
    return f"({', '.join(shown)})"


def _first(value: object) -> str:
    """The first paragraph of a docstring, as one line."""
    text = inspect.getdoc(value) or ""
    return " ".join(text.split("\n\n")[0].split())


if __name__ == "__main__":
    import sys

    sys.stdout.buffer.write(markdown().encode())
