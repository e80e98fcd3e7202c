"""Optical channels: fibre and free space, satellites, and the noise that other light puts into a quantum channel.

Pure functions over arrays. May import numpy, scipy, `sgp4` (within functions) and `silla.base`. Read `fibre.py` first,
then `raman.py`; `free_space.py` for links through the air, `orbit.py` for satellites.
"""

from silla.physics.optical import (
    air,
    beam,
    coexistence,
    fibre,
    four_wave_mixing,
    free_space,
    orbit,
    raman,
    raman_gain,
    sky,
    turbulence,
)

__all__ = [
    "air",
    "beam",
    "coexistence",
    "fibre",
    "four_wave_mixing",
    "free_space",
    "orbit",
    "raman",
    "raman_gain",
    "sky",
    "turbulence",
]
