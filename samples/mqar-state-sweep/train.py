"""Accuracy against the size of the state: every kind of layer at three sizes, same data and steps. Figures only, no models."""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import torch

from common.evaluation import measured
from common.recall_sample import set_form
from common.records import parameter_count, update_json, versions
from common.training import train_recall
from model import KINDS

SEED = 1
STEPS = 700
TOKENS = 1024
TASKS = ((64, 8), (64, 16), (128, 32))


def run(kind, size):
    build, _, lr = KINDS[kind]
    torch.manual_seed(SEED)
    model = build(size)
    set_form(model, 'train')
    training = train_recall(model, SEED, STEPS, lr, tokens_per_batch=TOKENS)
    return {
        'kind': kind,
        'size': size,
        'stateElements': model.state_elements,
        'parameters': parameter_count(model),
        'training': training,
        'accuracy': [measured(model, 500, length, pairs) for length, pairs in TASKS],
    }


def main():
    path = HERE / 'metrics.json'
    rows = json.loads(path.read_text())['sweep'] if path.exists() else []
    done = {(row['kind'], row['size']) for row in rows}
    # the middle sizes first, so that an interrupted sweep says something of every kind
    todo = sorted(
        ((kind, size) for kind, (_, sizes, _) in KINDS.items() for size in sizes), key=lambda pair: KINDS[pair[0]][1].index(pair[1]) != 1
    )
    for kind, size in todo:
        if (kind, size) in done:
            continue
        rows.append(run(kind, size))
        rows.sort(key=lambda row: (row['kind'], row['stateElements']))
        print(kind, size, flush=True)
        update_json(path, name=HERE.name, title='Accuracy against the size of the state', sweep=rows, versions=versions())


if __name__ == '__main__':
    main()
