import unittest

import numpy as np

from tests import support
from common.mqar import IGNORE, last_write, recall_batch


class RecallTask(unittest.TestCase):
    def check(self, length, pairs, updates=0, **options):
        tokens, labels = recall_batch(np.random.default_rng(5), 200, length, pairs, updates, **options)
        for row, answers in zip(tokens, labels):
            written = {}
            for at in range(0, 2 * (pairs + updates), 2):
                written[row[at]] = row[at + 1]
            self.assertEqual(len(written), pairs)
            for at in np.flatnonzero(answers != IGNORE):
                self.assertGreaterEqual(at, 2 * (pairs + updates))
                self.assertEqual(written[row[at]], answers[at])
            free = np.delete(row, np.flatnonzero(answers != IGNORE))[2 * (pairs + updates) :]
            self.assertFalse(set(free) & set(written), 'a filler equals a key')
        return tokens, labels

    def test_each_key_is_asked_once_and_the_answer_is_its_value(self):
        tokens, labels = self.check(64, 8)
        self.assertTrue((np.sum(labels != IGNORE, axis=1) == 8).all())
        self.assertTrue((tokens[:, 0:16:2] < 128).all() and (tokens[:, 1:16:2] >= 128).all())
        self.assertTrue(all(len(set(row[1:16:2])) == 8 for row in tokens))

    def test_the_answer_is_the_latest_value_when_keys_are_written_twice(self):
        tokens, labels = self.check(64, 8, updates=4)
        self.assertTrue((np.sum(labels != IGNORE, axis=1) == 8).all())
        self.assertTrue(all(len(set(row[0:24:2])) == 8 for row in tokens))

    def test_every_slot_asks_at_every_free_even_position(self):
        _, labels = self.check(64, 8, every_slot=True)
        self.assertTrue((labels[:, 16::2] != IGNORE).all() and (labels[:, 17::2] == IGNORE).all())

    def test_gaps_follow_the_power_law(self):
        # 24 slots, weights 1/i almost: the first has a probability near .26 to be drawn first
        _, labels = recall_batch(np.random.default_rng(1), 4000, 64, 8)
        first = (labels[:, 16] != IGNORE).mean()
        last = (labels[:, 62] != IGNORE).mean()
        self.assertGreater(first, 0.85)
        self.assertLess(last, 0.30)

    def test_last_write_points_at_the_value_that_counts(self):
        tokens = np.array([[4, 130, 5, 131, 4, 140, 200, 4, 5, 201]])
        distance = last_write(tokens, pairs=2, updates=1)
        self.assertEqual(distance[0, 7], 2)
        self.assertEqual(distance[0, 8], 5)

    def test_too_many_pairs_are_refused(self):
        with self.assertRaisesRegex(ValueError, 'need a length of at least 64, not 62'):
            recall_batch(np.random.default_rng(0), 1, 62, 16)


if __name__ == '__main__':
    unittest.main()
