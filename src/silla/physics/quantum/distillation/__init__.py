"""From detections to secret keys that two parties hold: sifting, reconciliation, verification, hashing, authentication.

`Alice` and `Bob` are state machines without I/O: bytes in, bytes out. Nothing but these messages passes between them,
and whoever carries them may do with them what he likes. Read `party.py` first, then `alice.py` beside `bob.py`.
"""

from silla.physics.quantum.distillation.alice import Alice
from silla.physics.quantum.distillation.bob import Bob
from silla.physics.quantum.distillation.cards import forgery_probability, leftover_distance, undetected_difference
from silla.physics.quantum.distillation.channel import Adversary, Channel, Outcome, run
from silla.physics.quantum.distillation.efficiency import Efficiency, measured_efficiency
from silla.physics.quantum.distillation.ledger import Ledger
from silla.physics.quantum.distillation.link import LinkKey, PreparedLink, collect, distil, prepare
from silla.physics.quantum.distillation.pool import KeyPool
from silla.physics.quantum.distillation.records import AliceRecord, BobRecord, Detections
from silla.physics.quantum.distillation.settings import Settings
from silla.physics.quantum.distillation.yields import Distilled, distilled_bits, shortest_block

__all__ = [
    "Adversary",
    "Alice",
    "AliceRecord",
    "Bob",
    "BobRecord",
    "Channel",
    "Detections",
    "Distilled",
    "Efficiency",
    "KeyPool",
    "Ledger",
    "LinkKey",
    "Outcome",
    "PreparedLink",
    "Settings",
    "collect",
    "distil",
    "distilled_bits",
    "forgery_probability",
    "leftover_distance",
    "measured_efficiency",
    "prepare",
    "run",
    "shortest_block",
    "undetected_difference",
]
