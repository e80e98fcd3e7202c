"""Compute and energy: base-station power, GPU step times, pools shared by the RAN and AI, joules and grams.

Pure vectorised functions; may import base, NumPy and SciPy, and no other leaf. Read `pool.py` first: it says how the
radio's processing and language-model requests share GPUs. `cell_power.py` and `energy.py` stand alone.
"""

from silla.physics.compute import cell_power, energy, gpu, pool, queueing, ran_load

__all__ = ["cell_power", "energy", "gpu", "pool", "queueing", "ran_load"]
