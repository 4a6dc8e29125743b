"""Arrays and the few lines that make a group or a representation of another library of them.

The lines are constant: names, sizes and numbers stand in the NPZ beside them, and nothing of the user's enters code.
"""

from __future__ import annotations

import numpy as np

from ..._version import __version__
from ...algebra import structure_constants
from ...atomic import npz_bytes
from ...equivariant.irreps import Irreps, so2_irreps, so3_irreps
from ...errors import InputError
from .source import Source

MOST_COUPLED = 10
"""Largest d whose d^3 Clebsch-Gordan coefficients are looked for."""
VANISHES = 1e-12  # of a squared norm: rounding alone makes 1e-15

E3NN = '''"""A representation of SO(3) that symdisc found, as e3nn's irreps: x = change_of_basis z, D(R) acts on z."""

from pathlib import Path

import numpy as np
import torch
from e3nn import o3

data = np.load(Path(__file__).with_suffix(".npz"), allow_pickle=False)
irreps = o3.Irreps(str(data["irreps"]))
change_of_basis = torch.from_numpy(data["change_of_basis"])
to_irreps = torch.linalg.inv(change_of_basis)  # z = to_irreps x is what an e3nn module takes


def representation(rotation):
    """(d, d) on x, of a (3, 3) rotation matrix."""
    return change_of_basis @ irreps.D_from_matrix(rotation).to(change_of_basis) @ to_irreps
'''

ESCNN = '''"""A representation that symdisc found, for escnn: change_of_basis (sum of irreps) change_of_basis^-1."""

from pathlib import Path

import numpy as np
from escnn.group import Representation, o2_group, so2_group, so3_group

data = np.load(Path(__file__).with_suffix(".npz"), allow_pickle=False)
make = {"SO(2)": so2_group, "O(2)": o2_group, "SO(3)": so3_group}[str(data["group"])]
group = make(int(data["frequency"]))
irreps = [tuple(irrep) for irrep in data["irreps"].tolist()]
representation = Representation(group, str(data["name"]), irreps, data["change_of_basis"])
'''

CUEQUIVARIANCE = '''"""A representation that symdisc found, for cuequivariance."""
from pathlib import Path
import cuequivariance as cue
import numpy as np
data = np.load(Path(__file__).with_suffix(".npz"), allow_pickle=False)
class Found(cue.Rep):
    def __init__(self, generators, discrete): self.pair = generators, discrete
    def algebra(self): return data["algebra"]
    def continuous_generators(self): return self.pair[0]
    def discrete_generators(self): return self.pair[1]
    def trivial(self): return Found(np.zeros((len(self.pair[0]), 1, 1)), np.ones((len(self.pair[1]), 1, 1)))
rep = Found(data["generators"], data["discrete"])
clebsch_gordan = data["clebsch_gordan"]  # (paths, d, d, d): equivariant maps rep x rep -> rep
'''

EMLP = '''"""A group that symdisc found, for emlp. Its name is that of its content, since emlp caches by name."""

from pathlib import Path

import numpy as np
from emlp.groups import Group

data = np.load(Path(__file__).with_suffix(".npz"), allow_pickle=False)


class Found(Group):
    def __init__(self):
        self.lie_algebra, self.discrete_generators = data["generators"], data["discrete"]
        super().__init__()

    def __repr__(self):
        return str(data["name"])


group = Found()
'''


def e3nn(source: Source) -> dict[str, bytes]:
    """Irreps and change of basis of so(3); every irrep is even, which asks nothing of reflections.

    Raises:
        InputError: another algebra, or half-integer spin.
    """
    found = _so3(source, "y", "e3nn")
    counts = {l: found.labels.count(l) for l in sorted(set(found.labels))}  # noqa: E741
    words = "+".join(f"{copies}x{l}e" for l, copies in counts.items())  # noqa: E741
    return _pair(E3NN, found, irreps=np.array(words))


