"""
The task: a sequence asks for one key at its first position; every other position holds a key and a value in one token,
and exactly one of them the key that is asked for. The class is its value.

Tokens: `8 key + value` for a pair, `64 + key` for the question. Eight keys, eight values.
"""
import numpy as np

KEYS = VALUES = 8


def question_batch(rng, shape, length=64):
    """Tokens [*shape, length] and classes [*shape], both int64."""
    count = int(np.prod(shape))
    asked = rng.integers(0, KEYS, count)
    answers = rng.integers(0, VALUES, count)
    # any key but the one that is asked for
    keys = (asked[:, None] + rng.integers(1, KEYS, (count, length))) % KEYS
    tokens = keys * VALUES + rng.integers(0, VALUES, (count, length))
    tokens[:, 0] = KEYS * VALUES + asked
    at = rng.integers(1, length, count)
    tokens[np.arange(count), at] = asked * VALUES + answers
    return tokens.reshape(*shape, length), answers.reshape(shape)
