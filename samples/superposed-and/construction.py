"""
The construction of the network, its inputs and its truth. Symbols: model.py.

Wiring of one layer: pairs [m', 2], channels [m', c] with `c = ceil(log2 m')`, R [n, m] of 0 and 1.
"""
import math

import numpy as np


class Wiring:
    """Which pair each output is the AND of, and the neurons it lives on."""

    def __init__(self, features, outputs, neurons, rng, channel=None):
        self.features = features
        self.neurons = neurons
        size = channel or math.ceil(math.log2(outputs))
        self.pairs = np.stack([rng.choice(features, 2, replace=False) for _ in range(outputs)]).astype(np.int16)
        self.channels = np.stack([rng.choice(neurons, size, replace=False) for _ in range(outputs)]).astype(np.int16)

    def R(self):
        """[n, m]: 1 where a feature belongs to a pair whose channel holds the neuron."""
        R = np.zeros((self.neurons, self.features), np.uint8)
        for pair, channel in zip(self.pairs, self.channels):
            R[channel[:, None], pair[None]] = 1
        return R

    def members(self):
        """[m', n]: 1 where a neuron is in the channel of an output; divided by c it is the next layer's D."""
        members = np.zeros((len(self.channels), self.neurons), np.uint8)
        np.put_along_axis(members, self.channels.astype(np.int64), 1, axis=1)
        return members

    def truth(self, y):
        """y [N, m] of 0 and 1 to the outputs [N, m']."""
        return y[:, self.pairs[:, 0]] * y[:, self.pairs[:, 1]]

    def read(self, h):
        """Neurons [N, n] to the mean over each output's channel [N, m']."""
        return h[:, self.channels].mean(-1)


class Construction:
    """Two layers over m features: the pairs of the second are pairs of outputs of the first."""

    def __init__(self, features, neurons, seed):
        rng = np.random.default_rng(seed)
        self.first = Wiring(features, features, neurons, rng)
        self.second = Wiring(features, features, neurons, rng)
        self.signs = rng.choice(np.array([-1, 1], np.int8), (neurons, features))  # C times sqrt(n)

    def counts(self):
        """Both W as whole numbers, int8 [n, n], and what to multiply them with."""
        exact = [
            self.first.R().astype(np.float64) @ self.signs.T.astype(np.float64),
            self.second.R().astype(np.float64) @ self.first.members().astype(np.float64),
        ]
        if max(np.abs(W).max() for W in exact) > 127:
            raise ValueError('an entry of W is over 127 and does not fit int8')
        return [W.astype(np.int8) for W in exact], [self.first.neurons**-0.5, 1 / self.first.channels.shape[1]]

    def compress(self, y):
        """`x = C y`, [N, m] to [N, n]."""
        return (y.astype(np.float32) @ self.signs.T.astype(np.float32)) / np.float32(math.sqrt(len(self.signs)))


def random_features(construction, count, on, rng):
    """Inputs [count, m] with `on` random features; an AND is rarely true among them."""
    y = np.zeros((count, construction.first.features), np.uint8)
    for row in y:
        row[rng.choice(len(row), on, replace=False)] = 1
    return y


def deep_features(construction, count, rng):
    """Inputs [count, m] that make one random output of the second layer true: the members of both of its pairs."""
    y = np.zeros((count, construction.first.features), np.uint8)
    for row in y:
        output = rng.integers(len(construction.second.pairs))
        row[construction.first.pairs[construction.second.pairs[output]].ravel()] = 1
    return y
