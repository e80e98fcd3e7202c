"""Makes pusch.json with the sionna wheel: see SOURCE.md."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from tests.physics.radio.link.sionna_pusch import grid, transmitter
from tests.physics.radio.link.test_pusch import config_of

from silla.base.rng import stream

ALLOCATIONS = [
    {"n_prb": 1, "mcs_table": "qam64", "mcs_index": 5},
    {"n_prb": 2, "slot": 3, "cell_id": 501, "n_layers": 2, "n_ports": 4, "codebook": True, "tpmi": 17,
     "mcs_table": "qam256", "mcs_index": 22, "dmrs": {"additional_position": 1}},
    {"n_prb": 2, "slot": 11, "mapping_type": "B", "start_symbol": 3, "n_symbols": 8, "n_layers": 2, "n_ports": 2,
     "mcs_table": "qam64", "mcs_index": 19, "n_rnti": 60001, "n_id": 1000,
     "dmrs": {"config_type": 2, "length": 2, "ports": [3, 10], "cdm_groups_without_data": 3, "n_id": [77, 60000],
              "n_scid": 1}},
    {"n_prb": 3, "mcs_table": "qam1024", "mcs_index": 26, "dmrs": {"cdm_groups_without_data": 1,
     "additional_position": 3}},
]  # fmt: skip


def main() -> None:
    out = []
    for seed, allocation in enumerate(ALLOCATIONS):
        config = config_of(allocation)
        theirs, tx = transmitter(config)
        bits = stream(seed, "golden", "pusch").integers(0, 2, int(theirs.tb_size), dtype=np.uint8)
        x = grid(tx, bits)
        parts = np.round(np.stack([np.real(x), np.imag(x)]) * 1e4).astype(int)
        out.append({"seed": seed, "allocation": allocation, "tbs": int(theirs.tb_size), "shape": list(x.shape),
                    "grid": parts.ravel().tolist()})  # fmt: skip
    Path(__file__).with_name("pusch.json").write_text(json.dumps(out, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
