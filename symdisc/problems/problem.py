"""What a problem is: options, and a recipe that makes data together with their true generators."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..options import read
from ..symmetry import Block

MOST_SAMPLES = 10**9


@dataclass(frozen=True)
class Made:
    """Data and the truth about them.

    Attributes:
        arrays: name -> array: x, and y where the kind has one; for pairs t (n, k), the coefficients of the generators.
        kind: as in `symdisc fit --kind`.
        axes: a letter per axis of x.
        generators: (k, m, m) block-diagonal matrices, x -> x + eps L x on columns, spanning all true generators;
            k = 0 where there are none, None where the truth is not known.
        blocks: the diagonal blocks of the generators.
        facts: what else is true of them, in JSON types.
        recipe: problem, seed, samples and options: how to make the same again.
        attributes: how x is sampled, as `fit` reads it from a file: dt, spacing and periodic, each where it has one.
    """

    arrays: dict[str, np.ndarray]
    kind: str
    axes: str
    generators: np.ndarray | None
    blocks: tuple[Block, ...]
    facts: dict[str, Any]
    recipe: dict[str, Any] = dataclasses.field(default_factory=dict)
    attributes: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """A recipe for data with a known symmetry.

    Attributes:
        name: as on the command line.
        summary: one line for the list.
        kind: what kind of data it makes.
        options: the dataclass of its options.
        build: recipe (generator of random numbers, number of samples, options) -> Made.
        samples: how many, unless said.
    """

    name: str
    summary: str
    kind: str
    options: type
    build: Callable[[np.random.Generator, int, Any], Made]
    samples: int

    def make(self, seed: int = 0, samples: int | None = None, options: Mapping[str, Any] | None = None) -> Made:
        """Draw the data; the same arguments give the same arrays.

        Args:
            seed: of `numpy.random.default_rng`.
            samples: how many; None: the problem's own number.
            options: name -> value, or text as on the command line.

        Raises:
            InputError: an unknown option, or a value that makes no sense.
        """
        samples = self.samples if samples is None else samples
        if not 2 <= samples <= MOST_SAMPLES:
            raise InputError(f"--samples {samples}: between 2 and {MOST_SAMPLES}")
        if seed < 0:
            raise InputError(f"--seed {seed}: a whole number from 0")
        chosen: Any = read(self.options, options or {}, owner=self.name)
        made = self.build(np.random.default_rng(seed), samples, chosen)
        recipe = {"problem": self.name, "seed": seed, "samples": samples, "options": dataclasses.asdict(chosen)}
        return dataclasses.replace(made, recipe=recipe)
