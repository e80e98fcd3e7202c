"""Network problems as QUBO and Ising models, arrays in: each with its decoder and its strongest classical rivals.

One module a problem; builders from a world, and patches back to it, are in `silla.engine.problems`. Read `instance`
first.
"""

from silla.physics.qubits.problems.colouring import Colouring
from silla.physics.qubits.problems.covering import CellSleep, Cover, SiteSelection
from silla.physics.qubits.problems.instance import KINDS, Decoded, Instance, contenders, load, save
from silla.physics.qubits.problems.key_flows import KeyFlows
from silla.physics.qubits.problems.labelling import Association, TrackingAreas
from silla.physics.qubits.problems.mimo import Mimo, MimoDetection
from silla.physics.qubits.problems.ris import SurfaceLinks
from silla.physics.qubits.problems.scheduling import Scheduling

__all__ = [
    "KINDS",
    "Association",
    "CellSleep",
    "Colouring",
    "Cover",
    "Decoded",
    "Instance",
    "KeyFlows",
    "Mimo",
    "MimoDetection",
    "Scheduling",
    "SiteSelection",
    "SurfaceLinks",
    "TrackingAreas",
    "contenders",
    "load",
    "save",
]
