"""Headline figures: what silla claims about its own speed and size, each measured here, on this machine, on request.

One file per figure, each with a floor (worse is a fault), a goal and, where there is one, a peer measured in the same
run. May import everything below the command line. Read `figure.py` first.
"""

from __future__ import annotations

from silla.bench.registry import FIGURES, run

__all__ = ["FIGURES", "run"]
