"""Train a small network on the same task: a fixed random compression, one hidden layer, all outputs read at once."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np
import torch
import torch.nn.functional as F

from common.records import update_json, versions
from common.safetensors import write_safetensors
from common.training import learning_rate, use_one_thread
from build import DOCUMENTATION
from construction import Construction
from model import TrainedModel

FEATURES, NEURONS = 128, 96
SEEDS = (1, 2, 3)
STEPS, BATCH, PEAK = 2500, 256, 3e-3


def draw(construction, count, rng):
    """Inputs [count, m] of three features; half of them hold a pair whose AND is an output, the others are random."""
    y = np.zeros((count, FEATURES), np.uint8)
    for i, row in enumerate(y):
        if i % 2:
            row[construction.first.pairs[rng.integers(FEATURES)]] = 1
        while row.sum() < 3:
            row[rng.integers(FEATURES)] = 1
    return y


def tensors(construction, y):
    x = torch.from_numpy(construction.compress(y))
    return x, torch.from_numpy(construction.first.truth(y).astype(np.float32))


def train(construction, seed):
    use_one_thread()
    torch.manual_seed(seed)
    rng = np.random.default_rng([SEEDS[0], seed])
    model = TrainedModel(NEURONS, FEATURES)
    optimizer = torch.optim.Adam(model.parameters())
    for step in range(STEPS):
        x, truth = tensors(construction, draw(construction, BATCH, rng))
        loss = F.binary_cross_entropy_with_logits(model(x)[1], truth, pos_weight=torch.tensor(4.0))
        for group in optimizer.param_groups:
            group['lr'] = learning_rate(step / STEPS, STEPS, PEAK)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def cosines(columns, pairs):
    """Mean cosine of the two columns [n, m] of each pair."""
    unit = columns / np.linalg.norm(columns, axis=0)
    return float((unit[:, pairs[:, 0]] * unit[:, pairs[:, 1]]).sum(0).mean())


def report(construction, model, seed):
    """
    How often all outputs are right on 2,000 fresh inputs, and what the weights tell: `W C` takes the place of R, so the
    columns of two features that form a pair should be alike, and those of two random features not.
    """
    y = draw(construction, 2000, np.random.default_rng(99))
    x, truth = tensors(construction, y)
    with torch.no_grad():
        said = model(x)[1] > 0
    recovered = model.hidden.weight.detach().numpy() @ construction.signs.astype(np.float32) / np.sqrt(NEURONS)
    others = np.random.default_rng(98).integers(0, FEATURES, (2000, 2))
    others = others[others[:, 0] != others[:, 1]]
    return {
        'seed': seed,
        'exact': round(float((said == (truth > 0)).all(1).float().mean()), 4),
        'cosineOfPairs': round(cosines(recovered, construction.first.pairs), 4),
        'cosineOfOthers': round(cosines(recovered, others), 4),
    }


def main():
    construction = Construction(FEATURES, NEURONS, seed=3)
    runs, models = [], {}
    for seed in SEEDS:
        models[seed] = train(construction, seed)
        runs.append(report(construction, models[seed], seed))
        print(runs[-1], flush=True)
    best = max(runs, key=lambda run: run['exact'])
    torch.save(models[best['seed']].state_dict(), HERE / 'weights-trained.pt')
    write_safetensors(
        HERE / 'code-trained.safetensors',
        {'C.signs': np.packbits(construction.signs > 0, axis=1), 'layers.0.pairs': construction.first.pairs},
        {'C': DOCUMENTATION['C']},
    )
    trained = {'features': FEATURES, 'neurons': NEURONS, 'outputs': FEATURES, 'steps': STEPS, 'exportedSeed': best['seed'], 'seeds': runs}
    update_json(HERE / 'metrics.json', trained=trained, versions=versions())


if __name__ == '__main__':
    main()
