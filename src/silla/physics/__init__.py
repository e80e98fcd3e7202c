"""Pure models, one package per layer: radio, optical, quantum, compute.

Arrays in, arrays out, SI units, no state and no scenario types. The packages do not import one another and may import
`silla.base` (and `silla.coding`) alone. Read `radio/large_scale.py` first.
"""
