"""Whether fine-tuned arms stay below a linear probe of the same job on the validation rows; pure.

What takes seconds is the floor: a fine-tuned model that has fewer rows right and is farther from
their labels than a logistic regression on the embeddings has not been trained enough, or cannot be
on these rows.

Shapes: S seeds, V validation rows, K labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synthcur.stats import bootstrap as resampling
from synthcur.stats.calibration import calibrated_losses
from synthcur.wording import points

RESAMPLES = 2000


@dataclass(frozen=True)
class Below:
    """An arm that stays below the better probe of its job.

    Attributes
    ----------
    probe
        Name of the probe.
    n_rows
        V, the rows that tell.
    accuracy, probe_accuracy
        Shares of them that are right, means over seeds.
    log_loss, probe_log_loss
        Means of `calibration.calibrated_losses`, over rows and seeds.
    """

    probe: str
    n_rows: int
    accuracy: float
    probe_accuracy: float
    log_loss: float
    probe_log_loss: float


def below_probe(
    arms: Mapping[str, np.ndarray], probes: Mapping[str, np.ndarray], labels: np.ndarray
) -> dict[str, Below]:
    """Find the arms that stay below the better one of the probes, beyond chance.

    The better probe is that of the lower log loss. An arm is below it if its log loss is higher,
    by a 95 % interval of the paired difference that leaves 0 out (a bootstrap over rows and seeds,
    see `resampling`), and fewer rows are right besides. One without the other is not enough: the
    accuracy of one or two hundred rows is coarse, and a model that errs with certainty has a high
    log loss with as many rows right.

    Parameters
    ----------
    arms, probes
        Probabilities (S, V, K) of the same validation rows, by the name of the arm; they may have
        different numbers of seeds.
    labels
        (V,) true label ids.

    Returns
    -------
    dict
        By the names of `arms`; empty without probes.
    """
    if not probes:
        return {}
    losses = {name: _losses(probs, labels) for name, probs in probes.items()}
    best = min(losses, key=lambda name: float(losses[name].mean()))
    floor, reached = losses[best].mean(axis=0), _accuracy(probes[best], labels)
    found = {}
    for arm, probs in arms.items():
        own, right = _losses(probs, labels), _accuracy(probs, labels)
        if right < reached and _lowest(own - floor) > 0:
            means = float(own.mean()), float(floor.mean())
            found[arm] = Below(best, len(labels), right, reached, *means)
    return found


def below_in_words(found: Mapping[str, Below], titles: Mapping[str, str]) -> str:
    """Say which arms stay below the probe, and what to do; empty where none does.

    Parameters
    ----------
    found
        What `below_probe` returns.
    titles
        Titles of all arms that are named, as they are to stand in the sentence.
    """
    if not found:
        return ""
    first = next(iter(found.values()))
    arms = [
        f"{titles[arm]} with {points(each.accuracy)} % and {each.log_loss:.2f}"
        for arm, each in found.items()
    ]
    reached = f"{points(first.probe_accuracy)} % right, log loss {first.probe_log_loss:.2f}"
    return (
        f"Below the {titles[first.probe]} on the {first.n_rows:,} validation rows ({reached}): "
        f"{', '.join(arms)}. Train longer, or take the probe."
    )


def _losses(probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the calibrated log loss of every seed and row, (S, V, K) -> (S, V)."""
    return np.stack([calibrated_losses(each, labels) for each in probs])


def _accuracy(probs: np.ndarray, labels: np.ndarray) -> float:
    return float((probs.argmax(axis=2) == labels).mean())


def _lowest(gains: np.ndarray) -> float:
    """Return the lower end of the interval of the mean of gains (S, V)."""
    rng = np.random.default_rng(0)
    n_seeds, n_rows = gains.shape
    shares = resampling.seed_shares(n_seeds, RESAMPLES, rng)
    counts = rng.multinomial(n_rows, np.full(n_rows, 1 / n_rows), size=RESAMPLES)
    resampled = (counts @ gains.T / n_rows * shares).sum(axis=1)
    return resampling.interval(resampled)[0]
