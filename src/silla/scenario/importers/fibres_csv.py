"""Fibres from a CSV table."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from silla.scenario.importers.table import read_table
from silla.scenario.infrastructure import Fibre

__all__ = ["FibresTable", "read_fibres"]

ALIASES = {"fibre": "id", "fiber": "id", "fibre_id": "id", "from": "end_a", "to": "end_b", "a": "end_a", "b": "end_b"}


@dataclass(frozen=True, eq=False)
class FibresTable:
    """Rows of a table of fibres; NaN or "" where the file gives nothing.

    id, end_a, end_b, name, type : (n,) text. length_km, attenuation_db_per_km, extra_loss_db : (n,).
    """

    id: list[str]
    end_a: list[str]
    end_b: list[str]
    name: list[str]
    type: list[str]
    length_km: np.ndarray
    attenuation_db_per_km: np.ndarray
    extra_loss_db: np.ndarray
    line: list[int] = field(repr=False)
    file: str
    encoding: str = "utf-8"
    ignored_columns: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.id)

    def fibres(self) -> list[Fibre]:
        """The rows as the scenario's own kind of entry; what a row does not give takes the default."""
        return [self._fibre(row) for row in range(len(self))]

    def _fibre(self, row: int) -> Fibre:
        entry: dict[str, Any] = {
            "id": self.id[row],
            "ends": (self.end_a[row], self.end_b[row]),
            "length_km": float(self.length_km[row]),
        }
        entry |= {c: getattr(self, c)[row] for c in ("name", "type") if getattr(self, c)[row]}
        numbers = {c: float(getattr(self, c)[row]) for c in ("attenuation_db_per_km", "extra_loss_db")}
        entry |= {c: value for c, value in numbers.items() if not np.isnan(value)}
        return Fibre(**entry)


def read_fibres(path: Path, *, name: str | None = None) -> FibresTable:
    """The table of fibres in a CSV file.

    Columns: ``id``, ``end_a``, ``end_b``, ``length_km``; optionally ``attenuation_db_per_km``, ``extra_loss_db``,
    ``type``, ``name``. Ranges are those of the scenario's Fibre. DataFileError with file, line and column otherwise.
    """
    fibre = Fibre.model_fields
    table = read_table(
        path,
        name=name or path.name,
        required=("id", "end_a", "end_b", "length_km"),
        optional=("attenuation_db_per_km", "extra_loss_db", "type", "name"),
        aliases=ALIASES,
    )
    ends = table.required_texts("end_a"), table.required_texts("end_b")
    for row, (a, b) in enumerate(zip(*ends, strict=True)):
        if a == b:
            raise table.error(row, "end_b", f"both ends are {a!r}; a fibre joins two different places")
    length = table.numbers("length_km", fibre["length_km"], required=True)
    return FibresTable(
        id=table.unique_texts("id"),
        end_a=ends[0],
        end_b=ends[1],
        name=table.texts("name"),
        type=table.texts("type"),
        length_km=length,
        attenuation_db_per_km=table.numbers("attenuation_db_per_km", fibre["attenuation_db_per_km"]),
        extra_loss_db=table.numbers("extra_loss_db", fibre["extra_loss_db"]),
        line=table.lines,
        file=table.name,
        encoding=table.encoding,
        ignored_columns=table.ignored,
    )
