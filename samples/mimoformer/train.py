"""Train `att.` for all grids with one set of weights, and `att.+MLP` at 2x2; figures go to `metrics.json`."""
import argparse
import json
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np
import torch
import torch.nn.functional as F

from common.recall_sample import SEEDS
from common.records import parameter_count, update_json, versions
from common.training import learning_rate, use_one_thread
from model import AttentionBlock, Model, WholeBlock
from task import VALUES, question_batch

CELLS = 64
# Small grids first, as in the paper: until this share of the steps, the grids to draw from.
CURRICULA = {
    'att': ((0.12, ((1, 1),)), (0.4, ((2, 2), (2, 2), (1, 1))), (1.0, ((1, 1), (2, 2), (4, 4), (4, 4)))),
    'att+mlp': ((0.15, ((1, 1),)), (1.0, ((2, 2),))),
}
BLOCKS = {'att': AttentionBlock, 'att+mlp': WholeBlock}
GRIDS = {'att': ((1, 1), (2, 2), (4, 4)), 'att+mlp': ((2, 2),)}
STEPS = 600
TOP_RANK = VALUES - 1


def train(name, seed):
    use_one_thread()
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = Model(BLOCKS[name])
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.0)
    started, recent = time.time(), []
    for step in range(STEPS):
        grids = next(grids for until, grids in CURRICULA[name] if step / STEPS < until)
        M, N = grids[rng.integers(len(grids))]
        tokens, classes = question_batch(rng, (CELLS // (M * N), M, N))
        for group in optimizer.param_groups:
            group['lr'] = learning_rate(step / STEPS, STEPS, 2e-3)
        scores = model(torch.from_numpy(tokens))
        loss = F.cross_entropy(scores.flatten(0, 2), torch.from_numpy(classes).flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        recent = recent[-49:] + [loss.item()]
        if (step + 1) % 100 == 0:
            print(f'{name} step {step + 1}/{STEPS}  {time.time() - started:.0f} s  loss {np.mean(recent):.4f}', flush=True)
    return model.eval(), {'seed': seed, 'steps': STEPS, 'seconds': round(time.time() - started, 1)}


def ranks(model, grid, count, seed=77, keys=None):
    """
    How many classes have a lower score than the right one [count, M, N]: 7 is a right answer, 3.5 the mean of guesses.

    keys: what to unbind with [M, N, D], in place of each cell's own
    """
    M, N = grid
    tokens, classes = question_batch(np.random.default_rng([seed, M, N]), (count, M, N))
    with torch.no_grad():
        parts = [unbound(model, torch.from_numpy(tokens[i : i + 16]), keys).numpy() for i in range(0, count, 16)]
    scores = np.concatenate(parts)
    return (scores < np.take_along_axis(scores, classes[..., None], -1)).sum(-1)


def own_keys(model, grid):
    """What every cell is unbound with at the end [M, N, D]."""
    holder = model.block if isinstance(model.block, WholeBlock) else model.block.mixer
    return holder.keys[: grid[0], : grid[1]]


def unbound(model, ids, keys=None):
    """The scores [B, M, N, classes] when every cell's answer is unbound with `keys` [M, N, D] in place of its own."""
    if keys is None:
        return model(ids)
    # multiplying with both keys exchanges one for the other
    exchange = own_keys(model, ids.shape[1:3]) * keys  # (M, N, D)
    if isinstance(model.block, WholeBlock):
        x = model.block(model.embed(ids)) * exchange.unsqueeze(2)
        return model.head(model.norm(x[:, :, :, 0]))
    each_head = exchange.repeat(1, 1, model.block.mixer.heads).unsqueeze(2)
    handle = model.block.mixer.out_proj.register_forward_pre_hook(lambda _module, inputs: (inputs[0] * each_head,))
    scores = model(ids)
    handle.remove()
    return scores


def wrong_key(model, grid, rng):
    """
    What is left of a cell's answer when it is unbound with a wrong key.

    neighbour: accuracy with the key of every other cell in turn, whose cosine with the right key is not zero but spreads by
    D^(-1/2); overlap: correlation of that accuracy with that cosine, over all pairs of cells;
    orthogonal: accuracy with 64 keys a cell drawn at random that have cosine 0 with the right one. That it can lie above
    chance is no leak: the right class's own products spread wider than the others', so it is highest more often, and lowest
    (`orthogonalLowest`) as often; its mean rank (`orthogonalRank`, of 0 to 7) is that of guesses.
    """
    own = own_keys(model, grid)
    M, N, D = own.shape
    overlaps, others = [], []
    for shift in range(1, M * N):
        keys = torch.roll(own.reshape(M * N, D), shift, 0).reshape(M, N, D)
        overlaps.append((keys * own).mean(-1).numpy())
        others.append((ranks(model, grid, 400, shift, keys) == TOP_RANK).mean(0))
    drawn = np.stack([ranks(model, grid, 400 // (M * N), 100 + draw, half_turned(own, rng)) for draw in range(64)])
    return {
        'neighbour': round(float(np.mean(others)), 4),
        'overlap': round(float(np.corrcoef(np.ravel(overlaps), np.ravel(others))[0, 1]), 3),
        'orthogonal': round(float((drawn == TOP_RANK).mean()), 4),
        'orthogonalLowest': round(float((drawn == 0).mean()), 4),
        'orthogonalRank': round(float(drawn.mean()), 3),
    }


def half_turned(keys, rng):
    """Each of `keys` [M, N, D] with the sign of half of its numbers turned, which ones is drawn anew."""
    D = keys.size(-1)
    signs = np.repeat([1.0, -1.0], D // 2)
    return keys * torch.tensor(np.stack([rng.permutation(signs) for _ in range(keys[..., 0].numel())]), dtype=torch.float32).view_as(keys)


def report(model, grid):
    cells = (ranks(model, grid, 400) == TOP_RANK).mean(0)
    result = {
        'grid': list(grid),
        'inputsPerCell': 400,
        'accuracy': round(float(cells.mean()), 4),
        'byCell': [[round(float(cell), 4) for cell in row] for row in cells],
    }
    if grid != (1, 1):
        result['wrongKey'] = wrong_key(model, grid, np.random.default_rng(78))
    return result


def record(name, model, run):
    """Add one run to `metrics.json`, and keep the weights of the first seed."""
    path = HERE / 'metrics.json'
    entry = json.loads(path.read_text()).get(name, {}) if path.exists() else {}
    seeds = [other for other in entry.get('seeds', []) if other['training']['seed'] != run['training']['seed']]
    entry['seeds'] = sorted([*seeds, run], key=lambda other: other['training']['seed'])
    if run['training']['seed'] == SEEDS[0]:
        torch.save(model.state_dict(), HERE / f'weights-{name}.pt')
        entry.update(parameters=parameter_count(model), **run)
    update_json(path, name=HERE.name, title='MIMOFormer', chance=0.125, versions=versions(), **{name: entry})


def main():
    parser = argparse.ArgumentParser(description='Train MIMOFormer.')
    parser.add_argument('--seeds', type=int, nargs='+', default=SEEDS)
    parser.add_argument('--variants', nargs='+', choices=BLOCKS, default=list(BLOCKS))
    options = parser.parse_args()
    for seed in options.seeds:
        for name in options.variants:
            model, training = train(name, seed)
            record(name, model, {'training': training, 'grids': [report(model, grid) for grid in GRIDS[name]]})


if __name__ == '__main__':
    main()
