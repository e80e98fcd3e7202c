"""What analog hardware and air do to a wideband signal, each with a closed form that its test holds it to.

`phase_noise` oscillators, `power_amplifier` saturation, `converters` quantisation and clock jitter, `iq_imbalance`
image, `beam_squint` arrays of phase shifters over a band. May import `base` and the rest of `physics.radio`.
Read `phase_noise` first.
"""
