"""Plotly figures as plain dicts, from plain tables. `base.py` says what a figure is; one module for each subject."""
