"""Trains and exports one language model: what `train.py` and `export.py` of every `momentum-*` sample have in common."""
import argparse
import json
import time

import numpy as np
import onnx
import torch
import torch.nn.functional as F

from common.exporting import export
from common.motion import motion_names, watch_energies, watch_motion
from common.recall_sample import SEEDS
from common.records import answers_to_prompt, parameter_count, run_and_record, update_json, versions, write_prompt, write_reference
from common.text import character_name, held_out_windows, random_windows
from common.training import learning_rate, use_one_thread

STEPS = 600
BATCH = 8
LENGTH = 128
CHECKPOINTS = 10
PROMPT_AT = 3
# From the folder of a sample.
TEST_SET = '../common/text-test-set.npz'
RACERS = ('momentum-standard', 'momentum-yuriiformer', 'momentum-sympformer')


def held_out_loss(model, count=110, length=LENGTH):
    """Mean negative log-likelihood a character, in nats, on evenly spaced held-out windows."""
    inputs, targets = (torch.from_numpy(array) for array in held_out_windows(count, length))
    with torch.no_grad():
        return float(F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten()))


def set_momentum(model, scale):
    """Scale the velocity that enters every block; models without velocity stay as they are. Returns whether any has one."""
    blocks = [layer for layer in model.layers if hasattr(layer, 'momentum')]
    for block in blocks:
        block.momentum = scale
    return bool(blocks)


def train_text(model, seed, steps=STEPS, lr=3e-3):
    """Train in place; returns the record with the held-out loss along the way, each with the seconds it took to get there."""
    use_one_thread()
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.95), weight_decay=0.05)
    curve, spent = [], 0.0
    model.train()
    for step in range(steps):
        # processor time: the wall clock of a shared machine says nothing about a model
        started = time.process_time()
        inputs, targets = (torch.from_numpy(array) for array in random_windows(rng, BATCH, LENGTH))
        for group in optimizer.param_groups:
            group['lr'] = learning_rate(step / steps, steps, lr)
        loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        spent += time.process_time() - started
        if (step + 1) % (steps // CHECKPOINTS) == 0:
            model.eval()
            curve.append({'step': step + 1, 'seconds': round(spent, 1), 'loss': round(held_out_loss(model), 4)})
            model.train()
            print(curve[-1], flush=True)
    model.eval()
    return {
        'seed': seed,
        'steps': steps,
        'characters': steps * BATCH * LENGTH,
        'peakLearningRate': lr,
        'processorSeconds': round(spent, 1),
        'curve': curve,
    }


def ablation(model):
    """Held-out loss with the incoming velocity scaled by 0, one half and 1; None for a model without velocity."""
    if not set_momentum(model, 1.0):
        return None
    losses = []
    for scale in (0.0, 0.5, 1.0):
        set_momentum(model, scale)
        losses.append({'momentum': scale, 'loss': round(held_out_loss(model), 4)})
    return losses


def prompt_losses(model, inputs, targets):
    """Mean negative log-likelihood of the prompt's next characters with the incoming velocity scaled by 0, one half and 1."""
    losses = []
    for scale in (0.0, 0.5, 1.0):
        set_momentum(model, scale)
        with torch.no_grad():
            logits = model(torch.from_numpy(inputs))
        losses.append({'momentum': scale, 'loss': float(F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).flatten()))})
    return losses


def train_sample(folder, build, title, variants=None):
    """
    Train each variant for each seed and write `metrics.json` after each run. The weights kept are those of the first seed;
    `seeds` holds the figures of all.

    variants: name to the arguments of `build`; the name None is the sample's own model.
    """
    parser = argparse.ArgumentParser(description=f'Train {folder.name}.')
    parser.add_argument('--seeds', type=int, nargs='+', default=SEEDS)
    for seed in parser.parse_args().seeds:
        for name, options in (variants or {None: {}}).items():
            torch.manual_seed(seed)
            model = build(**options)
            training = train_text(model, seed)
            run = {'training': training, 'heldOutLoss': training['curve'][-1]['loss'], 'ablation': ablation(model)}
            update_json(folder / 'metrics.json', name=folder.name, title=title, versions=versions())
            record_run(folder, name, model, run)


def record_run(folder, name, model, run):
    """Add one run to the sample, or to its variant `name`, and keep the weights of the first seed."""
    path = folder / 'metrics.json'
    metrics = json.loads(path.read_text())
    entry = metrics if name is None else metrics.setdefault('variants', {}).setdefault(name, {})
    others = [other for other in entry.get('seeds', []) if other['training']['seed'] != run['training']['seed']]
    entry['seeds'] = sorted([*others, run], key=lambda other: other['training']['seed'])
    if run['training']['seed'] == SEEDS[0]:
        torch.save(model.state_dict(), weights(folder, name))
        entry.update(run, parameters=parameter_count(model), exportedSeed=run['training']['seed'], testSet=test_set(folder, model))
    update_json(path, **metrics)


def weights(folder, name):
    return folder / ('weights.pt' if name is None else f'weights-{name}.pt')


def test_set(folder, model, count=500, length=64):
    """Write held-out windows to the one file that all momentum samples share, and return the share of next characters that PyTorch gets right on them."""
    inputs, targets = held_out_windows(count, length)
    np.savez_compressed(folder / TEST_SET, tokens=inputs.astype(np.int16), labels=targets.astype(np.int16))
    with torch.no_grad():
        right = model(torch.from_numpy(inputs)).argmax(-1).numpy() == targets
    return {'file': TEST_SET, 'examples': count, 'length': length, 'accuracy': float(right.mean())}


def export_sample(folder, build, files=None):
    """
    Write the prompt, PyTorch's answer to it, and the model files.

    files: file name to (variant name or None, the arguments of `build`).
    """
    files = files or {'model.onnx': (None, {})}
    inputs, targets = (array[PROMPT_AT : PROMPT_AT + 1] for array in held_out_windows(110, 64))
    write_prompt(folder, inputs[0], targets[0], 'Held-out text. Labels are the next characters.', character_name)
    # the logits of every fifth position are enough to compare with
    asked = np.where(np.arange(64) % 5 == 4, targets[0], -100)
    metrics = json.loads((folder / 'metrics.json').read_text())
    metrics['models'] = {file: name for file, (name, _) in files.items()}
    metrics['compare'] = [f'../{other}/metrics.json' for other in RACERS if other != folder.name]
    for file, (name, options) in files.items():
        model = build(**options)
        model.load_state_dict(torch.load(weights(folder, name)))
        moves = set_momentum(model, 1.0)
        motion = watch_motion(model) if moves else {}
        energies = watch_energies(model)
        logits, maps = run_and_record(model.eval(), inputs[0])
        entry = metrics if name is None else metrics['variants'][name]
        entry['prompt'] = answers_to_prompt(asked, logits)
        if name is None:
            metrics['motion'] = {**{name: list(values) for name, values in energies.items()}, 'loss': prompt_losses(model, inputs, targets)}
            write_reference(folder, logits, {**motion, **{f'layers.{i}.probabilities': w for i, w in enumerate(maps)}})
        export(model, torch.from_numpy(np.repeat(inputs, 2, axis=0)), folder / file)
        if moves:
            names = motion_names(onnx.load(str(folder / file)), model, f'{folder.name}/model.py')
            metrics.setdefault('tensors', {})[file] = names
    update_json(folder / 'metrics.json', **metrics)
