"""World and task in, results out: drops, the day, quantum links and keys, pools, executors.

May import results, world, scenario, physics and base; never report or plotly. Read `run.py` first, then `tasks.py`.
"""
