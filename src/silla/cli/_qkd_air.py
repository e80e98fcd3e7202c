"""The line of `silla qkd --free-space`: its options, and loss and background light along the distance."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.provenance import check_domain
from silla.cli._quantum_options import one_of
from silla.physics.optical.air import WEATHERS, Weather
from silla.physics.optical.free_space import Budget, Terminals, level_budget, stray_photons_per_s
from silla.physics.optical.sky import SKIES
from silla.physics.quantum.detectors import GATE

__all__ = ["LEAST_KM", "MOST_KM", "AirPath", "air_path"]

LEAST_KM, MOST_KM = 0.01, 150.0
_LIGHTS = {"night": "dark", "moon": "full-moon", "day": "day", "bright-day": "bright-day"}


@dataclass(frozen=True)
class AirPath:
    """A level path through the air. structure : C_n^2; radiance : of what the receiver looks at; gate_s : its gate."""

    terminals: Terminals
    weather: Weather
    structure: float
    radiance: float
    gate_s: float

    def budget(self, km: np.ndarray) -> Budget:
        """Losses at each distance."""
        return level_budget(self.terminals, km * 1e3, weather=self.weather, structure=self.structure)

    def loss_db(self, km: np.ndarray) -> np.ndarray:
        """All of them."""
        return np.asarray(self.budget(km).total_db)

    def open_loss_db(self, km: np.ndarray) -> np.ndarray:
        """Those between the telescopes, which bound what any protocol can do."""
        found = self.budget(km)
        return np.asarray(found.total_db - found.optics_db)

    def stray_per_gate(self, efficiency: float) -> float:
        """Mean clicks of background light in a gate."""
        return float(stray_photons_per_s(self.terminals, self.radiance)) * efficiency * self.gate_s


def air_path(
    *,
    weather: str,
    visibility_km: float | None,
    light: str,
    telescopes_m: str,
    jitter_urad: float,
    optics: float,
    field_urad: float,
    turbulence: float,
    wavelength_m: float,
    filter_m: float,
    gate_s: float,
) -> AirPath:
    """The path that the options describe; ArgumentError where they cannot be read."""
    one_of("--weather", weather, tuple(WEATHERS))
    one_of("--light", light, tuple(_LIGHTS))
    sent, received = _pair(telescopes_m)
    if not 1e-18 <= turbulence <= 1e-11:
        raise ArgumentError(f"--turbulence is {turbulence:g}, allowed 1e-18 to 1e-11 m^(-2/3); 1e-14 is usual by day")
    check_domain("gate", gate_s, GATE, what="free-space link", advice="gates of 0.1 to 2 ns are usual")
    air = WEATHERS[weather] if visibility_km is None else replace(WEATHERS[weather], visibility_km=visibility_km)
    ends = Terminals(
        wavelength_m=wavelength_m, transmitter_m=sent, receiver_m=received, jitter_rad=jitter_urad * 1e-6,
        optics=optics, field_of_view_rad=field_urad * 1e-6, filter_m=filter_m,
    )  # fmt: skip
    return AirPath(ends, air, turbulence, SKIES[_LIGHTS[light]], gate_s)


def _pair(text: str) -> tuple[float, float]:
    try:
        sent, received = (float(part) for part in text.split(","))
    except ValueError:
        told = "allowed two diameters in metres, transmitter and receiver, as 0.1,0.2"
        raise ArgumentError(f"--telescopes-m is {text!r}, {told}") from None
    return sent, received
