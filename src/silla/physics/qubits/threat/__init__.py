"""When quantum computers break what protects a network: evidence, growth of machines, years, exposed interfaces.

Imports base and `physics.qubits.resources` only. Read `years` first: `broken_years` draws the year in which a primitive
falls; `exposure` turns it into the risk of an interface.
"""

from silla.physics.qubits.threat.evidence import PRIMITIVES, ROADMAP, ROUTES, Primitive
from silla.physics.qubits.threat.exposure import Exposure, expose
from silla.physics.qubits.threat.years import GROWTHS, Growth, broken_years

__all__ = ["GROWTHS", "PRIMITIVES", "ROADMAP", "ROUTES", "Exposure", "Growth", "Primitive", "broken_years", "expose"]
