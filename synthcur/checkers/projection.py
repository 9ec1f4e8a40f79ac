"""Embeddings to a map: coordinates in the plane, and the neighbours of every row."""

import warnings

import numpy as np
from threadpoolctl import threadpool_limits

SMALLEST_FOR_UMAP = 30
"""Distinct rows below which neighbourhoods mean little and the map is a linear one."""

LARGEST_EXACT = 20_000
"""Rows among which neighbours are exact; where more pairs are to be compared than of that many rows
with each other, they are found approximately."""

UMAP_NEIGHBOURS = 15
MIN_DIST = 0.1
PLACED_BY = 5
"""Known rows among which a new one is placed."""
PLACED_SHARPLY = 8
"""Power of the cosines that the places of these rows are averaged with."""
PLACED_APART = 0.05
"""How far new rows are moved at random, in units of the map, of which it is about 20 across."""
ABSENT = -1
"""Index that stands for "there is no such neighbour"; its cosine is NaN."""


def coordinates(embeddings: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Lay rows out in the plane so that similar ones are close (UMAP, McInnes et al. 2018).

    Parameters
    ----------
    embeddings
        Shape (n, D); everything that is to share the map at once.
    seed
        Equal seeds give equal maps.

    Returns
    -------
    np.ndarray
        Shape (n, 2), float32, finite. Distances across the map mean little; closeness does. With
        fewer than `SMALLEST_FOR_UMAP` distinct rows: the first two principal components.
    """
    if len(np.unique(embeddings, axis=0)) < SMALLEST_FOR_UMAP:
        return principal_components(embeddings)
    placed = _umap(embeddings, seed)
    return placed if np.isfinite(placed).all() else principal_components(embeddings)


def place(new: np.ndarray, known: np.ndarray, places: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Find places for new rows on a map, in the middle of the known rows that they are most like.

    Parameters
    ----------
    new, known
        Unit-length rows, shapes (n, D) and (m, D), m > 0.
    places
        Places of the known ones, shape (m, 2).
    seed
        Of the little that rows with the same neighbours are apart.

    Returns
    -------
    np.ndarray
        Shape (n, 2), float32.
    """
    index, cosine = neighbours(new, known, count=PLACED_BY, seed=seed)
    closeness = np.where(index == ABSENT, 0.0, np.maximum(np.nan_to_num(cosine), 1e-3))
    # The nearest count most: the mean of far ones lies between clusters, where nothing is.
    share = closeness**PLACED_SHARPLY
    share = share / share.sum(axis=1, keepdims=True)
    middle = (places[np.maximum(index, 0)] * share[:, :, None]).sum(axis=1)
    spread = np.random.default_rng(seed).normal(scale=PLACED_APART, size=middle.shape)
    return (middle + spread).astype(np.float32)


def principal_components(embeddings: np.ndarray) -> np.ndarray:
    """First two principal components (n, 2), float32; a missing one is all zeros."""
    centred = embeddings.astype(np.float64) - embeddings.mean(axis=0, keepdims=True)
    # Threads that wait for each other take longer than one, most of all on a busy machine.
    with threadpool_limits(1):
        _, values, directions = np.linalg.svd(centred, full_matrices=False)
    placed = np.zeros((len(embeddings), 2), dtype=np.float32)
    usable = int((values[:2] > 1e-9).sum())
    placed[:, :usable] = centred @ directions[:usable].T
    return placed


def neighbours(
    queries: np.ndarray,
    reference: np.ndarray,
    *,
    count: int,
    exclude_self: bool = False,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Nearest reference rows of every query row by cosine.

    Parameters
    ----------
    queries, reference
        Unit-length rows, shapes (n, D) and (m, D).
    count
        Neighbours a row.
    exclude_self
        The queries are the reference rows, and a row is not its own neighbour.
    seed
        Seed of the approximate search, see `LARGEST_EXACT`.

    Returns
    -------
    index : (n, count) int32
        Rows of `reference`, nearest first; `ABSENT` where there are too few.
    cosine : (n, count) float32
        Cosine similarity of each.
    """
    index = np.full((len(queries), count), ABSENT, dtype=np.int32)
    cosine = np.full((len(queries), count), np.nan, dtype=np.float32)
    asked = min(count + exclude_self, len(reference))
    if asked and len(queries):
        found, similarity = _nearest(queries, reference, asked, seed)
        if exclude_self:
            found, similarity = _without_self(found, similarity)
        kept = min(count, found.shape[1])
        index[:, :kept], cosine[:, :kept] = found[:, :kept], similarity[:, :kept]
    return index, cosine


def _umap(embeddings: np.ndarray, seed: int) -> np.ndarray:
    import umap

    index, cosine = neighbours(embeddings, embeddings, count=UMAP_NEIGHBOURS, seed=seed)
    mapper = umap.UMAP(
        n_neighbors=UMAP_NEIGHBOURS,
        min_dist=MIN_DIST,
        metric="cosine",
        # Given neighbours spare UMAP's own search, which takes seconds to compile.
        precomputed_knn=(index, np.maximum(1 - cosine, 0)),
        force_approximation_algorithm=True,
        init=_spread(principal_components(embeddings), seed),  # type: ignore[arg-type]
        random_state=seed,
        n_jobs=1,
    )
    with warnings.catch_warnings():
        # It says that new rows could not be placed later; none ever are.
        warnings.filterwarnings("ignore", message="precomputed_knn")
        return np.asarray(mapper.fit_transform(embeddings), dtype=np.float32)


def _spread(placed: np.ndarray, seed: int) -> np.ndarray:
    # UMAP starts well from about 10 units across; equal rows must not start on the same spot.
    noise = np.random.default_rng(seed).normal(scale=1e-2, size=placed.shape)
    return (10 * placed / np.abs(placed).max() + noise).astype(np.float32)


def _nearest(
    queries: np.ndarray, reference: np.ndarray, count: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    if len(queries) * len(reference) > LARGEST_EXACT**2:
        from pynndescent import NNDescent

        search = NNDescent(reference, metric="cosine", random_state=seed)
        found, distance = search.query(queries, k=count)
    else:
        from sklearn.neighbors import NearestNeighbors

        search = NearestNeighbors(n_neighbors=count, metric="cosine", algorithm="brute")
        distance, found = search.fit(reference).kneighbors(queries)
    return found, 1 - distance


def _without_self(found: np.ndarray, similarity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop every row's own index; of a row whose twins crowded it out, the farthest."""
    is_self = found == np.arange(len(found))[:, None]
    is_self[~is_self.any(axis=1), -1] = True
    shape = len(found), found.shape[1] - 1
    return found[~is_self].reshape(shape), similarity[~is_self].reshape(shape)
