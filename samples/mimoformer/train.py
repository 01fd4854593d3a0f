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
from task import question_batch

CELLS = 64
# Small grids first, as in the paper: until this share of the steps, the grids to draw from.
CURRICULA = {
    'att': ((0.12, ((1, 1),)), (0.4, ((2, 2), (2, 2), (1, 1))), (1.0, ((1, 1), (2, 2), (4, 4), (4, 4)))),
    'att+mlp': ((0.15, ((1, 1),)), (1.0, ((2, 2),))),
}
BLOCKS = {'att': AttentionBlock, 'att+mlp': WholeBlock}
GRIDS = {'att': ((1, 1), (2, 2), (4, 4)), 'att+mlp': ((2, 2),)}
STEPS = 600


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


def right_cells(model, grid, count, swap=False):
    """Share of right answers for each cell [M, N], over `count` inputs a cell; `swap` unbinds with another cell's key."""
    M, N = grid
    tokens, classes = question_batch(np.random.default_rng([77, M, N]), (count, M, N))
    with torch.no_grad():
        run = unbound_wrongly if swap else (lambda network, ids: network(ids))
        said = [run(model, torch.from_numpy(tokens[i : i + 16])).argmax(-1).numpy() for i in range(0, count, 16)]
    return (np.concatenate(said) == classes).mean(0)


def unbound_wrongly(model, ids):
    """The scores [B, M, N, classes] when every cell's answer is multiplied with the key of its neighbour in the row."""
    block = model.block
    keys = block.keys if isinstance(block, WholeBlock) else block.mixer.keys
    N = ids.size(2)
    wrong = torch.roll(keys[:, :N], 1, dims=1)
    turn = keys[: ids.size(1), :N] * wrong[: ids.size(1)]  # multiplying with it exchanges one key for the other

    def exchange(_module, inputs):
        (unbound,) = inputs
        heads = unbound.size(-1) // turn.size(-1)
        return (unbound * turn.repeat(1, 1, heads).unsqueeze(2),)

    if isinstance(block, WholeBlock):
        x = model.embed(ids)
        return model.head(model.norm(exchange(None, (block(x),))[0][:, :, :, 0]))
    handle = block.mixer.out_proj.register_forward_pre_hook(exchange)
    scores = model(ids)
    handle.remove()
    return scores


def report(model, grid):
    cells = right_cells(model, grid, 400)
    result = {
        'grid': list(grid),
        'inputsPerCell': 400,
        'accuracy': round(float(cells.mean()), 4),
        'byCell': [[round(float(cell), 4) for cell in row] for row in cells],
    }
    if grid != (1, 1):
        result['wrongKey'] = round(float(right_cells(model, grid, 100, swap=True).mean()), 4)
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
