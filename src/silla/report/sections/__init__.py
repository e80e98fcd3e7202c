"""Sections of the page: HTML and the figures in it. `base.py` says what a section is; one module for each."""
