"""Accuracy on fresh examples: by number of pairs, by distance, by length, and where keys are written twice."""
import numpy as np
import torch

from common.mqar import last_write, recall_batch

# None of these seeds is ever used to train.
SEED = 900_000


def predictions(model, tokens, batch=64):
    """The most likely token at every position [N, T]."""
    with torch.no_grad():
        parts = [model(torch.from_numpy(tokens[i : i + batch])).argmax(-1) for i in range(0, len(tokens), batch)]
    return torch.cat(parts).numpy()


def accuracy(model, tokens, labels):
    """The share of asked positions (label >= 0) that are answered right."""
    asked = labels >= 0
    return float((predictions(model, tokens)[asked] == labels[asked]).mean())


def measured(model, count, length, pairs, updates=0):
    """Accuracy on `count` fresh examples of one task, with what was drawn, as the metrics file holds it."""
    rng = np.random.default_rng([SEED, length, pairs, updates])
    tokens, labels = recall_batch(rng, count, length, pairs, updates)
    return {
        'length': length,
        'pairs': pairs,
        'updates': updates,
        'examples': count,
        'accuracy': round(accuracy(model, tokens, labels), 5),
    }


def by_distance(model, count, length, pairs, edges=(0, 8, 16, 32, 64, 128)):
    """Accuracy against the number of tokens between the value and the query that asks for it."""
    rng = np.random.default_rng([SEED + 1, length, pairs])
    tokens, labels = recall_batch(rng, count, length, pairs)
    right = predictions(model, tokens) == labels
    distance = last_write(tokens, pairs)
    rows = []
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (labels >= 0) & (distance > low) & (distance <= high)
        if inside.any():
            rows.append({'from': low + 1, 'to': high, 'queries': int(inside.sum()), 'accuracy': round(float(right[inside].mean()), 5)})
    return {'length': length, 'pairs': pairs, 'examples': count, 'bins': rows}


def recall_report(model, longest=256):
    """The figures of one recall model. `longest` caps the length for models that have a position table."""
    return {
        'main': measured(model, 2000, 64, 8),
        'byPairs': [measured(model, 500, 64 if pairs < 32 else 128, pairs) for pairs in (4, 8, 16, 32)],
        'byLength': [measured(model, 250, length, 8) for length in (64, 128, 256) if length <= longest],
        'byDistance': by_distance(model, 1000, 64, 8),
        'forgetting': [measured(model, 500, 64, 8, updates) for updates in (4, 8)],
    }
