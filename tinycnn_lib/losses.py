"""Softmax and cross-entropy: from logits to probabilities, to one loss, and back (Section 23.4).

Logits that are not a finite (N, K) array, or targets that are not N of K classes, raise a
TypeError or a ValueError.
"""

import numpy as np

from tinycnn_lib import validation as check

# Keeps the logarithm finite. As a float64, because in half precision it would be 0.
SMALLEST_PROBABILITY = np.float64(1e-12)


def _normalized_exponentials(logits):
    # Subtracting each row's maximum changes no ratio and keeps exp from overflowing. The exp of a
    # large negative difference, even of -inf, is the 0 that it should be.
    with np.errstate(over="ignore", under="ignore"):
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))  # (N, K)
    exponentials /= exponentials.sum(axis=1, keepdims=True)
    return exponentials


def softmax(logits):
    """Map logits (N, K) to probabilities (N, K): exp(z_k) / sum over j of exp(z_j), row by row.

    Parameters
    ----------
    logits : array_like, shape (N, K)

    Returns
    -------
    ndarray, shape (N, K)
        Non-negative; each row sums to 1. A floating dtype is kept.
    """
    return _normalized_exponentials(check.feature_rows("logits", logits))


def softmax_cross_entropy(logits, targets):
    """Return the mean cross-entropy of a batch, its probabilities, and the logits' gradient.

    loss = mean over n of -log(max(p[n, targets[n]], 1e-12)), with p = softmax(logits), and
    d_logits = (p - onehot(targets)) / N [Goodfellow et al. 2016, Section 6.2.2.3].

    Parameters
    ----------
    logits : array_like, shape (N, K)
    targets : array_like of int, shape (N,)
        The right classes, 0 to K - 1.

    Returns
    -------
    loss : float
        In nats, at least 0 and at most -log(1e-12) = 27.6.
    probabilities : ndarray, shape (N, K)
    d_logits : ndarray, shape (N, K)
        Already divided by N. It is the gradient of the loss without the clip, so a network that
        is wrong with full confidence still learns.
    """
    logits = check.feature_rows("logits", logits)
    N, K = logits.shape
    targets = check.class_labels("targets", targets, count=N, classes=K)
    probabilities = _normalized_exponentials(logits)  # (N, K)
    rows = np.arange(N)
    right = probabilities[rows, targets]  # (N, K) -> (N,)
    loss = -np.log(np.maximum(right, SMALLEST_PROBABILITY)).mean()
    d_logits = probabilities.copy()
    d_logits[rows, targets] -= 1
    d_logits /= N
    return float(loss) + 0.0, probabilities, d_logits  # -0.0 + 0.0 is 0.0
