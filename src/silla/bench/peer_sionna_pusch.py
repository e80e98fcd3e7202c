"""The `sionna` wheel's PUSCH link on one full slot, timed in an interpreter of its own.

Run as a script it prints slots per second as JSON and needs nothing of silla. `slots_per_s` runs it with this
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

__all__ = ["slots_per_s"]


def slots_per_s(n_prb: int, mcs: int, n_rx: int, snr_db: float) -> tuple[float | None, str]:
    """(slots per second on one core, remark); None where sionna is not installed or fails."""
    python = os.environ.get("SILLA_ORACLE_PYTHON") or (sys.executable if importlib.util.find_spec("sionna") else None)
    if python is None:
        return None, "peer not installed (pip install 'silla[oracle]')"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [python, str(Path(__file__)), str(n_prb), str(mcs), str(n_rx), str(snr_db)]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=400)
    if run.returncode != 0:
        return None, f"peer failed: {run.stderr.strip().splitlines()[-1] if run.stderr.strip() else run.returncode}"
    answer = json.loads(run.stdout.strip().splitlines()[-1])
    return answer["slots_per_s"], (
        f"sionna {answer['version']} on one thread: TDL-A, least squares with linear interpolation, LMMSE detection, "
        f"{answer['iterations']} iterations of its default decoder"
    )


def main(n_prb: int, mcs: int, n_rx: int, snr_db: float) -> None:
    """Time the faster of two batch sizes, one slot and two."""
    import sionna  # type: ignore[import-not-found]
    import torch  # type: ignore[import-not-found]
    from sionna.phy.channel import OFDMChannel  # type: ignore[import-not-found]
    from sionna.phy.channel.tr38901 import TDL  # type: ignore[import-not-found]
    from sionna.phy.nr import (  # type: ignore[import-not-found]
        PUSCHConfig,
        PUSCHReceiver,
        PUSCHTransmitter,
        TBDecoder,
    )

    torch.set_num_threads(1)
    config = PUSCHConfig()
    config.carrier.subcarrier_spacing = 30
    config.carrier.n_size_grid = n_prb
    config.tb.mcs_table = 1
    config.tb.mcs_index = mcs
    sender = PUSCHTransmitter(config)
    decoder = TBDecoder(sender._tb_encoder, num_bp_iter=10)
    receiver = PUSCHReceiver(sender, tb_decoder=decoder, return_tb_crc_status=True)
    model = TDL("A", 100e-9, 3.5e9, min_speed=4.3, num_rx_ant=n_rx)
    channel = OFDMChannel(model, sender.resource_grid)
    no = torch.tensor(10 ** (-snr_db / 10))
    found, errors = [], 0.0
    for batch in (1, 2):
        seconds = []
        for _ in range(3):
            start = time.process_time()
            x, _bits = sender(batch)
            _decoded, ok = receiver(channel(x, no), no)
            seconds.append(time.process_time() - start)
            errors += float((~ok.bool()).float().mean())
        found.append(batch / min(seconds))
    print(json.dumps({"slots_per_s": max(found), "version": sionna.__version__, "iterations": 10, "lost": errors / 6}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
