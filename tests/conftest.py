"""One thread a process, before numpy is loaded: small problems only wait for a second one, and results do not vary."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
