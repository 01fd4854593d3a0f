"""
The task: every sequence gives each of four keys a value of its own. Position 0 asks for one key; every other position shows
a random key with its value, both in one token. The class is the value of the key that is asked for.

Tokens: `8 key + value` for a pair, `32 + key` for the question. Four keys, eight values.
"""
import numpy as np

KEYS, VALUES = 4, 8


def question_batch(rng, shape, length=64):
    """Tokens [*shape, length] and classes [*shape], both int64."""
    count = int(np.prod(shape))
    values = rng.integers(0, VALUES, (count, KEYS))
    keys = rng.integers(0, KEYS, (count, length))
    asked = rng.integers(0, KEYS, count)
    # the answer stands in the sequence at least once
    keys[:, 1] = asked
    tokens = keys * VALUES + np.take_along_axis(values, keys, 1)
    tokens[:, 0] = KEYS * VALUES + asked
    classes = values[np.arange(count), asked]
    return tokens.reshape(*shape, length), classes.reshape(shape)
