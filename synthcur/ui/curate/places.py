"""Places on the map: a fine grid, and the order along a curve that keeps neighbours together."""

import numpy as np

STEP = 4
"""Distance of two lines of the grid; it keeps the two lowest bits of a place out of messages."""

SIDE = 65_532
"""Extent of the grid along each axis, 16,383 steps: less than a pixel each until a map is zoomed
18 times."""


def on_grid(coordinates: np.ndarray) -> np.ndarray:
    """Round coordinates to the grid, which spans the extent of each axis.

    Parameters
    ----------
    coordinates
        (N, 2), finite.

    Returns
    -------
    np.ndarray
        (N, 2) uint16, from 0 to `SIDE` in steps of `STEP`, off by at most half a step.
    """
    coordinates = np.asarray(coordinates, dtype=np.float64)
    if not len(coordinates):
        return np.empty((0, 2), dtype=np.uint16)
    low, high = coordinates.min(axis=0), coordinates.max(axis=0)
    extent = np.where(high > low, high - low, 1.0)
    steps = np.rint((coordinates - low) / extent * (SIDE // STEP))
    return (steps * STEP).astype(np.uint16)


def curve_codes(places: np.ndarray) -> np.ndarray:
    """Return the numbers of places along Morton's curve, on which near places are mostly near.

    Parameters
    ----------
    places
        (N, 2) uint16.

    Returns
    -------
    np.ndarray
        (N,) uint32: the bits of x and y by turns, x in the lowest.
    """
    x, y = _spread(places[:, 0]), _spread(places[:, 1])
    return x | (y << np.uint32(1))


def _spread(values: np.ndarray) -> np.ndarray:
    """Put a zero bit before every bit of 16-bit numbers."""
    spread = values.astype(np.uint32)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        spread = (spread | (spread << np.uint32(shift))) & np.uint32(mask)
    return spread
