"""GPU time that a cell's layer-1 processing takes: share of a GPU per cell, and the work per slot."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register

__all__ = ["cell_gpu_share", "pool_ran_demand", "slot_work_s"]

AERIAL_23_1 = Citation(
    "Aerial23-1",
    "NVIDIA Aerial SDK 23-1, cuBB release notes, Performance: A100, 4 peak / 8 average 4T4R 100 MHz cells",
    "https://docs.nvidia.com/aerial/archive/aerial-sdk/23-1/text/cubb_release_notes/performance.html",
)
AERIAL_CAPACITY = Citation(
    "AerialCapacity",
    "NVIDIA Aerial CUDA-Accelerated RAN, Multicell capacity: a peak cell schedules 270, an average cell 132 PRB; "
    "Grace Hopper carries 20 peak cells",
    "https://docs.nvidia.com/aerial/cuda-accelerated-ran/latest/release_notes/multicell_capacity.html",
)

PEAK_CELLS_PER_A100 = 4.0
# Two published points fix a straight line: 270 PRB cost 1/4 of an A100, 132 PRB cost 1/8.
AVERAGE_LOAD = 132.0 / 270.0
FIXED_SHARE = (0.5 - AVERAGE_LOAD) / (1.0 - AVERAGE_LOAD)
# Assumed split of the peak work at 4 ports and 4 layers between work per layer (channel coding, modulation) and work
# per layer and port (estimation, equalisation, precoding). Declared, not measured.
PER_LAYER_SHARE = 0.5


def cell_gpu_share(
    load: ArrayLike,
    bandwidth_hz: ArrayLike = 100e6,
    n_layers: ArrayLike = 4,
    n_ports: ArrayLike = 4,
    *,
    peak_cells_per_gpu: ArrayLike = PEAK_CELLS_PER_A100,
):
    """Share of one GPU that a cell's layer 1 needs, shape of the broadcast arguments.

    share = 1/C (f + (1-f) load) (B / 100 MHz) (w l/4 + (1-w) l p/16): C the peak cells per GPU, f = 0.022 from the two
    published points, w = 0.5 declared.

    Parameters
    ----------
    load : scheduled share of the carrier's resources, 0..1.
    bandwidth_hz : carrier bandwidth, 5 MHz to 20 GHz; work is proportional to subcarriers times symbols.
    n_layers, n_ports : spatial layers, and digital ports that reach the GPU (after the radio unit's own beamforming).
    peak_cells_per_gpu : published capacity of the GPU in 4T4R 100 MHz cells at full load: A100 4, Grace Hopper 20.

    Left out: scheduler (layer 2), fronthaul limits, the economy of batching many cells in one launch.

    >>> float(cell_gpu_share(1.0))
    0.25
    """
    check_domain("load", load, Range(0.0, 1.0, ""), what="layer-1 GPU load")
    check_domain("bandwidth_hz", bandwidth_hz, Range(5e6, 20e9, "Hz"), what="layer-1 GPU load")
    check_domain("n_layers", n_layers, Range(1.0, 64.0, ""), what="layer-1 GPU load")
    check_domain("n_ports", n_ports, Range(1.0, 256.0, ""), what="layer-1 GPU load")
    layers, ports = np.asarray(n_layers, float), np.asarray(n_ports, float)
    spatial = PER_LAYER_SHARE * layers / 4.0 + (1.0 - PER_LAYER_SHARE) * layers * ports / 16.0
    temporal = FIXED_SHARE + (1.0 - FIXED_SHARE) * np.asarray(load, float)
    return temporal * spatial * (np.asarray(bandwidth_hz, float) / 100e6) / np.asarray(peak_cells_per_gpu, float)


def slot_work_s(gpu_share: ArrayLike, slot_s: ArrayLike = 0.5e-3):
    """Seconds of GPU time per slot of a cell that needs `gpu_share` of a GPU."""
    return np.asarray(gpu_share, float) * np.asarray(slot_s, float)


def pool_ran_demand(
    load: ArrayLike,
    bandwidth_hz: ArrayLike,
    n_layers: ArrayLike,
    n_ports: ArrayLike,
    cell_pool: ArrayLike,
    n_pools: int,
    *,
    peak_cells_per_gpu: ArrayLike = PEAK_CELLS_PER_A100,
) -> tuple[np.ndarray, np.ndarray]:
    """(mean, variance) over slots of the GPUs that each pool's cells need together, each of shape (..., n_pools).

    Parameters
    ----------
    load : shape (..., cells); the others broadcast to it. cell_pool : pool of each cell, shape (cells,), -1 for none.
    peak_cells_per_gpu : per cell (that of its pool's GPU) or one number.

    A cell is fully loaded in a share `load` of its slots and carries its fixed work alone in the others, independently
    of the other cells, so the variance of its share is (share(1) - share(0))^2 load (1 - load). This is the largest
    variance for a given mean.
    """
    load = np.asarray(load, float)
    kind = {"peak_cells_per_gpu": peak_cells_per_gpu}
    low, high = (cell_gpu_share(np.full_like(load, x), bandwidth_hz, n_layers, n_ports, **kind) for x in (0.0, 1.0))
    mean = cell_gpu_share(load, bandwidth_hz, n_layers, n_ports, **kind)
    member = np.asarray(cell_pool)[:, None] == np.arange(n_pools)
    return mean @ member.astype(float), ((high - low) ** 2 * load * (1.0 - load)) @ member.astype(float)


register(
    ModelCard(
        id="compute.ran_load.gpu_share",
        title="GPU share of a cell's layer 1, scaled from published multicell capacity",
        function=cell_gpu_share,
        sources=(AERIAL_23_1, AERIAL_CAPACITY),
        valid={
            "load": Range(0.0, 1.0, ""),
            "bandwidth_hz": Range(5e6, 20e9, "Hz"),
            "n_layers": Range(1.0, 64.0, ""),
            "n_ports": Range(1.0, 256.0, ""),
        },
        references=(
            Reference({"load": 1.0}, 0.25, "Aerial SDK 23-1: 4 peak cells on one A100", rel=1e-12),
            Reference({"load": AVERAGE_LOAD}, 0.125, "Aerial SDK 23-1: 8 average cells on one A100", rel=1e-12),
        ),
        increasing=("load", "bandwidth_hz", "n_layers", "n_ports"),
        left_out="scheduler, fronthaul limits; the split between per-layer and per-port work is an assumption",
    )
)
