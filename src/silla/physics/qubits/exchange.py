"""Models in and out: dimod's binary quadratic models, and COO text files (one `i j value` line a coefficient)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from silla.base.errors import ArgumentError, DataFileError, MissingExtra
from silla.physics.qubits.ising import Ising, Qubo

__all__ = ["dimod_module", "from_dimod", "read_coo", "to_dimod", "write_coo"]

sp: Any = scipy.sparse  # its stubs refuse what its arrays take

_DENSE_UP_TO = 512


def dimod_module(purpose: str) -> Any:
    """The module dimod; MissingExtra where it is not installed."""
    try:
        import dimod
    except ImportError as error:
        raise MissingExtra("dimod", "qubits", purpose) from error
    return dimod


def from_dimod(bqm: Any) -> tuple[Ising, list[Hashable]]:
    """(model, labels of its spins in order) of a dimod BinaryQuadraticModel of either vartype."""
    labels = list(bqm.variables)
    if not labels:
        raise ArgumentError("the binary quadratic model has no variables; a problem needs one at least")
    at = {v: i for i, v in enumerate(labels)}
    h, quadratic, offset = bqm.to_ising()
    n = len(labels)
    rows = [at[u] for u, _ in quadratic]
    columns = [at[v] for _, v in quadratic]
    values = np.fromiter(quadratic.values(), dtype=float, count=len(rows))
    lower, upper = np.minimum(rows, columns), np.maximum(rows, columns)
    matrix = sp.csr_array((values, (lower.astype(int), upper.astype(int))), shape=(n, n))
    linear = np.array([h[v] for v in labels], dtype=float)
    return Ising(linear, matrix.toarray() if n <= _DENSE_UP_TO else matrix, float(offset)), labels


def to_dimod(model: Ising | Qubo, labels: Sequence[Hashable] | None = None) -> Any:
    """The dimod BinaryQuadraticModel of a model, SPIN or BINARY as the model is; MissingExtra without dimod."""
    dimod = dimod_module("a dimod model")
    names = list(range(model.n)) if labels is None else list(labels)
    if len(names) != model.n:
        raise ArgumentError(f"{model.n} labels are needed, found {len(names)}")
    linear = model.h if isinstance(model, Ising) else model.Q.diagonal()
    i, j, value = model.pairs()
    quadratic = {(names[a], names[b]): float(v) for a, b, v in zip(i, j, value)}
    vartype = "SPIN" if isinstance(model, Ising) else "BINARY"
    return dimod.BinaryQuadraticModel(dict(zip(names, linear.tolist())), quadratic, model.offset, vartype)


def write_coo(path: Path | str, model: Ising | Qubo) -> None:
    """Write a model as COO text: a header of `# vartype=...`, `# n=...`, `# offset=...`, then `i j value` lines.

    Values are written with all their digits; dimod's COO reader takes the file as it is (it ignores the header's
    n and offset).
    """
    linear = model.h if isinstance(model, Ising) else model.Q.diagonal()
    i, j, value = model.pairs()
    lines = [f"# vartype={'SPIN' if isinstance(model, Ising) else 'BINARY'}", f"# n={model.n}"]
    lines += [f"# offset={float(model.offset)!r}"]
    lines += [f"{k} {k} {float(v)!r}" for k, v in enumerate(linear) if v]
    lines += [f"{a} {b} {float(v)!r}" for a, b, v in zip(i, j, value)]
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_coo(path: Path | str, vartype: str | None = None) -> Ising | Qubo:
    """The model of a COO text file; `vartype` ("SPIN" or "BINARY") where the file's header has none.

    Raises DataFileError for a line that cannot be read, with its number.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataFileError(f"{path}: cannot be read as a COO file: {error}") from error
    header: dict[str, str] = {}
    entries: list[tuple[int, int, float]] = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith("#"):
            key, _, value = text[1:].partition("=")
            header[key.strip()] = value.strip()
        elif text:
            entries.append(_entry(path, number, text))
    kind = header.get("vartype", vartype or "").upper()
    if kind not in ("SPIN", "BINARY"):
        raise DataFileError(f"{path}: needs a line `# vartype=SPIN` or `# vartype=BINARY`, found {kind or 'none'!r}")
    try:
        n = int(header.get("n", 1 + max((max(i, j) for i, j, _ in entries), default=-1)))
        offset = float(header.get("offset", 0.0))
    except ValueError as error:
        raise DataFileError(f"{path}: the header's n or offset is not a number: {error}") from error
    if any(max(i, j) >= n for i, j, _ in entries):
        raise DataFileError(f"{path}: an index is beyond the header's n = {n}")
    return _model(kind, n, entries, offset)


def _entry(path: Path, number: int, text: str) -> tuple[int, int, float]:
    try:
        i, j, value = text.split()
        entry = min(int(i), int(j)), max(int(i), int(j)), float(value)
    except ValueError as error:
        raise DataFileError(f"{path}:{number}: expected `i j value`, found {text!r}") from error
    if entry[0] < 0:
        raise DataFileError(f"{path}:{number}: indices start at 0, found {text!r}")
    return entry


def _model(kind: str, n: int, entries: list[tuple[int, int, float]], offset: float) -> Ising | Qubo:
    i, j, value = (np.array(column) for column in zip(*entries)) if entries else (np.zeros(0, int),) * 3
    pairs = i != j
    linear = np.bincount(i[~pairs].astype(int), value[~pairs].astype(float), minlength=n).astype(float)
    upper = sp.csr_array((value[pairs].astype(float), (i[pairs].astype(int), j[pairs].astype(int))), shape=(n, n))
    couplings = upper.toarray() if n <= _DENSE_UP_TO else upper
    if kind == "SPIN":
        return Ising(linear, couplings, offset)
    diagonal = np.diag(linear) if n <= _DENSE_UP_TO else sp.dia_array((linear[None], [0]), shape=(n, n))
    return Qubo(couplings + diagonal, offset)
