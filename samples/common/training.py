"""One recipe for all recall models: the same data, the same number of steps, whatever the mixer.

The lengths and the number of pairs grow while a model trains, because the recurrent and convolutional mixers do not
leave the plateau (one right answer in `pairs`) when they start at full difficulty. Half of the batches ask at every
free position, the other half are the benchmark itself.
"""
import time

import numpy as np
import torch
import torch.nn.functional as F

from common.mqar import recall_batch

# Up to this share of the steps, the (length, pairs) to draw from.
CURRICULUM = (
    (0.10, ((16, 2),)),
    (0.22, ((16, 2), (24, 4), (32, 4))),
    (0.40, ((32, 4), (48, 8), (64, 8))),
    (1.00, ((64, 4), (64, 8), (64, 16), (128, 32))),
)


def task_at(done, rng, curriculum):
    """The (length, pairs) for a step, `done` being the share of steps behind it."""
    for until, tasks in curriculum:
        if done < until:
            return tasks[rng.integers(len(tasks))]
    raise ValueError(f'the curriculum ends before {done:.2f} of the steps')


def learning_rate(done, steps, peak):
    """Linear warm-up over 100 steps, flat to half-way, then a straight line to a twentieth."""
    return peak * min(1.0, (done * steps + 1) / 100) * min(1.0, max(0.05, 2 * (1 - done)))


def use_one_thread():
    """A model this small is not faster on two threads, and a fixed number makes the result repeatable."""
    torch.set_num_threads(1)


def train_recall(model, seed, steps, lr, tokens_per_batch=2048, curriculum=CURRICULUM, extra_loss=None, updates=True):
    """
    Train in place and return what is worth recording: steps, seconds, seed, peak lr, the last loss.

    extra_loss(model) is added to the cross-entropy where a mixer has a term of its own.
    updates: one batch in four writes some keys twice (the forgetting variant).
    """
    use_one_thread()
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.05)
    started, tokens_seen, recent = time.time(), 0, []
    model.train()
    for step in range(steps):
        done = step / steps
        length, pairs = task_at(done, rng, curriculum)
        rewrites = pairs // 2 if updates and step % 4 == 3 and 5 * pairs <= length else 0
        drawn = recall_batch(rng, tokens_per_batch // length, length, pairs, rewrites, every_slot=step % 2 == 0)
        tokens, labels = (torch.from_numpy(array) for array in drawn)
        for group in optimizer.param_groups:
            group['lr'] = learning_rate(done, steps, lr)
        asked = labels >= 0
        loss = F.cross_entropy(model.head(model.hidden(tokens)[asked]), labels[asked])
        recent = recent[-49:] + [loss.item()]
        if extra_loss is not None:
            loss = loss + extra_loss(model)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        tokens_seen += tokens.numel()
        if (step + 1) % 100 == 0:
            print(f'step {step + 1}/{steps}  {time.time() - started:.0f} s  loss {np.mean(recent):.4f}', flush=True)
    model.eval()
    return {
        'seed': seed,
        'steps': steps,
        'tokens': tokens_seen,
        'peakLearningRate': lr,
        'seconds': round(time.time() - started, 1),
        'lossLast50Steps': round(float(np.mean(recent)), 5),
    }
