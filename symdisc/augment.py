"""Augmentation as a transformer of scikit-learn's kind; scikit-learn itself is not needed."""

from __future__ import annotations

from typing import Any

import numpy as np

from .data import from_arrays
from .errors import InputError
from .symmetry import Symmetry, load
from .transform import Transform, apply

_PARAMETERS = ("generators", "spread", "seed", "basis", "kind", "axes", "training_only")


class RandomTransform:
    """Moves every sample by exp(sum t_i L_i), with t drawn from a normal distribution for each.

    In a pipeline it belongs before the model. `fit_transform`, which a pipeline calls on training data, moves the
    samples; `transform`, which it calls for predictions, leaves them as they are unless `training_only=False`.

    Args:
        generators: a `Symmetry`, the path of a result, or (k, d, d) matrices.
        spread: standard deviation of t; a number, or one a generator. In the canonical basis of a rotation: radians.
        seed: of the draws. Every call of `fit_transform` after a `fit` with the same seed draws the same t; None: anew.
        basis: "canonical" or "generators", as for `symdisc.apply`; None: canonical where there is one.
        kind: "samples", "trajectory" or "field".
        axes: a letter per axis of X; default n, then s.
        training_only: whether `transform` leaves its samples alone.

    Attributes:
        n_generators_: how many there are.
        n_features_in_: numbers in one sample.

    Example:
        >>> import numpy as np
        >>> from symdisc.augment import RandomTransform
        >>> turn = np.array([[0.0, -1.0], [1.0, 0.0]])
        >>> moved = RandomTransform(turn, spread=0.3, seed=0).fit_transform([[3.0, 4.0], [0.0, 5.0]])
        >>> np.linalg.norm(moved, axis=1).round(12).tolist()
        [5.0, 5.0]
    """

    def __init__(
        self,
        generators: Any,
        spread: Any = 0.1,
        seed: int | None = 0,
        basis: str | None = None,
        kind: str = "samples",
        axes: str | None = None,
        training_only: bool = True,
    ) -> None:
        # As scikit-learn's `clone` asks: kept as given, checked in `fit`.
        self.generators = generators
        self.spread = spread
        self.seed = seed
        self.basis = basis
        self.kind = kind
        self.axes = axes
        self.training_only = training_only

    def fit(self, X: Any, y: Any = None) -> RandomTransform:
        """Check that the generators act on X; nothing is learned.

        Raises:
            InputError: sizes that do not fit, or a spread that is no number a generator.
        """
        data = from_arrays(X, kind=self.kind, axes=self.axes)
        transform = Transform(self._result(), data, self.basis)
        self._spread = np.asarray(self.spread, dtype=float)
        if (
            self._spread.shape not in ((), (transform.k,))
            or not (np.isfinite(self._spread) & (self._spread >= 0)).all()
        ):
            raise InputError(
                f"spread {self.spread}: give one number from 0 on, or one for each of {transform.k} generators"
            )
        self.n_generators_ = transform.k
        self.n_features_in_ = int(np.prod(data.x_shape)) // data.samples
        self._rng = np.random.default_rng(self.seed)
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> np.ndarray:
        """Moved samples: an array of the shape of X."""
        return self.fit(X, y)._moved(X)

    def transform(self, X: Any) -> np.ndarray:
        """X as it is, or moved where `training_only` is false.

        Raises:
            InputError: not fitted yet.
        """
        if not hasattr(self, "_rng"):
            raise InputError("RandomTransform: call fit or fit_transform first")
        return np.asarray(X) if self.training_only else self._moved(X)

    def _moved(self, X: Any) -> np.ndarray:
        data = from_arrays(X, kind=self.kind, axes=self.axes)
        t = self._spread * self._rng.standard_normal((data.samples, self.n_generators_))
        return apply(self._result(), X, t, kind=self.kind, axes=self.axes, basis=self.basis)

    def _result(self) -> Symmetry | np.ndarray:
        if isinstance(self.generators, Symmetry):
            return self.generators
        if isinstance(self.generators, (str, bytes)) or hasattr(self.generators, "__fspath__"):
            return load(self.generators)
        return np.asarray(self.generators, dtype=float)

    # --- what pipelines, grid searches and clones ask

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name."""
        return {name: getattr(self, name) for name in _PARAMETERS}

    def set_params(self, **params: Any) -> RandomTransform:
        """Change parameters by name.

        Raises:
            ValueError: an unknown name.
        """
        for name, value in params.items():
            if name not in _PARAMETERS:
                raise ValueError(f"RandomTransform has no parameter {name!r}; it has {', '.join(_PARAMETERS)}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        shown = type(self.generators).__name__
        others = ", ".join(f"{name}={getattr(self, name)!r}" for name in _PARAMETERS[1:])
        return f"RandomTransform({shown}, {others})"
