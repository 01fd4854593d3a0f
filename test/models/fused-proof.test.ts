import { readdirSync, readFileSync } from 'node:fs';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it, vi } from 'vitest';
import { findSites } from '../../extension/attention/find-sites.ts';
import { bytesSource } from '../../extension/onnx/bytes-source.ts';
import { indexModel } from '../../extension/onnx/index-model.ts';
import type { GraphNode } from '../../extension/onnx/model-index.ts';
import type { AttentionSite } from '../../extension/protocol/model.ts';
import type { AttentionResults } from '../../kernels/common/attention-results.ts';
import { openSite } from '../../webview/runtime/site-operators.ts';
import { attentionTaps } from '../../webview/view-api/attention-taps.ts';
import { tensorOf } from '../views/hand-made-run.ts';
import { runAndRead } from './zoo-run.ts';

vi.setConfig({ testTimeout: 60_000 });

/** ‖M·V − O‖ / ‖O‖ of every site, M in float64 from derived q, k and v; WASM measures up to 1.3e-7. */
const TOLERANCE = 1e-6;

const folder = new URL('./zoo/', import.meta.url);

/** Inputs that must be certain numbers. */
const given: Readonly<Record<string, Record<string, readonly number[]>>> = {
	'fused-attention-of-three-axes': {
		mask: Array.from({ length: 70 }, (_, i) => (i % 9 === 3 ? 0 : 1)),
	},
	'fused-decoder-step-across': { seen: [1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0] },
	'fused-decoder-step-with-bias': {
		length: [7],
		seen: [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
	},
	'fused-attention-causal-of-padded-keys': { lengths: [5, 7, 2] },
	'fused-attention-of-padded-keys': { lengths: [4, 7] },
	'fused-many-heads': { mask: [1, 1, 1, 0, 0, 1, 1, 1, 1, 1] },
	'fused-many-heads-with-bias': { lengths: [3, 7] },
	'fused-packed-weights': { mask: [1, 1, 1, 0, 0, 0, 1, 1, 1, 1] },
	'fused-packed-weights-of-other-value-size': { lengths: [3, 5] },
	'fused-packed-weights-between-bounds': { bounds: [4, 5, 1, 0] },
	'fused-packed-weights-with-past-and-a-mask-for-each-query': {
		seen: Array.from({ length: 80 }, (_, i) => (i % 7 === 3 ? 0 : 1)),
	},
	'fused-many-heads-with-bias-and-past': {
		seen: Array.from({ length: 80 }, (_, i) => (i % 7 === 3 ? 0 : 1)),
	},
	'fused-quantised-with-zero-points': { mask: [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1] },
	'fused-grouped-queries': { lengths: [4, 4], total: [5] },
	'fused-grouped-queries-packed-and-rotated': { lengths: [4, 4], total: [5] },
	'fused-grouped-queries-rotated-with-past': { lengths: [3, 6], total: [7] },
	'fused-grouped-queries-partly-rotated-by-positions': {
		lengths: [6],
		total: [7],
		positions: [4, 5, 6],
	},
	'fused-grouped-queries-of-padded-prompts': { lengths: [4, 2], total: [5] },
	'fused-grouped-queries-of-padded-prompts-rotated': { lengths: [5, 2, 3], total: [6] },
	'fused-grouped-queries-with-sinks': { lengths: [4, 4], total: [5] },
	'fused-grouped-queries-with-sinks-in-windows': { lengths: [4, 4], total: [5] },
	'fused-grouped-queries-with-sinks-and-past': { lengths: [6, 6], total: [7] },
	'fused-grouped-queries-with-smooth-softmax': { lengths: [4, 4], total: [5] },
	'fused-grouped-queries-with-norms': { lengths: [4, 4], total: [5] },
	'fused-grouped-queries-with-their-probabilities': { lengths: [4, 4], total: [5] },
	'fused-grouped-queries-with-quantised-past': { lengths: [6, 6], total: [7] },
	'fused-grouped-queries-with-past-quantised-by-channel': { lengths: [6, 6], total: [7] },
	'fused-grouped-queries-with-past-of-half-bytes': { lengths: [6, 6], total: [7] },
	'fused-decoder-step': { length: [4] },
	'fused-sparse': {
		total: [20],
		lengths: [20, 20],
		rows: [0, 1, 3, 6],
		columns: [0, 0, 1, 0, 1, 2],
	},
};

/** What the runtime answers to operators that it cannot run as they stand; their sites say so. */
const refused: Readonly<Record<string, RegExp>> = {
	'fused-attention-in-a-window': /Unrecognized attribute: left_window_size/,
	'fused-attention-in-a-window-to-both-sides': /Unrecognized attribute: left_window_size/,
	'fused-attention-with-past-not-handed-on': /past_key provided and present_key being null/,
	'fused-decoder': /Could not find an implementation for DecoderAttention/,
	'fused-decoder-step-of-packed-weights': /Could not find an implementation for DecoderMaskedSelf/,
	'fused-flexible': /FlexAttention\(-1\) is not a registered/,
	'fused-flexible-capped-and-causal': /FlexAttention\(-1\) is not a registered/,
	'fused-grouped-queries-with-norms': /q_norm_weight \/ k_norm_weight inputs are not supported/,
	'fused-long-sequences': /Could not find an implementation for LongformerAttention/,
	'fused-many-heads-packed': /Packed QKV of shape \(B, L, N, 3, H\) not implemented/,
	'fused-many-heads-packed-keys': /Packed KV not implemented/,
	'fused-many-heads-packed-with-bias': /Packed QKV of shape \(B, L, N, 3, H\) not implemented/,
	'fused-many-heads-without-padding': /Could not find an implementation for PackedMultiHead/,
	// its kernels are for half precision on other processors
	'fused-paged': /Type 'tensor\(float\)' of input parameter \(q\)/,
	'fused-sparse': /past_key->DataRaw\(\) == present_key->DataRaw\(\)/,
	'fused-without-padding': /Could not find an implementation for PackedAttention/,
};

/** ‖M − P‖ / ‖P‖ against probabilities `[B, H, T, S]`; WASM measures up to 9e-8. */
async function differenceFrom(theirs: Float64Array, results: AttentionResults): Promise<number> {
	const { B, H, T, S } = results.shape;
	const errors: number[] = [];
	for (let at = 0; at < B * H; at++) {
		const place = { batch: Math.floor(at / H), head: at % H };
		const { values } = await results.weights({ ...place, rows: [0, T], columns: [0, S] });
		values.forEach((ours, i) => errors.push(ours - theirs[at * T * S + i]!));
	}
	return Math.hypot(...errors) / Math.hypot(...theirs);
}

const names = readdirSync(folder)
	.filter((name) => /^fused-.*\.onnx$/.test(name))
	.map((name) => name.replace(/\.onnx$/, ''));

async function opened(name: string) {
	const file = new URL(`${name}.onnx`, folder);
	const index = await indexModel(bytesSource(readFileSync(file)));
	const sites = findSites(index).filter(({ form }) => form === 'softmax');
	return { file, index, sites };
}

describe('what a fused operator hides is opened and proved', () => {
	it.each(names.filter((name) => !refused[name]))('%s', async (name) => {
		const { file, index, sites } = await opened(name);
		const weights = sites.flatMap(({ tensors }) => tensors['weights']?.name ?? []);
		const taps = [...sites.flatMap(attentionTaps), ...weights];
		const read = await runAndRead(file, index, taps, given[name]);
		expect(weights.length > 0).toBe(name.startsWith('fused-attention-'));
		for (const site of sites) {
			const tensor = (wanted: string) => {
				const found = read.get(wanted);
				if (!found) return Promise.reject(new Error(`${wanted} was not handed out`));
				return Promise.resolve(tensorOf(wanted, found.dims, found.data));
			};
			const { results, output } = await openSite({ device: undefined, tensor }, site);
			expect((await results.residual(output)).overall, site.id).toBeLessThan(TOLERANCE);
			expect(site.notes.join()).not.toMatch(/onnxruntime-web/);
			const own = read.get(site.tensors['weights']?.name ?? '');
			if (own) expect(await differenceFrom(own.data, results), site.id).toBeLessThan(TOLERANCE);
		}
	});
});

describe('what the runtime cannot run is said', () => {
	it.each(Object.entries(refused))('%s', async (name, words) => {
		const { file, index, sites } = await opened(name);
		await expect(runAndRead(file, index, [], given[name])).rejects.toThrow(words);
		for (const { notes } of sites) expect(notes.join()).toMatch(/onnxruntime-web (has no|cannot)/);
	});
});

type Numbers = readonly number[];
/** Cells `[..., which, channel]` or `[..., which, head, channel]` of three beside each other. */
const third = (all: Numbers, which: number, of: number, inner: number): Numbers =>
	all.filter((_, i) => Math.floor(i / inner) % of === which);

/** What the appended nodes must give, from the inputs and weights `at` the operator's places. */
const alone: Readonly<Record<string, (at: (place: number) => Numbers) => Record<string, Numbers>>> =
	{
		'fused-many-heads-packed': (at) => ({
			q: third(at(0), 0, 3, 4),
			k: third(at(0), 1, 3, 4),
			v: third(at(0), 2, 3, 4),
		}),
		'fused-many-heads-packed-keys': (at) => ({
			k: third(at(1), 0, 2, 4),
			v: third(at(1), 1, 2, 4),
		}),
		'fused-many-heads-packed-with-bias': (at) => {
			const part = (which: number) =>
				third(at(0), which, 3, 4).map((x, i) => x + at(3)[which * 16 + (i % 16)]!);
			return { q: part(0), k: part(1), v: part(2) };
		},
		'fused-attention-with-past-not-handed-on': (at) => ({
			k: joined(at(4), at(1)),
			v: joined(at(5), at(2)),
		}),
		'fused-without-padding': (at) => projected(at),
		'fused-long-sequences': (at) => projected(at),
		'fused-decoder-step-of-packed-weights': (at) => ({ q: projected(at)['q']! }),
		'fused-decoder': (at) => ({ q: linear(at(0), at(2), at(4).slice(0, 16)) }),
		'fused-grouped-queries-with-norms': (at) => ({ q: normalised(at(0), at(14)) }),
	};

/** Roles that are read off the operator itself, which does not run. */
const handedOn: Readonly<Record<string, readonly string[]>> = {
	'fused-grouped-queries-with-norms': ['k', 'v'],
};

/** Rows as wide as the weight, each over the root of its mean square. */
function normalised(x: Numbers, weight: Numbers): number[] {
	return x.map((value, i) => {
		const row = x.slice(i - (i % weight.length)).slice(0, weight.length);
		const square = row.reduce((sum, each) => sum + each * each, 0) / weight.length;
		return (value / Math.sqrt(square + 1e-6)) * weight[i % weight.length]!;
	});
}

/** `[B, 2, 3, 4]` of the past before `[B, 5, 2 · 4]`, as `[B, 2, 8, 4]`. */
function joined(past: Numbers, fresh: Numbers): Numbers {
	return Array.from({ length: 2 * 2 * 8 * 4 }, (_, i) => {
		const [b, h, t, d] = [i >> 6, (i >> 5) & 1, (i >> 2) & 7, i & 3];
		return t < 3 ? past[((b * 2 + h) * 3 + t) * 4 + d]! : fresh[(b * 5 + t - 3) * 8 + h * 4 + d]!;
	});
}

/** `x · weight + bias`; as many rows in the weight as x is wide. */
function linear(x: Numbers, weight: Numbers, bias: Numbers): number[] {
	const [rows, columns] = [weight.length / bias.length, bias.length];
	return Array.from({ length: (x.length / rows) * columns }, (_, i) => {
		const [t, j] = [Math.floor(i / columns), i % columns];
		let sum = bias[j]!;
		for (let r = 0; r < rows; r++) sum += x[t * rows + r]! * weight[r * columns + j]!;
		return sum;
	});
}

function projected(at: (place: number) => Numbers): Record<string, Numbers> {
	const packed = linear(at(0), at(1), at(2));
	return { q: third(packed, 0, 3, 16), k: third(packed, 1, 3, 16), v: third(packed, 2, 3, 16) };
}

/** The same inputs and weights without nodes and outputs. */
function emptied(file: Uint8Array): Uint8Array {
	const model = fromBinary(ModelProtoSchema, file);
	model.graph!.node = [];
	model.graph!.output = [];
	return toBinary(ModelProtoSchema, model);
}

describe('the nodes that a probe appends are right by themselves', () => {
	it.each(Object.entries(alone))('%s', async (name, expected) => {
		const { file, index, sites } = await opened(name);
		const [{ tensors }] = sites as [AttentionSite];
		const [node] = index.graph.nodes as [GraphNode];
		const wanted = node.inputs.filter((input) => input !== '');
		const roles = ['q', 'k', 'v'].filter(
			(role) => tensors[role]?.name.startsWith('attnscope/') && !handedOn[name]?.includes(role),
		);
		const names = [...wanted, ...roles.map((role) => tensors[role]!.name)];
		const read = await runAndRead(file, index, names, { length: [4] }, emptied);
		const values = expected((place) => [...read.get(node.inputs[place]!)!.data]);
		expect(roles).toEqual(Object.keys(values));
		for (const role of roles) {
			const found = [...read.get(tensors[role]!.name)!.data];
			const error = Math.hypot(...found.map((x, i) => x - values[role]![i]!));
			// float32 against float64 measures up to 7e-8
			expect(error / Math.hypot(...values[role]!), role).toBeLessThan(TOLERANCE);
		}
	});
});
