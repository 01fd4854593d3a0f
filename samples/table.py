"""
Writes the figures of the samples from their `metrics.json`: the table of all, with what the papers report from
`papers.json`, into `samples/README.md`, and each sample's own into its README.
"""
import json
import pathlib
import sys

SAMPLES = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(SAMPLES))

from figures import measured

START, END = '<!-- prettier-ignore-start -->', '<!-- prettier-ignore-end -->'
HEADER = ('Sample', 'Parameters', 'State', 'Measured', 'The papers report', 'How ours differs')


def samples():
    """What each sample measured and what its paper reports, in the order of `papers.json`."""
    papers = json.loads((SAMPLES / 'papers.json').read_text())
    return [(json.loads((SAMPLES / name / 'metrics.json').read_text()), paper) for name, paper in papers.items()]


def row(metrics, paper):
    number = lambda field: f'{metrics[field]:,}' if metrics.get(field) else ''
    name = f'[{metrics["name"]}]({metrics["name"]}/README.md): {metrics["title"]}'
    return (name, number('parameters'), number('stateElements'), '<br>'.join(measured(metrics)), paper['reports'], paper['differs'])


def table():
    rows = [HEADER, ('---',) * len(HEADER), *(row(metrics, paper) for metrics, paper in samples())]
    return '\n'.join('| ' + ' | '.join(cells) + ' |' for cells in rows)


def figures(metrics):
    return '\n'.join(f'- {line}' for line in measured(metrics))


def between_marks(path, text):
    """The file at `path` with `text` between its marks."""
    before, rest = path.read_text().split(START)
    after = rest.split(END)[1]
    return f'{before}{START}\n\n{text}\n\n{END}{after}'


def written():
    """Every README that holds figures, by its path, as it should be."""
    texts = {SAMPLES / 'README.md': table()}
    texts.update({SAMPLES / metrics['name'] / 'README.md': figures(metrics) for metrics, _ in samples()})
    return {path: between_marks(path, text) for path, text in texts.items()}


if __name__ == '__main__':
    for path, text in written().items():
        path.write_text(text)
