"""Which model of f: the one with the least error on samples it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..device import out_of_memory
from . import forms
from .frame import Frame
from .hermite import Hermite
from .models import (
    SOFT_PENALTIES,
    WIDTHS,
    Features,
    Fitted,
    Kernel,
    Polynomial,
    Ridge,
    best_penalty,
    centres_of,
    softmax,
    softmax_fit,
    typical,
    wrong_samples,
)
from .sizes import FORMS, MOST_TRIED, PARTS, degrees, form_counts

KINDS = ("polynomial", "kernel", "forms", "mlp")
# Of the parts that samples are in by turns one is held out, and judged on.
JUDGED = 5
# So many held-out samples judge fairly; kernels take long, and their sizes differ more.
FAIR = {"polynomial": 500, "kernel": 200, "forms": 200}
MOST_CLASS_TERMS = 600
COMPARABLE = 2.0
# Share of the variance of y: smaller errors are all alike, and no perceptron comes so close.
ENOUGH = 1e-6
EXACT = 1e-16
REFITS = 3
POOR, MOST_TRIES, APART = 3.0, 3, 1000


@dataclass(frozen=True)
class Recipe:
    """A model before it is fitted.

    Attributes:
        kind: one of `KINDS`. size: degree of a polynomial, width of a kernel, number of forms (0: a perceptron).
        penalty: of softmax or ridge regression; None: the one with the least error on held-out samples. All folds
            share it: fits of different roughness would disagree for that alone.
        error: on held-out samples, over that of no model at all.
    """

    kind: str
    size: float = 0.0
    penalty: float | None = None
    error: float = np.inf

    def words(self) -> str:
        """For a person."""
        if not np.isfinite(self.error):
            return f"{self.kind} not tried"
        shown = {
            "polynomial": f"polynomial of degree {self.size:g}",
            "kernel": f"kernel of width {self.size:.2g}",
            "forms": f"function of {self.size:g} quadratic forms",
        }
        return f"{shown.get(self.kind, self.kind)} {self.error:.2g}"


@dataclass(frozen=True)
class Target:
    """What is fitted: u (n, s), y in the coordinates of a frame, or classes as one-hot y (n, c).

    Attributes:
        device, dtype: of the perceptron.
    """

    frame: Frame
    values: np.ndarray
    classes: bool
    device: str = "cpu"
    dtype: str = "float32"

    def __getitem__(self, rows: np.ndarray) -> Target:
        return Target(self.frame, self.values[rows], self.classes, self.device, self.dtype)

    def errors(self, predicted: np.ndarray) -> np.ndarray:
        """(n,) losses: squares, or minus the log of the probability of the true class."""
        if not self.classes:
            return ((self.values - predicted) ** 2).sum(axis=1)
        chances = (softmax(predicted) * self.values).sum(axis=1)
        return -np.log(np.maximum(chances, 1e-300))

    def without_model(self) -> float:
        """The mean loss of the mean of y, or of the frequencies of the classes."""
        mean = self.values.mean(axis=0)
        if not self.classes:
            return float(((self.values - mean) ** 2).sum(axis=1).mean())
        return -float(mean @ np.log(np.maximum(mean, 1e-300)))


def possible(kind: str, z: np.ndarray, target: Target) -> bool:
    """Whether these samples (n, r) allow a model of this kind."""
    return kind != "forms" or not (target.classes or not form_counts(z.shape[1], target.values.shape[1], len(z)))


def chosen(kind: str, z: np.ndarray, target: Target, part: np.ndarray, seed: int) -> tuple[Recipe, Fitted]:
    """The best model of a kind: sizes are tried on few samples, then the best one is fitted to all.

    Args:
        part: (n,) which of `PARTS` parts a sample is in. Models are judged on the part `JUDGED`, and where that is
            small on as many others in turn as make it a fair number: else the choice of a size is chance.
    """
    held = part == JUDGED
    if kind == "mlp":
        return fitted(Recipe(kind), z, target, held, seed)
    few = np.arange(len(z))
    if len(z) > MOST_TRIED:
        few = np.sort(np.random.default_rng([seed, 3]).permutation(len(z))[:MOST_TRIED])
    turns = min(PARTS, -(-FAIR[kind] // max(int(held[few].sum()), 1)))

    def judged(recipe: Recipe) -> tuple[Recipe, Fitted]:
        if turns == 1:
            return fitted(recipe, z[few], target[few], held[few], seed)
        masks = [part[few] == (JUDGED + turn) % PARTS for turn in range(turns)]
        found = [fitted(recipe, z[few], target[few], mask, seed) for mask in masks if 0 < mask.sum() < len(mask)]
        error = float(np.mean([one.error for one, _ in found]))
        if kind == "forms":
            return replace(recipe, error=error), found[0][1]
        penalties = sorted(one.penalty for one, _ in found if one.penalty is not None)
        same = replace(recipe, penalty=penalties[len(penalties) // 2])
        return replace(same, error=error), fitted(same, z[few], target[few], held[few], seed)[1]

    def of_size(size: float) -> tuple[Recipe, Fitted]:
        penalties = SOFT_PENALTIES if target.classes else (None,)
        return min((judged(Recipe(kind, size, p)) for p in penalties), key=_error)

    sizes = _sizes(kind, z[few][~held[few]], target)
    # An even function gains nothing from odd degrees, so errors of polynomials do not fall step by step.
    best = _downhill(sizes, of_size) if kind == "kernel" else min(_tried(kind, sizes, of_size), key=_error)
    return best if len(few) == len(z) else fitted(best[0], z, target, held, seed)


def _error(tried: tuple[Recipe, Fitted]) -> float:
    return tried[0].error


def _tried(
    kind: str, sizes: list[float], of_size: Callable[[float], tuple[Recipe, Fitted]]
) -> Iterator[tuple[Recipe, Fitted]]:
    """All sizes; more forms are not tried where fewer are enough."""
    for size in sizes:
        yield (found := of_size(size))
        if kind == "forms" and _error(found) < ENOUGH:
            return


def _downhill(sizes: list[float], of_size: Callable[[float], tuple[Recipe, Fitted]]) -> tuple[Recipe, Fitted]:
    """The best size, found from the middle one step at a time."""
    at = len(sizes) // 2
    found = {at: of_size(sizes[at])}
    for step in (-1, 1):
        while 0 <= at + step < len(sizes):
            found[at + step] = found.get(at + step) or of_size(sizes[at + step])
            if not found[at + step][0].error < found[at][0].error:
                break
            at += step
    return found[at]


def _sizes(kind: str, z: np.ndarray, target: Target) -> list[float]:
    n, r = z.shape
    if kind == "kernel":
        return [width * float(np.sqrt(r)) for width in (WIDTHS[1::2] if target.classes else WIDTHS)]
    if kind == "forms":
        return [float(m) for m in form_counts(r, target.values.shape[1], n)] or [float(FORMS[0])]
    found = degrees(r, n)
    return [float(k) for k in found if not target.classes or len(Hermite(r, k)) <= MOST_CLASS_TERMS] or [1.0]


def fitted(recipe: Recipe, z: np.ndarray, target: Target, held: np.ndarray, seed: int) -> tuple[Recipe, Fitted]:
    """The model of a recipe, and the recipe with its error.

    Args:
        held: (n,) mask of samples that it is not fitted to; they say when it is good.
    """
    scale = target[held].without_model() or 1.0
    if recipe.kind == "mlp":
        from .network import Training, train

        training = Training(target.classes, target.device, target.dtype)
        try:
            network, error = train(z, target.values, held, training, seed)
        except RuntimeError as reason:
            if not out_of_memory(reason):
                raise
            # What training takes is all samples at once; main memory holds them anyway.
            network, error = train(z, target.values, held, replace(training, device="cpu"), seed)
        return replace(recipe, error=error / scale), network
    tries = [_refitted(recipe, z, target, held, seed, scale)]
    # Forms can end in a poor minimum, which the fit that was chosen shows: then from other starts.
    while recipe.kind == "forms" and tries[-1][0].error > POOR * recipe.error and len(tries) < MOST_TRIES:
        tries.append(_refitted(recipe, z, target, held, seed + len(tries) * APART, scale))
    return min(tries, key=_error)


def _refitted(
    recipe: Recipe, z: np.ndarray, target: Target, held: np.ndarray, seed: int, scale: float
) -> tuple[Recipe, Fitted]:
    """Fitted again without the samples that the fit before shows to be wrong."""
    used = ~held
    for _ in range(REFITS):
        penalty, model = _fit(recipe, z, target, used, held, seed)
        wrong = None if target.classes else wrong_samples(target.errors(model.values(z))[used], z[used])
        if wrong is None:
            break
        used[used] = ~wrong
    losses = target[held].errors(model.values(z[held]))
    error = float(losses.mean()) if target.classes else typical(losses, z[held])
    return replace(recipe, penalty=penalty, error=error / scale), model


def _fit(
    recipe: Recipe, z: np.ndarray, target: Target, used: np.ndarray, held: np.ndarray, seed: int
) -> tuple[float | None, Fitted]:
    """Penalty and model, fitted to the samples of the mask `used`."""
    features: Features
    if recipe.kind == "forms":
        return None, forms.train(z, target.values, held, used, int(recipe.size), seed)
    if recipe.kind == "kernel":
        features = Kernel.of(centres_of(z[used], np.random.default_rng([seed, 7])), recipe.size)
    else:
        features = Polynomial(Hermite(z.shape[1], int(recipe.size)))
    phi, penalty = features.values(z[used]), recipe.penalty
    if target.classes:
        return penalty, softmax_fit(features, phi, target.values[used], penalty or 0.0)
    ridge = Ridge(phi, features.root(), target.values[used])
    if penalty is None:
        penalty = best_penalty(ridge, features.values(z[held]), target.values[held], z[held])
    return penalty, ridge.model(features, penalty)


@dataclass(frozen=True)
class Average:
    """The mean of several models: what they get wrong in different ways drops out.

    Attributes:
        models: of values, or of logits.
    """

    models: Sequence[Fitted]

    def values(self, z: np.ndarray) -> np.ndarray:
        """(n, c)."""
        return np.mean([model.values(z) for model in self.models], axis=0)

    def gradient(self, z: np.ndarray) -> np.ndarray:
        """(n, c, r)."""
        return np.mean([model.gradient(z) for model in self.models], axis=0)


def worth_averaging(recipes: Sequence[Recipe]) -> list[Recipe]:
    """The best of the models tried, and those that err at most `COMPARABLE` times as much, the best first.

    A polynomial gives way to smooth models that come as close, or close enough, unless it is exact: off a thin set of
    samples nothing ties its gradient down, and errors on such samples do not show it.
    """
    ordered = sorted(recipes, key=lambda recipe: recipe.error)
    least = ordered[0].error
    close = [recipe for recipe in ordered if recipe.error <= max(COMPARABLE * least, ENOUGH if least > EXACT else 0.0)]
    return [recipe for recipe in close if recipe.kind != "polynomial"] or close


def predictions(model: Fitted, target: Target, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values (n, s) and gradient (n, s, r) in the coordinates of the frame; of classes those of their probabilities."""
    parts = [_predicted(model, target, z[rows]) for rows in _blocks(len(z))]
    return np.concatenate([one for one, _ in parts]), np.concatenate([other for _, other in parts])


def _predicted(model: Fitted, target: Target, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, gradient = model.values(z), model.gradient(z)
    if not target.classes:
        return values, gradient
    # The level sets of probabilities are those of logits, and the mean of a one-hot y is a probability.
    chances = softmax(values)
    slope = chances[:, :, None] * (gradient - np.einsum("nc,ncr->nr", chances, gradient)[:, None])
    return target.frame.reduced(chances), np.einsum("sc,ncr->nsr", target.frame.reduce, slope)


def _blocks(rows: int, size: int = 4096) -> Iterator[slice]:
    for low in range(0, rows, size):
        yield slice(low, min(low + size, rows))
