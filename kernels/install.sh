#!/bin/sh
# Builds and installs the kernel wheel, or says in one line that the NumPy twins serve. Never fails.
twins="the NumPy twins serve (the same results to rounding, slower)"
log=.venv/kernels.log
if ! command -v "${CXX:-c++}" >/dev/null 2>&1; then
  echo "No C++ compiler found: $twins. With one installed: touch kernels/pyproject.toml && make kernels"
  exit 0
fi
echo "Building the C++ kernels"
if ${PIP:-pip install} --force-reinstall --no-deps ./kernels >"$log" 2>&1 &&
  isa=$("${PY:-python3}" -c 'import silla_kernels; print(silla_kernels.isa())' 2>>"$log"); then
  echo "C++ kernels installed; this machine uses: $isa"
else
  echo "The C++ kernels could not be built (see $log): $twins"
fi
exit 0
