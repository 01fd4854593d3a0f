"""The figures of a `metrics.json` in words, one function for each kind of sample. No figure is typed by hand."""
import json
import pathlib

import numpy as np

SAMPLES = pathlib.Path(__file__).resolve().parent


def digits(value):
    """Three decimals of a rate or a loss."""
    return f'{value:.3f}'


def joined(rows):
    return ' / '.join(digits(row['accuracy']) for row in rows)


def seeds_of(entry, value):
    """The spread over seeds, where there is more than one."""
    found = [value(run) for run in entry.get('seeds', [])]
    if len(found) < 2:
        return f' ({seeds_in(1)})' if found else ''
    mean = sum(found) / len(found)
    return f' (mean {digits(mean)}, {digits(min(found))} to {digits(max(found))} over {seeds_in(len(found))})'


def seeds_in(count):
    return f'{count} seed' if count == 1 else f'{count} seeds'


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
        at_distance(accuracy['byDistance']),
        f'{joined(accuracy["forgetting"])} when {" / ".join(str(row["updates"]) for row in accuracy["forgetting"])} of 8 keys are written twice',
        *(f'{words}: {active(run["activity"])}' for words, run in activities(metrics)),
    ]


def at_distance(rows):
    """By how many tokens lie between a value and the question for it."""
    bins = rows['bins']
    return f'{joined(bins)} where {" / ".join(str(row["to"]) for row in bins)} tokens at most lie between value and question'


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
        lines.append(f'{name}: {at_distance(accuracy["byDistance"])}')
        twice = accuracy['forgetting']
        lines.append(f'{name}: {joined(twice)} when {" / ".join(str(row["updates"]) for row in twice)} of {twice[0]["pairs"]} keys are written twice')
    for when, routing in (('', metrics['routing']), (' without the price', metrics['variants']['routed']['withoutPrice']['routing'])):
        heads = ', '.join(
            f'{digits(head["ofChunksWithPairs"])} and {digits(head["ofOtherChunks"])} in layer {head["layer"]} head {head["head"]}'
            for head in routing['heads']
        )
        lines.append(f'softmax share of chunks with pairs and of others{when}: {heads}')
    lines.append('the same of all heads together, seed by seed: ' + '; '.join(shares(run['routing']) for run in metrics['variants']['routed']['seeds']))
    return lines


def shares(routing):
    """The mean over heads of the softmax share, of chunks with pairs and of all others."""
    heads = routing['heads']
    means = (sum(head[which] for head in heads) / len(heads) for which in ('ofChunksWithPairs', 'ofOtherChunks'))
    return ' and '.join(digits(mean) for mean in means)


def swept(metrics):
    """The mean over seeds of every kind of layer at every size, and how far the seeds differ on the easiest task."""
    found = {}
    for row in metrics['sweep']:
        found.setdefault(row['kind'], {}).setdefault(row['stateElements'], []).append(row['accuracy'])
    tasks = [f'{task["pairs"]} pairs' for task in metrics['sweep'][0]['accuracy']]
    seeds = min(len(runs) for sizes in found.values() for runs in sizes.values())
    return [f'state elements: accuracy at {", ".join(tasks)} (least and most of {seeds_in(seeds)} at {tasks[0]})'] + [
        f'{kind}: ' + '; '.join(f'{elements:,}: {mean_of(runs)} ({range_of(runs)})' for elements, runs in sorted(sizes.items()))
        for kind, sizes in found.items()
    ]


def mean_of(runs):
    """The mean accuracy at each task over runs that were asked the same."""
    return ' / '.join(digits(sum(task['accuracy'] for task in tasks) / len(tasks)) for tasks in zip(*runs))


def range_of(runs):
    """Least and most of the runs at their first task."""
    first = [tasks[0]['accuracy'] for tasks in runs]
    return f'{digits(min(first))} to {digits(max(first))}'


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


def wrong_keys(entry, i):
    """Means over the seeds."""
    mean = {key: np.mean([run['grids'][i]['wrongKey'][key] for run in entry['seeds']]) for key in entry['grids'][i]['wrongKey']}
    return (
        f'{digits(mean["neighbour"])} with other cells\' keys (correlation {digits(mean["overlap"])} with their cosine), orthogonal keys '
        f'{digits(mean["orthogonal"])}, lowest as often ({digits(mean["orthogonalLowest"])}), mean rank {digits(mean["orthogonalRank"])}'
    )


def gridded(metrics):
    lines = []
    for name in ('att', 'att+mlp'):
        entry = metrics.get(name, {})
        for i, grid in enumerate(entry.get('grids', [])):
            M, N = grid['grid']
            spread = seeds_of(entry, lambda run: run['grids'][i]['accuracy'])
            lines.append(f'{name} {M}x{N}: {digits(grid["accuracy"])}{spread}')
            if 'wrongKey' in grid:
                lines.append(f'{name} {M}x{N} with wrong keys: {wrong_keys(entry, i)} (chance {digits(metrics["chance"])}, rank 3.5)')
    return lines


def language(metrics):
    lines, within = [], shared_seconds()
    for name, entry in [('', metrics), *metrics.get('variants', {}).items()]:
        curve = entry['training']['curve']
        text = f'{name}: ' if name else ''
        text += f'held-out loss {digits(entry["heldOutLoss"])} nats after {curve[-1]["step"]} steps'
        lines.append(text + seeds_of(entry, lambda run: run['heldOutLoss']))
        lines.append(f'{curve[-1]["seconds"]} s of processor time; ' + f'{entry["parameters"]:,} parameters')
        after = [loss_after(within, run['training']['curve']) for run in entry['seeds']]
        lines.append(f'{digits(sum(after) / len(after))} nats on average over {len(after)} seeds after {within} s')
        if entry.get('ablation'):
            lines.append('momentum scaled by ' + ', '.join(f'{row["momentum"]:g}: {digits(row["loss"])}' for row in entry['ablation']))
    return lines


def shared_seconds():
    """The processor time, in seconds, that every run of every `momentum-*` sample came to."""
    found = [json.loads(path.read_text()) for path in sorted(SAMPLES.glob('momentum-*/metrics.json'))]
    runs = [run for metrics in found for entry in (metrics, *metrics.get('variants', {}).values()) for run in entry['seeds']]
    return min(run['training']['curve'][-1]['seconds'] for run in runs)


def loss_after(seconds, curve):
    """The held-out loss of a run after so much processor time, on a straight line between its checkpoints."""
    return float(np.interp(seconds, [point['seconds'] for point in curve], [point['loss'] for point in curve]))


KINDS = (
    ('built', superposed), ('sweep', swept), ('routing', routed), ('att', gridded), ('heldOutLoss', language), ('accuracy', recall),
)


def measured(metrics):
    """The figures of one `metrics.json`, a sentence each."""
    return next(kind for field, kind in KINDS if field in metrics)(metrics)