def escnn(source: Source) -> dict[str, bytes]:
    """Irreps and change of basis of so(3), so(2), or O(2) where a reflection came with the generator.

    Raises:
        InputError: another algebra.
    """
    if len(source.generators) == 1:
        if len(source.discrete) > 1:
            raise InputError(f"escnn: O(2) has one reflection beside its generator, not {len(source.discrete)}")
        mirror = source.discrete[0] if len(source.discrete) else None
        found = so2_irreps(source.generators[0], mirror)
        group = "SO(2)" if mirror is None else "O(2)"
        named = [
            (label,) if mirror is None else (1 if label else parity, label)
            for label, parity in zip(found.labels, found.parity, strict=True)
        ]
    else:
        if len(source.discrete):
            raise InputError("escnn: discrete generators beside so(3) are not exported; leave them out")
        found, group = _so3(source, "z", "escnn"), "SO(3)"
        named = [(l,) for l in found.labels]  # noqa: E741
    return _pair(
        ESCNN,
        found,
        group=np.array(group),
        irreps=np.array(named),
        frequency=np.array(max(1, *found.labels)),
        name=np.array(f"symdisc-{source.digest}"),
    )


def cuequivariance(source: Source) -> dict[str, bytes]:
    """Generators, algebra and Clebsch-Gordan coefficients of the representation with itself, up to d = 10."""
    generators = source.standard
    arrays = {
        "generators": generators,
        "discrete": source.discrete,
        "algebra": structure_constants(generators),
        "clebsch_gordan": coupling(generators, source.discrete, source.algebra.noise),
    }
    return {".npz": npz_bytes(arrays | _origin()), ".py": CUEQUIVARIANCE.encode()}


def emlp(source: Source) -> dict[str, bytes]:
    """A Group whose repr names its content."""
    arrays = {
        "generators": source.standard,
        "discrete": source.discrete,
        "name": np.array(f"symdisc-{source.digest}"),
    }
    return {".npz": npz_bytes(arrays | _origin()), ".py": EMLP.encode()}


def coupling(generators: np.ndarray, discrete: np.ndarray, noise: float = 0.0) -> np.ndarray:
    """(paths, d, d, d) orthonormal C with X(C(u, v)) = C(X u, v) + C(u, X v): equivariant maps of V x V to V.

    Index order u, v, out, scaled so that each path has norm sqrt(d), the convention of cuequivariance for irreps.
    No paths above d = 10.

    Args:
        generators: (k, d, d); discrete: (m, d, d).
        noise: relative noise of the entries: what it makes of zero counts as zero.
    """
    d = generators.shape[1]
    if d > MOST_COUPLED:
        return np.zeros((0, d, d, d))
    one = np.eye(d)
    total = np.zeros((d**3, d**3))
    scale = 0.0
    for x in generators:
        lie = (
            np.einsum("ai,bj,ck->ijkabc", x, one, one)
            + np.einsum("ai,bj,ck->ijkabc", one, x, one)
            - np.einsum("ai,bj,kc->ijkabc", one, one, x)
        ).reshape(d**3, d**3)
        total += lie.T @ lie
        scale += 3 * d * d * float(np.square(x).sum())
    for h in discrete:
        fixed = np.einsum("ai,bj,kc->ijkabc", h, h, np.linalg.inv(h)).reshape(d**3, d**3) - np.eye(d**3)
        total += fixed.T @ fixed
        scale += 3 * d * d * d
    values, vectors = np.linalg.eigh(total)
    # A null vector sees noise in every term: its residual is at most noise times the size of the operator's rows.
    limit = max(VANISHES, 9 * noise**2) * scale / d**2
    return np.sqrt(d) * vectors[:, values <= limit].T.reshape(-1, d, d, d)


def _so3(source: Source, pole: str, library: str) -> Irreps:
    name = source.algebra.name
    if name != "so(3)":
        raise InputError(
            f"{library} has the rotations of space, and these generators span {name}; "
            "cuequivariance and emlp take any group"
        )
    return so3_irreps(source.standard, pole)


def _pair(code: str, found: Irreps, **arrays: np.ndarray) -> dict[str, bytes]:
    arrays |= {
        "change_of_basis": found.basis,
        "generators": found.generators,
        "residual": np.array(found.residual),
    }
    return {".npz": npz_bytes(arrays | _origin()), ".py": code.encode()}


def _origin() -> dict[str, np.ndarray]:
    return {"symdisc": np.array(__version__)}
