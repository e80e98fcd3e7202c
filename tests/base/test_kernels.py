"""The seam to the C++ kernels: what it says and does when they are switched off, missing or forced."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from silla.base import kernels

ASK = (
    "from silla.base import kernels as k; print(k.available(), k.isa(), k.kernel('los') is None, k.why_not(), sep='|')"
)


def ask(setting: str, *before: str) -> list[str]:
    code = "\n".join([*before, ASK])
    environment = {**os.environ, "SILLA_KERNELS": setting}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return run.stdout.strip().split("|")


def test_off_means_the_twins():
    available, isa, no_kernel, why = ask("off")
    assert (available, isa, no_kernel) == ("False", "numpy", "True")
    assert "SILLA_KERNELS=off" in why and "NumPy twins serve" in why


def test_a_missing_wheel_is_one_line():
    available, isa, _, why = ask("", "import sys; sys.modules['silla_kernels'] = None")
    assert (available, isa) == ("False", "numpy")
    assert why.count("\n") == 0 and "not installed" in why


def test_a_wheel_of_another_version_is_left_alone():
    stale = "import sys, types; sys.modules['silla_kernels'] = types.SimpleNamespace(INTERFACE=0, los=print)"
    available, _, no_kernel, why = ask("", stale)
    assert (available, no_kernel) == ("False", "True") and "another version" in why


@pytest.mark.skipif(not kernels.available(), reason=kernels.why_not())
def test_a_forced_set_is_used_and_an_unknown_one_explained():
    assert ask("baseline")[:3] == ["True", "baseline", "False"]
    available, _, _, why = ask("mmx")
    assert available == "False" and "baseline" in why


def test_off_gives_the_same_line_of_sight():
    code = (
        "from silla.physics.radio.footprints import Footprints, build_index\n"
        "from silla.physics.radio.obstruction import los\n"
        "i = build_index(Footprints.from_rings([[[(0, 0), (10, 0), (10, 10), (0, 10)]]], [20.0]))\n"
        "print(los(i, [(-30, 5, 25)], [(40, 5, 1.5), (-5, 40, 1.5)]).tolist())"
    )
    for setting in ("off", ""):
        run = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "SILLA_KERNELS": setting}, capture_output=True, text=True
        )
        assert run.stdout.strip() == "[[False, True]]", run.stderr
