"""The link layer, bit by bit: modulation, reference signals, channels, receivers and the slots of the shared channels.

Pure functions, arrays in and out; may import `silla.base`, `silla.coding` and the rest of `silla.physics.radio`.
A log-likelihood ratio is log P(0)/P(1); a resource grid is complex [.., ports, symbols, subcarriers]. Read `pusch.py`
first: it shows how the other modules compose into one slot.
"""
