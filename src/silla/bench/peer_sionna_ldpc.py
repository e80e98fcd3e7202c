"""The `sionna` wheel's LDPC decoder and encoder, timed in an interpreter of its own.

Run as a script it prints bits per second as JSON and needs nothing of silla. `bits_per_s` runs it with this interpreter
where sionna is installed (extra `oracle`), or with the one that SILLA_ORACLE_PYTHON names.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

__all__ = ["bits_per_s"]

_K, _ITERATIONS = 8448, 10


def bits_per_s(work: str, n: int) -> tuple[float | None, str]:
    """(information bits per second on one core, remark) of `work` "decode" or "encode" with n coded bits."""
    python = os.environ.get("SILLA_ORACLE_PYTHON") or (sys.executable if importlib.util.find_spec("sionna") else None)
    if python is None:
        return None, "peer not installed (pip install 'silla[oracle]')"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [python, str(Path(__file__)), work, str(n)]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    if run.returncode != 0:
        return None, f"peer failed: {run.stderr.strip().splitlines()[-1] if run.stderr.strip() else run.returncode}"
    answer = json.loads(run.stdout.strip().splitlines()[-1])
    return answer["bits_per_s"], f"sionna {answer['version']} on one thread, offset min-sum, flooding"


def main(work: str, n: int) -> None:
    """Time the faster of two batch sizes."""
    import sionna  # type: ignore[import-not-found]
    import torch  # type: ignore[import-not-found]
    from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder  # type: ignore[import-not-found]

    torch.set_num_threads(1)
    encoder = LDPC5GEncoder(_K, n)
    decoder = LDPC5GDecoder(encoder, num_iter=_ITERATIONS, cn_update="offset-minsum", hard_out=True)
    rates = []
    for batch in (4, 16):
        bits = torch.randint(0, 2, (batch, _K)).float()
        words = encoder(bits)
        noisy = 4.0 * (2.0 * words - 1.0) + torch.randn(batch, n)
        call = (lambda x=noisy: decoder(x)) if work == "decode" else (lambda x=bits: encoder(x))
        call()
        seconds = []
        for _ in range(3):
            start = time.process_time()
            call()
            seconds.append(time.process_time() - start)
        rates.append(batch * _K / min(seconds))
    print(json.dumps({"bits_per_s": max(rates), "version": sionna.__version__}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
