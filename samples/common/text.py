"""The text that the language models learn, as character ids."""
import pathlib

import numpy as np

TEXT = (pathlib.Path(__file__).resolve().parents[1] / 'text' / 'alice.txt').read_text()
ALPHABET = sorted(set(TEXT))
IDS = np.array([ALPHABET.index(character) for character in TEXT], np.int64)
HELD_OUT = len(IDS) - len(IDS) // 10


def random_windows(rng, count, length):
    """Inputs and next characters [count, length] from the part to train on."""
    starts = rng.integers(0, HELD_OUT - length - 1, count)
    windows = IDS[starts[:, None] + np.arange(length + 1)]
    return windows[:, :-1], windows[:, 1:]


def held_out_windows(count, length):
    """`count` evenly spaced windows [count, length] of the part that is never trained on, with their next characters."""
    starts = np.linspace(HELD_OUT, len(IDS) - length - 1, count).astype(int)
    windows = IDS[starts[:, None] + np.arange(length + 1)]
    return windows[:, :-1], windows[:, 1:]


def character_name(token):
    """How a character is written on an axis: a line break and a space would not be seen."""
    return {'\n': '⏎', ' ': '␣'}.get(ALPHABET[token], ALPHABET[token])
