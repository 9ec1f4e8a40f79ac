"""A label model: what label a generated row has, by two checkers and the generator; pure.

The quality checker knows the real labels of a few other texts, the diversity checker the
generator's labels of many other texts, and the row's own label is what the generator meant to
write. No source is trusted in advance. How far a checker is believed is fitted on real rows that
it has not learned (`fit_powers`), how often the generator is wrong follows from how often the
checkers, so believed, contradict it (`share_wrong`), and Bayes' rule joins the three (`judge`).
"""

from collections.abc import Sequence

import numpy as np
from scipy import optimize
from scipy.special import log_softmax

SMALLEST_PROBABILITY = 1e-6
"""Probability below which a checker's doubt counts no more."""

LARGEST_POWER = 3.0

_PRIOR_DEVIATION = 0.5
_ROUNDS = 500
_SMALLEST_SHARE = 1e-4


def fit_powers(opinions: Sequence[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """Find how far each of J checkers is to be believed, from rows whose labels are known.

    Minimised over powers a of 0 to 3 is the log loss of `join`, summed over the rows, plus
    ``sum_j (a_j - 1/J)^2 / (2 * 0.5^2)``: a normal prior around the plain geometric mean, which a
    few dozen rows overrule. It is a multinomial logistic regression on log-probabilities with one
    coefficient per checker, the stacking of Wolpert (1992) in its smallest form. A checker that
    says nothing of these rows gets a power near 0.

    Parameters
    ----------
    opinions
        What each checker says of the rows, (R, K) each, rows sum to 1; none may have learned them.
    labels
        Their true label ids, (R,).

    Returns
    -------
    numpy.ndarray
        (J,), 0 to 3.
    """
    logs = np.stack([_log(each) for each in opinions])
    own, prior = np.arange(len(labels)), 1 / len(logs)

    def cost(powers: np.ndarray) -> tuple[float, np.ndarray]:
        log_probs = log_softmax(np.tensordot(powers, logs, axes=1), axis=1)
        away = (powers - prior) / _PRIOR_DEVIATION
        expected = (np.exp(log_probs) * logs).sum(axis=2)
        gradient = (expected - logs[:, own, labels]).sum(axis=1) + away / _PRIOR_DEVIATION
        return float(-log_probs[own, labels].sum() + 0.5 * np.square(away).sum()), gradient

    start, bounds = np.full(len(logs), prior), [(0.0, LARGEST_POWER)] * len(logs)
    return optimize.minimize(cost, start, jac=True, bounds=bounds, method="L-BFGS-B").x


def join(opinions: Sequence[np.ndarray], powers: np.ndarray) -> np.ndarray:
    """Join opinions into one, proportional to the product of each to its power.

    Parameters
    ----------
    opinions
        (N, K) each, rows sum to 1.
    powers
        (J,), >= 0; all 0 gives every label the same probability.

    Returns
    -------
    numpy.ndarray
        (N, K), float64, rows sum to 1.
    """
    logs = np.stack([_log(each) for each in opinions])
    return np.exp(log_softmax(np.tensordot(powers, logs, axes=1), axis=1))


def share_wrong(opinion: np.ndarray, labels: np.ndarray) -> float:
    """Estimate which share of the labels is wrong, by expectation-maximisation.

    The model: a label is right with probability 1 - e, else any of the others alike, given the true
    one (Dawid and Skene 1979 with one parameter); what the checkers say stands for the true one.

    Parameters
    ----------
    opinion
        Probability of every label before its own label is heard, (N, K).
    labels
        The labels the rows came with, (N,).

    Returns
    -------
    float
        e, 0.0001 to (K - 1) / K. There a label says nothing; a larger share would make it speak
        against itself, which checkers that are themselves hardly better than chance can feign.
    """
    share, own = 0.1, np.arange(len(labels))
    largest = 1 - 1 / opinion.shape[1]
    for _ in range(_ROUNDS):
        before = share
        doubt = 1 - judge(opinion, labels, share)[own, labels].mean()
        share = float(np.clip(doubt, _SMALLEST_SHARE, largest))
        if abs(share - before) < 1e-7:
            break
    return share


def judge(opinion: np.ndarray, labels: np.ndarray, wrong: float) -> np.ndarray:
    """Return the probability of every label after the row's own one is heard, by Bayes' rule.

    Parameters
    ----------
    opinion, labels
        See `share_wrong`.
    wrong
        Share of wrong labels, 0 to 1; at (K - 1) / K a label says nothing.

    Returns
    -------
    numpy.ndarray
        (N, K), float64, rows sum to 1.
    """
    n_labels = opinion.shape[1]
    heard = np.full(opinion.shape, wrong / (n_labels - 1))
    heard[np.arange(len(labels)), labels] = 1 - wrong
    joint = opinion * heard
    return joint / joint.sum(axis=1, keepdims=True)


def _log(probs: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probs.astype(np.float64), SMALLEST_PROBABILITY))
