"""The clocks of a 6G network: how long an answer may take to be of use."""

from __future__ import annotations

from dataclasses import dataclass

from silla.base.errors import ArgumentError

__all__ = ["CLOCKS", "Clock", "clock"]


@dataclass(frozen=True)
class Clock:
    """Seconds that a decision has, and where they come from."""

    name: str
    seconds: float
    what: str


CLOCKS: dict[str, Clock] = {
    c.name: c
    for c in (
        Clock(
            "resource-element", 0.5e-3 / (273 * 12 * 14),
            "one resource element of 100 MHz at 30 kHz: 273 PRB x 12 subcarriers x 14 symbols in 0.5 ms (TS 38.101-1)",
        ),
        Clock("slot", 0.5e-3, "one slot at 30 kHz (TS 38.211)"),
        Clock("near-rt-ric", 10e-3, "shortest loop of the near-real-time RIC (O-RAN.WG1: 10 ms to 1 s)"),
        Clock("near-rt-ric-slow", 1.0, "longest loop of the near-real-time RIC (O-RAN.WG1)"),
        Clock("non-rt-ric", 60.0, "a loop of the non-real-time RIC, above 1 s (O-RAN.WG1); a minute is declared"),
        Clock("planning", 4 * 3600.0, "hours of planning; four are declared"),
    )
}  # fmt: skip


def clock(name: str) -> Clock:
    """The clock of that name; ArgumentError with the known ones otherwise.

    >>> round(clock("resource-element").seconds * 1e9, 1)
    10.9
    """
    if name not in CLOCKS:
        raise ArgumentError(f"no clock is called {name!r}; known: {', '.join(CLOCKS)}")
    return CLOCKS[name]
