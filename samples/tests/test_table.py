import json
import unittest

from tests import support

table = support.load('.', 'table.py')


class Table(unittest.TestCase):
    def test_every_readme_holds_what_the_metrics_say(self):
        for path, text in table.written().items():
            with self.subTest(path.parent.name):
                self.assertEqual(path.read_text(), text, 'run python3 samples/table.py')

    def test_every_sample_with_figures_has_a_row(self):
        papers = json.loads((support.SAMPLES / 'papers.json').read_text())
        measured = {path.parent.name for path in support.SAMPLES.glob('*/metrics.json')}
        self.assertEqual(measured - set(papers), set())
        for name in measured:
            self.assertIn(f'[{name}]({name}/README.md)', table.table())
            self.assertTrue((support.SAMPLES / name / 'README.md').exists())


if __name__ == '__main__':
    unittest.main()
