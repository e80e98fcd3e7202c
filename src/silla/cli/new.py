"""``silla new``: a scenario to start from."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from silla.base.errors import ArgumentError
from silla.cli._output import console, write_new
from silla.scenario.loader import load_text
from silla.scenario.source import builtin_names, builtin_text
from silla.scenario.suggest import did_you_mean, listing

__all__ = ["new"]


def new(
    name: Annotated[str, typer.Argument(help="Name of the scenario; the file is NAME.yaml.", metavar="NAME")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.")] = None,
    source: Annotated[
        str | None, typer.Option("--from", metavar="BUILTIN", help="Copy a built-in scenario instead of the starter.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file when it exists.")] = False,
) -> None:
    """Write a commented scenario that runs as it is."""
    plain = Path(name).name.removesuffix(".yaml").removesuffix(".yml")
    if not re.fullmatch(r"[\w][\w .-]{0,79}", plain):
        raise ArgumentError(f"{name!r} is not a usable name; letters, digits, '-', '_' and '.' are, up to 80")
    path = output or (Path(name).parent / f"{plain}.yaml")
    text = _named(_template(source), plain)
    load_text(text, path)  # nothing is written that does not pass its own check
    write_new(path, text, force=force)
    console().print(f"wrote {path}; next: silla check {path}, then silla run {path}", soft_wrap=True)


def _template(source: str | None) -> str:
    if source is None:
        return (resources.files("silla.scenario") / "starter.yaml").read_text(encoding="utf-8")
    if source not in builtin_names():
        known = did_you_mean(source, builtin_names()) or f"; built-in: {listing(builtin_names())}"
        raise ArgumentError(f"--from {source}: no such built-in scenario{known}")
    return builtin_text(source)


def _named(text: str, name: str) -> str:
    quoted = name if re.fullmatch(r"[A-Za-z][\w-]*", name) and name.lower() not in _WORDS else f'"{name}"'
    return re.sub(r"^name:.*$", f"name: {quoted}", text, count=1, flags=re.MULTILINE)


_WORDS = {"true", "false", "null"}
