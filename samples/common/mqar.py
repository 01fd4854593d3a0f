"""Multi-query associative recall (MQAR), the task of Zoology (arXiv 2312.04927, section 3).

A sequence opens with key-value pairs, `k1 v1 k2 v2 ...`; later some keys stand again, and at each of those positions the
model must say the value that belongs to the key. Labels are -100 everywhere else.

Token ids: 0 is never used, keys are 1 .. vocab/2 - 1, values are vocab/2 .. vocab - 1. Free positions hold random
tokens that are not keys of the example: with this small vocabulary a filler equal to a key would leave one query in
twelve without an answer.
"""
import numpy as np

VOCAB = 256
IGNORE = -100


def query_slots(rng, count, space, pairs, power=0.01):
    """Distinct slots for the queries [count, pairs], in key order: slot i is drawn with weight `i ** (power - 1)`."""
    weights = np.arange(1, space + 1) ** (power - 1.0)
    gumbel = np.log(weights / weights.sum()) + rng.gumbel(size=(count, space))
    return gumbel.argsort(axis=1)[:, ::-1][:, :pairs]


def recall_batch(rng, count, length, pairs, updates=0, every_slot=False, vocab=VOCAB):
    """
    Draw `count` examples: tokens [count, length] and labels [count, length], both int64.

    updates:    so many keys are written a second time with a new value before the queries start, and the new value is
                the answer (the forgetting variant).
    every_slot: fill every free even position with a query of a random key. Not the benchmark: a denser signal to
                train on.
    """
    context = 2 * (pairs + updates)
    if context + 2 * pairs > length:
        raise ValueError(f'{pairs} pairs and {updates} updates need a length of at least {context + 2 * pairs}, not {length}')
    half = vocab // 2
    key_order = rng.random((count, half - 1)).argsort(axis=1) + 1
    value_order = rng.random((count, vocab - half)).argsort(axis=1) + half
    keys, answers = key_order[:, :pairs], value_order[:, :pairs].copy()

    tokens = np.zeros((count, length), np.int64)
    labels = np.full((count, length), IGNORE, np.int64)
    tokens[:, 0 : 2 * pairs : 2], tokens[:, 1 : 2 * pairs : 2] = keys, answers
    if updates:
        changed = rng.random((count, pairs)).argsort(axis=1)[:, :updates]
        fresh = value_order[:, pairs : pairs + updates]
        tokens[:, 2 * pairs : context : 2] = np.take_along_axis(keys, changed, 1)
        tokens[:, 2 * pairs + 1 : context : 2] = fresh
        np.put_along_axis(answers, changed, fresh, 1)

    if every_slot:
        at = np.broadcast_to(np.arange(context, length, 2), (count, len(range(context, length, 2))))
        which = rng.integers(0, pairs, at.shape)
    else:
        at = context + 2 * query_slots(rng, count, (length - context) // 2, pairs)
        which = np.broadcast_to(np.arange(pairs), at.shape)
    np.put_along_axis(tokens, at, np.take_along_axis(keys, which, 1), 1)
    np.put_along_axis(labels, at, np.take_along_axis(answers, which, 1), 1)

    others = np.concatenate([key_order[:, pairs:], value_order], axis=1)
    filler = np.take_along_axis(others, rng.integers(0, others.shape[1], tokens.shape), 1)
    return np.where(tokens == 0, filler, tokens), labels


def last_write(tokens, pairs, updates=0):
    """For every position the distance to the latest value written for the token there, 0 where it is no key [count, length]."""
    distance = np.zeros_like(tokens)
    for at in range(0, 2 * (pairs + updates), 2):
        later = np.arange(tokens.shape[1]) > at + 1
        same = (tokens == tokens[:, at : at + 1]) & later
        distance = np.where(same, np.arange(tokens.shape[1]) - (at + 1), distance)
    return distance


def token_name(token, vocab=VOCAB):
    """How a token is written on an axis: `k12` for a key, `v200` for a value."""
    return f'k{token}' if token < vocab // 2 else f'v{token}'
