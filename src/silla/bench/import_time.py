"""How long `import silla` takes, beside an interpreter that imports nothing."""

from __future__ import annotations

import subprocess
import sys

from silla.bench.figure import Figure, Measured, best_of

__all__ = ["FIGURE"]


def _milliseconds(code: str) -> float:
    # -P: the modules of the folder that one happens to be in are not looked at
    return 1e3 * best_of(lambda: subprocess.run([sys.executable, "-P", "-c", code], check=True), repeats=9)


def measure() -> Measured:
    """Milliseconds of a whole interpreter, start to end, least of nine."""
    bare, silla = _milliseconds("pass"), _milliseconds("import silla")
    return Measured(silla, bare, f"{silla / bare:.1f} times a bare interpreter")


FIGURE = Figure("import-silla", "ms", 150.0, 100.0, "lower", measure, peer="python -c pass")
