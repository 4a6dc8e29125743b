"""Which batch a sample belongs to: a seeded hash of its index or of its group id.

Index modulo B would be biased on ordered or periodic files; a hash is not, needs no shuffling, and gives the same
batches whatever the order in which chunks, files or ranks are read.
"""

from __future__ import annotations

import numpy as np

BATCHES = 60
GROUPS = 10


def batch_of(ids: np.ndarray, seed: int, batches: int = BATCHES) -> np.ndarray:
    """Batch numbers in 0 .. batches-1 for integer ids.

    Args:
        ids: (n,) sample indices, or group ids (all samples of one group share a batch).
        seed: the run's seed.
        batches: how many batches.

    Returns:
        (n,) intp. The hash is splitmix64 (Steele, Lea, Flood 2014).
    """
    with np.errstate(over="ignore"):
        z = np.asarray(ids).astype(np.uint64) + np.uint64(seed & 0xFFFFFFFFFFFFFFFF) * np.uint64(0x9E3779B97F4A7C15)
        z = z + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z % np.uint64(batches)).astype(np.intp)


def batch_numbers(start: int, count: int, group: np.ndarray | None, seed: int) -> np.ndarray:
    """Batches of the samples start .. start+count-1, by their group ids where there are any."""
    ids = np.arange(start, start + count) if group is None else group
    return batch_of(ids, seed)


def group_masks(weights: np.ndarray, groups: int = GROUPS) -> np.ndarray:
    """(G, B) boolean: which batches form each group of the test. Empty batches belong to none.

    Batches are dealt to groups in the order of their weight, back and forth, so that groups are of about equal
    size even where sources differ much.
    """
    filled = np.flatnonzero(weights > 0)
    order = filled[np.argsort(-weights[filled], kind="stable")]
    turn = np.concatenate([np.arange(groups), np.arange(groups)[::-1]])
    masks = np.zeros((groups, len(weights)), dtype=bool)
    masks[turn[np.arange(len(order)) % (2 * groups)], order] = True
    return masks


def too_few(weights: np.ndarray) -> str | None:
    """Why these batches cannot serve a held-out test, or None.

    Sources fall into batches by their hash, so about 30 fill the 20 batches that a test needs; and where a few of them
    hold most of the samples, the spread between batches is that of these few (1 / sum of squared shares of them).
    """
    filled = int((weights > 0).sum())
    if filled < 2 * GROUPS:
        return (
            f"only {filled} independent batches of samples, {2 * GROUPS} are needed for a held-out test; "
            f"{3 * GROUPS} sources or more fill them"
        )
    share = weights / weights.sum()
    alike = 1 / float(share @ share)
    if alike < GROUPS:
        return (
            f"a few sources hold most of the samples: these {filled} batches are worth {alike:.1f} equal ones, "
            f"{GROUPS} are needed for a held-out test; take as many samples of each"
        )
    return None
