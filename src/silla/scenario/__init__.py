"""What the user wrote: frozen models, the catalogue of parts, a loader that points at lines, importers of plain files.

May import base, pydantic, ruamel.yaml, numpy and shapely; never physics. Read `models.py` first, then `loader.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from silla.scenario.loader import Loaded, load
    from silla.scenario.models import Scenario

__all__ = ["Loaded", "Scenario", "load"]


def __getattr__(name: str) -> Any:
    # pydantic is imported when a scenario is, not when silla is
    if name in ("load", "Loaded"):
        from silla.scenario import loader

        return getattr(loader, name)
    if name == "Scenario":
        from silla.scenario.models import Scenario

        return Scenario
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
