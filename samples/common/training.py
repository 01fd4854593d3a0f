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


class Stages:
    """
    One (length, pairs) after another, each until nine answers in ten are right and with a question in every free slot;
    then the last tasks of CURRICULUM. For models that a schedule by steps would hurry on before they have found out how.

    patience: go on after so many steps all the same; a memory that is too small never gets there.
    """

    TASKS = ((16, 2), (24, 4), (32, 4), (48, 8), (64, 8))

    def __init__(self, patience=None):
        self.patience = patience
        self.passed, self.right, self.tried = 0, 0.0, 0

    def task_at(self, _done, rng):
        tasks = self.TASKS[self.passed : self.passed + 1] or CURRICULUM[-1][1]
        return tasks[rng.integers(len(tasks))]

    @property
    def always_dense(self):
        return self.passed < len(self.TASKS)

    def watch(self, logits, labels):
        """Go on to the next stage where the running share of right answers allows it."""
        self.right += 0.05 * (float((logits.argmax(-1) == labels).float().mean()) - self.right)
        self.tried += 1
        if self.always_dense and (self.right > 0.9 or self.tried == self.patience):
            self.passed, self.right, self.tried = self.passed + 1, 0.0, 0


class Schedule:
    """The (length, pairs) to draw from up to each share of the steps, such as CURRICULUM."""

    always_dense = False

    def __init__(self, curriculum):
        self.curriculum = curriculum

    def task_at(self, done, rng):
        for until, tasks in self.curriculum:
            if done < until:
                return tasks[rng.integers(len(tasks))]
        raise ValueError(f'the curriculum ends before {done:.2f} of the steps')

    def watch(self, _logits, _labels):
        """Takes its time whatever is answered."""


def learning_rate(done, steps, peak):
    """Linear warm-up over 100 steps, flat to half-way, then a straight line to a twentieth."""
    return peak * min(1.0, (done * steps + 1) / 100) * min(1.0, max(0.05, 2 * (1 - done)))


def use_one_thread():
    """A model this small is not faster on two threads, and a fixed number makes the result repeatable."""
    torch.set_num_threads(1)


def train_recall(model, seed, steps, lr, tokens_per_batch=2048, curriculum=Schedule(CURRICULUM), extra_loss=None, updates=True):
    """
    Train in place and return what is worth recording: steps, seconds, seed, peak lr, the last loss.

    extra_loss(model) is added to the cross-entropy where a mixer has a term of its own.
    curriculum: Schedule or Stages, which says what to ask next.
    updates: one batch in four writes some keys twice (the forgetting variant).
    """
    use_one_thread()
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.05)
    started, tokens_seen, recent = time.time(), 0, []
    model.train()
    for step in range(steps):
        done = step / steps
        length, pairs = curriculum.task_at(done, rng)
        twice = updates and step % 4 == 3 and not curriculum.always_dense
        rewrites = pairs // 2 if twice and 5 * pairs <= length else 0
        drawn = recall_batch(rng, tokens_per_batch // length, length, pairs, rewrites, every_slot=curriculum.always_dense or step % 2 == 0)
        tokens, labels = (torch.from_numpy(array) for array in drawn)
        for group in optimizer.param_groups:
            group['lr'] = learning_rate(done, steps, lr)
        asked = labels >= 0
        logits = model.head(model.hidden(tokens)[asked])
        loss = F.cross_entropy(logits, labels[asked])
        curriculum.watch(logits, labels[asked])
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
