"""Photon-level Monte Carlo of quantum links, at the cost of the clicks and not of the pulses.

A link is written down as a table of what a slot may do (`table`), attacks are branches of that table (`attacks`), and a
run (`machine`, `chunks`) adds what links slots: dead time and after-pulses. Counts add (`counts`). Read `decoy` first.
"""
