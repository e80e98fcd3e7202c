"""The `sionna` wheel's UMa large-scale generator, timed in an interpreter of its own.

Run as a script it prints links per second as JSON and needs nothing of silla. `links_per_s` runs it with this
interpreter where sionna is installed (extra `oracle`), or with the one that SILLA_ORACLE_PYTHON names.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

__all__ = ["links_per_s"]

_SITES, _SHAPES = 19, ((1, 57), (8, 19), (32, 10), (128, 3))  # (batch of drops, users): the fastest counts


def links_per_s() -> tuple[float | None, str]:
    """(links per second on one core, remark); None where sionna is not installed or fails."""
    python = os.environ.get("SILLA_ORACLE_PYTHON") or (sys.executable if importlib.util.find_spec("sionna") else None)
    if python is None:
        return None, "peer not installed (pip install 'silla[oracle]')"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.run([python, str(Path(__file__))], capture_output=True, text=True, env=environment, timeout=300)
    if run.returncode != 0:
        return None, f"peer failed: {run.stderr.strip().splitlines()[-1] if run.stderr.strip() else run.returncode}"
    answer = json.loads(run.stdout.strip().splitlines()[-1])
    return answer["links_per_s"], (
        f"sionna {answer['version']} at its fastest drop size ({answer['users']} users); it also draws the spreads of "
        "small-scale fading and correlates all parameters in space"
    )


def main() -> None:
    """Time drops of several sizes on one thread; a link is one user and one sector, as in silla's figure."""
    import sionna  # type: ignore[import-not-found]
    import torch  # type: ignore[import-not-found]
    from sionna.phy.channel.tr38901 import PanelArray, UMa  # type: ignore[import-not-found]

    torch.set_num_threads(1)
    array = PanelArray(
        num_rows_per_panel=1, num_cols_per_panel=1, polarization="single", polarization_type="V",
        antenna_pattern="38.901", carrier_frequency=3.5e9,
    )  # fmt: skip
    sites = torch.rand(_SITES, 2) * 2000 - 1000
    found = []
    for batch, users in _SHAPES:
        model = UMa(3.5e9, "low", array, array, "downlink", always_generate_lsp=True)
        cells = torch.full((batch, 3 * _SITES, 3), 25.0)
        cells[:, :, :2] = sites.repeat_interleave(3, 0)
        seconds = []
        for _ in range(4):
            places = torch.rand(batch, users, 3) * 2000 - 1000
            places[:, :, 2] = 1.5
            zero, inside = torch.zeros(batch, users, 3), torch.rand(batch, users) < 0.8
            start = time.perf_counter()
            model.set_topology(places, cells, zero, torch.zeros_like(cells), zero, inside, "random")
            model.sample_lsp()
            seconds.append(time.perf_counter() - start)
        found.append((batch * users * 3 * _SITES / min(seconds[1:]), users))
    rate, users = max(found)
    print(json.dumps({"links_per_s": rate, "users": users, "version": sionna.__version__}))


if __name__ == "__main__":
    main()
