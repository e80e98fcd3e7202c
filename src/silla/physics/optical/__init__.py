"""Optical fibre: loss, delay, and the noise that classical channels put into a quantum channel.

Pure functions over arrays. May import numpy and `silla.base`. Read `fibre.py` first, then `raman.py`.
"""
