"""What verbs print: one JSON document on stdout, progress and remarks on stderr."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from silla.base.errors import ArgumentError, StoreError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

__all__ = ["console", "emit_json", "json_ready", "metric_cell", "progress", "write_new"]


def emit_json(value: Any) -> None:
    """Print one strict JSON document on stdout: NaN and infinity as null, any script as it is."""
    sys.stdout.write(json.dumps(json_ready(value), ensure_ascii=False, allow_nan=False, indent=2) + "\n")


def json_ready(value: Any) -> Any:
    """The value as dicts, lists, strings and finite numbers; TypeError for what has no such form."""
    if isinstance(value, dict):
        return {str(k): json_ready(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_ready(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return [json_ready(v) for v in sorted(value, key=repr)]
    if isinstance(value, np.ndarray):
        return json_ready(value.tolist())
    if isinstance(value, np.generic):
        return json_ready(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, (str, int, bool)):
        return value
    if hasattr(value, "model_dump"):
        return json_ready(value.model_dump(mode="json"))
    if hasattr(value, "__dataclass_fields__"):
        return {name: json_ready(getattr(value, name)) for name in value.__dataclass_fields__}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def console() -> Console:
    """A console on stderr for remarks to people."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def metric_cell(metric: dict[str, Any] | None) -> str:
    """A metric of a summary for a table's cell: mean and half of its 95 % interval, shares in per cent.

    >>> metric_cell({"mean": 2.5e9, "ci95": [2.4e9, 2.6e9], "unit": "bit/s"})
    '2.50 ± 0.10 Gbit/s'
    """
    from silla.report.text import number, scale_of

    if metric is None or metric["mean"] is None:
        return "-"
    mean, (low, high), unit = metric["mean"], metric["ci95"], metric["unit"]
    factor, shown = (0.01, "%") if unit == "1" else scale_of([mean], unit)
    half = 0.0 if low is None or high is None else (high - low) / 2
    # what rounding left of nothing is not shown as 1e-13
    mean = 0.0 if unit == "1" and abs(mean) < 1e-9 else mean
    told = f" ± {number(half / factor, 2)}" if half > 1e-9 * abs(mean) and mean else ""
    return f"{number(mean / factor)}{told} {shown}".rstrip()


@contextmanager
def progress() -> Iterator[Progress]:
    """A progress display on stderr; silent where stderr is not a terminal.

    with progress() as bar: task = bar.add_task("drops", total=n); bar.advance(task)
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    screen = console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        yield bar


def write_new(path: Path, text: str, *, force: bool = False) -> None:
    """Write a text file whole or not at all; ArgumentError when it exists and `force` is not set."""
    if path.exists() and not force:
        raise ArgumentError(f"{path} exists; choose another name with -o, or overwrite it with --force")
    if path.is_dir():
        raise ArgumentError(f"{path} is a folder")
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StoreError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from None
