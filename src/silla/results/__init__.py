"""What a run leaves behind: addable statistics, the store of task results, tables with units, summary and manifest.

May import world, scenario and base; never engine or report. Read `stats.py` first, then `store.py`; `publish.py` says
why a full disk leaves the old results intact. PyArrow, Polars and xarray are imported when first used.
"""
