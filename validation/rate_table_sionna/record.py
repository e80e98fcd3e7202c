"""Writes reference.csv: python -m validation.rate_table_sionna.record [number of the first entry]"""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

import numpy as np
from validation.rate_table_sionna.chain import Entry, Sionna
from validation.rate_table_sionna.fit import place
from validation.rate_table_sionna.table import row_of

COLUMNS = ("bits_per_symbol", "rate_1024", "n_prb", "decoder", "snr_db", "blocks", "errors", "lost")
# (entry, blocks of the layered decoder, blocks of the flooding one)
ENTRIES = (
    (Entry(2, "308", 1), 1200, 300), (Entry(2, "308", 4), 300, 150), (Entry(4, "340", 4), 200, 80),
    (Entry(6, "438", 4), 200, 100), (Entry(6, "948", 4), 240, 100), (Entry(4, "616", 1), 700, 200),
    (Entry(8, "711", 1), 600, 150), (Entry(10, "805.5", 4), 160, 80), (Entry(12, "853", 4), 160, 80),
    (Entry(2, "602", 16), 100, 60), (Entry(6, "666", 16), 80, 40), (Entry(8, "797", 16), 64, 32),
    (Entry(10, "900.5", 1), 320, 120), (Entry(4, "490", 16), 48, 32), (Entry(8, "948", 64), 32, 16),
    (Entry(2, "449", 64), 0, 16), (Entry(2, "602", 273), 0, 16),
)  # fmt: skip


def points(sionna: Sionna, decoder: str, n_blocks: int):
    """(snr_db, lost) of three points that close in on the target, from the table's threshold."""
    at, spread = row_of(sionna.entry).snr_db, row_of(sionna.entry).spread_db
    found = []
    for share in (0.25, 0.375, 0.375):
        at = round(at, 2)
        found.append((at, sionna.losses(decoder, at, round(share * n_blocks))))
        x, n, k = zip(*((x, len(lost), lost.sum()) for x, lost in found))
        at = float(np.clip(place(x, n, k, spread)[0], at - 1.5 * spread, at + 1.5 * spread))
    return found


def main(first: int = 0) -> None:
    path = Path(__file__).parent / "reference.csv"
    with path.open("a" if first else "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if not first:
            writer.writerow(COLUMNS)
        for entry, *counts in ENTRIES[first:]:
            sionna = Sionna(entry)
            for decoder, n in zip(("layered", "flooding"), counts):
                start = time.process_time()
                for snr_db, lost in points(sionna, decoder, n) if n else ():
                    which = " ".join(map(str, np.flatnonzero(lost)))
                    writer.writerow([*entry, decoder, f"{snr_db:g}", len(lost), int(lost.sum()), which])
                file.flush()
                print(entry, decoder, f"{time.process_time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main(*(int(x) for x in sys.argv[1:]))
