"""Optical fibre: loss, delay, and the noise that classical channels put into a quantum channel.

Pure functions over arrays. May import numpy and `silla.base`. Read `fibre.py` first, then `raman.py`.
"""

from silla.physics.optical import coexistence, fibre, four_wave_mixing, raman, raman_gain

__all__ = ["coexistence", "fibre", "four_wave_mixing", "raman", "raman_gain"]
