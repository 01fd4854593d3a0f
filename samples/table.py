"""
Writes the table of all samples into `samples/README.md` from their `metrics.json`, with what the papers report from
`papers.json`. `python3 samples/table.py --check` only says whether the table is up to date.
"""
import json
import pathlib
import sys

SAMPLES = pathlib.Path(__file__).resolve().parent
README = SAMPLES / 'README.md'
START, END = '<!-- prettier-ignore-start -->', '<!-- prettier-ignore-end -->'
HEADER = ('Sample', 'Parameters', 'State', 'Measured', 'The papers report', 'How ours differs')


def digits(value):
    """Three decimals of a rate or a loss."""
    return f'{value:.3f}'


def joined(rows):
    return ' / '.join(digits(row['accuracy']) for row in rows)


def seeds_of(entry, value):
    """The spread over seeds, where there is more than one."""
    found = [value(run) for run in entry.get('seeds', [])]
    if len(found) < 2:
        return f' ({len(found)} seed)' if found else ''
    mean = sum(found) / len(found)
    return f' (mean {digits(mean)}, {digits(min(found))} to {digits(max(found))} over {len(found)} seeds)'


def recall(metrics):
    accuracy = metrics['accuracy']
    pairs = ' / '.join(str(row['pairs']) for row in accuracy['byPairs'])
    lengths = ' / '.join(str(row['length']) for row in accuracy['byLength'])
    main = accuracy['main']
    return [
        f'{digits(main["accuracy"])} at {main["pairs"]} pairs, L = {main["length"]}'
        + seeds_of(metrics, lambda run: run['accuracy']['main']['accuracy']),
        f'{joined(accuracy["byPairs"])} at {pairs} pairs',
        f'{joined(accuracy["byLength"])} at L = {lengths}',
        f'{joined(accuracy["forgetting"])} when {" / ".join(str(row["updates"]) for row in accuracy["forgetting"])} of 8 keys are written twice',
        *(f'{words}: {active(run["activity"])}' for words, run in activities(metrics)),
    ]


def activities(metrics):
    """The shares of active tokens, where a sample has them: as exported, and before activity had a price."""
    return [('active tokens', metrics), ('before they had a price', metrics['withoutPrice'])] if 'activity' in metrics else []


def active(activity):
    return ', '.join(
        f'layer {layer["layer"]} {digits(layer["active"])} (values {digits(layer["values"])}, questions {digits(layer["questions"])})'
        for layer in activity['layers']
    )


def routed(metrics):
    lines = []
    for name, entry in metrics['variants'].items():
        accuracy = entry['accuracy']
        pairs = ' / '.join(str(row['pairs']) for row in accuracy['byPairs'])
        lines.append(
            f'{name}: {joined(accuracy["byPairs"])} at {pairs} pairs, L = {accuracy["byPairs"][0]["length"]}'
            + seeds_of(entry, lambda run: run['accuracy']['main']['accuracy'])
        )
        twice = accuracy['forgetting']
        lines.append(f'{name}: {joined(twice)} when {" / ".join(str(row["updates"]) for row in twice)} of {twice[0]["pairs"]} keys are written twice')
    for when, routing in (('', metrics['routing']), (' without the price', metrics['variants']['routed']['withoutPrice']['routing'])):
        heads = ', '.join(
            f'{digits(head["ofChunksWithPairs"])} and {digits(head["ofOtherChunks"])} in layer {head["layer"]} head {head["head"]}'
            for head in routing['heads']
        )
        lines.append(f'softmax share of chunks with pairs and of others{when}: {heads}')
    return lines


def swept(metrics):
    kinds = {}
    for row in metrics['sweep']:
        kinds.setdefault(row['kind'], []).append(row)
    tasks = ', '.join(f'{task["pairs"]} pairs' for task in metrics['sweep'][0]['accuracy'])
    return [f'state elements: accuracy at {tasks}'] + [
        f'{kind}: ' + '; '.join(f'{row["stateElements"]:,}: {joined(row["accuracy"])}' for row in rows)
        for kind, rows in kinds.items()
    ]


def superposed(metrics):
    lines = []
    for built in metrics['built'].values():
        plain, deep = built['threeRandomFeatures'], built['oneDeepOutput']
        lines.append(
            f'{built["outputsPerLayer"]:,} outputs on {built["neurons"]:,} neurons: all right on {digits(plain["layers"][0]["exact"])} of random inputs, '
            f'on {digits(deep["layers"][1]["exact"])} where a second-layer output is true; noise {digits(built["noise"]["measured"])}, '
            f'predicted {digits(built["noise"]["predicted"])}'
        )
    if 'trained' in metrics:
        trained = metrics['trained']
        exact = [run['exact'] for run in trained['seeds']]
        lines.append(
            f'trained, {trained["outputs"]} outputs on {trained["neurons"]} neurons: {digits(min(exact))} to {digits(max(exact))} over '
            f'{len(exact)} seeds; columns of W C have cosine {digits(trained["seeds"][0]["cosineOfPairs"])} for pairs, '
            f'{digits(trained["seeds"][0]["cosineOfOthers"])} for others'
        )
    return lines


def gridded(metrics):
    lines = []
    for name in ('att', 'att+mlp'):
        for grid in metrics.get(name, {}).get('grids', []):
            M, N = grid['grid']
            wrong = f', {digits(grid["wrongKey"])} with the wrong key (chance {digits(metrics["chance"])})' if 'wrongKey' in grid else ''
            lines.append(f'{name} {M}x{N}: {digits(grid["accuracy"])}{wrong}')
    return lines


def language(metrics):
    lines = []
    for name, entry in [('', metrics), *metrics.get('variants', {}).items()]:
        curve = entry['training']['curve']
        text = f'{name}: ' if name else ''
        text += f'held-out loss {digits(entry["heldOutLoss"])} nats after {curve[-1]["step"]} steps'
        lines.append(text + seeds_of(entry, lambda run: run['heldOutLoss']))
        lines.append(f'{curve[-1]["seconds"]} s of processor time; ' + f'{entry["parameters"]:,} parameters')
        if entry.get('ablation'):
            lines.append('momentum scaled by ' + ', '.join(f'{row["momentum"]:g}: {digits(row["loss"])}' for row in entry['ablation']))
    return lines


KINDS = (
    ('built', superposed), ('sweep', swept), ('routing', routed), ('att', gridded), ('heldOutLoss', language), ('accuracy', recall),
)


def row(metrics, paper):
    measured = next(kind for field, kind in KINDS if field in metrics)(metrics)
    number = lambda field: f'{metrics[field]:,}' if metrics.get(field) else ''
    name = f'[{metrics["name"]}]({metrics["name"]}/README.md): {metrics["title"]}'
    return (name, number('parameters'), number('stateElements'), '<br>'.join(measured), paper['reports'], paper['differs'])


def table():
    papers = json.loads((SAMPLES / 'papers.json').read_text())
    rows = [HEADER, ('---',) * len(HEADER)]
    for name, paper in papers.items():
        path = SAMPLES / name / 'metrics.json'
        if path.exists():
            rows.append(row(json.loads(path.read_text()), paper))
    return '\n'.join('| ' + ' | '.join(cells) + ' |' for cells in rows)


def written():
    """The README with the table as it should be."""
    text = README.read_text()
    before, rest = text.split(START)
    after = rest.split(END)[1]
    return f'{before}{START}\n\n{table()}\n\n{END}{after}'


def main():
    text = written()
    if '--check' in sys.argv:
        sys.exit(None if text == README.read_text() else 'samples/README.md: the table is not what samples/table.py writes')
    README.write_text(text)


if __name__ == '__main__':
    main()
