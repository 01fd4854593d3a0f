import type { AttentionSite } from '../../../extension/protocol/model.ts';
import type { InputTensor, ModelInput } from '../../../extension/protocol/run.ts';
import type { NamedTensor } from '../../view-api/named-tensor.ts';
import { tensorNames } from '../../view-api/site-tensors.ts';
import type { OtherRun, ViewContext } from '../../view-api/view.ts';
import { layerName } from './stream.ts';

/** One way of changing what comes later. */
export interface Trial {
	readonly change: 'tokens' | 'length';
	/** Largest change of an output at the tokens before, over the output's largest value; null where it was not tried. */
	readonly moved: number | null;
	readonly leaks: boolean;
	/** The first place in graph order that moves; empty for none. */
	readonly where: string;
	/** Its site, where it is one or lies behind one. */
	readonly site: string | null;
	/** Why it was not tried; empty where it was. */
	readonly reason: string;
}

/** Whether anything before a token depends on what comes after it. */
export interface Causality {
	readonly kind: 'causality';
	/** Tokens `0 … cut − 1` must not move. */
	readonly cut: number;
	readonly tokens: number;
	readonly trials: readonly Trial[];
	readonly causal: boolean;
	/** Largest relative change that is laid to float32 sums taken in another order. */
	readonly tolerance: number;
}

/** Float32 sums of another length differ by about 1e-6 of the largest value; a leak is many times that. */
export const LEAK_TOLERANCE = 1e-4;

/** A tensor whose rows are tokens, in graph order. */
interface Watched {
	readonly name: string;
	readonly site: AttentionSite | null;
	readonly words: string;
	/** Where the tokens stand in its shape, counted from the end. */
	readonly axis: number;
}

/**
 * Perturbs later tokens, then leaves them away, and looks whether anything before them moves, in the real model on its own
 * backend. Works for any model that takes one sequence of token ids, with momentum or without.
 *
 * @throws Error with a sentence where the input holds no such sequence
 */
export async function probeCausality(context: ViewContext): Promise<Causality> {
	const { ids, tokens } = idsOf(context);
	const cut = Math.max(1, Math.floor(tokens / 2));
	const watched = watchedIn(context);
	const taps = [...new Set(watched.map(({ name }) => name))];
	const outputs = context.model.outputs.map(({ name }) => name);
	const trials: Trial[] = [];
	context.progress('Causality: the run to compare with', 0, 3);
	const base = await context.again({ taps });
	try {
		for (const change of ['tokens', 'length'] as const) {
			context.signal.throwIfAborted();
			context.progress(`Causality: other ${change === 'tokens' ? 'later tokens' : 'length'}`, trials.length + 1, 3); // prettier-ignore
			const input = change === 'tokens' ? perturbed(context.input, ids, cut) : shortened(context.input, tokens, cut); // prettier-ignore
			trials.push(await tryInput(context, { change, input, base, taps, outputs, watched, cut, tokens })); // prettier-ignore
		}
	} finally {
		base.release();
	}
	const tried = trials.filter(({ moved }) => moved !== null);
	const causal = tried.length > 0 && tried.every(({ leaks }) => !leaks);
	return { kind: 'causality', cut, tokens, trials, causal, tolerance: LEAK_TOLERANCE };
}

function idsOf({ input }: ViewContext): { ids: InputTensor; tokens: number } {
	const ids = input.tensors.find(
		({ dtype, shape, name }) =>
			(dtype === 'int64' || dtype === 'int32') && shape.length === 2 && !/mask|position|type/i.test(name), // prettier-ignore
	);
	const tokens = ids?.shape[1] ?? 0;
	if (!ids || tokens < 2) {
		const got = input.tensors.map(({ name, dtype, shape }) => `${name}: ${dtype} [${shape.join(', ')}]`); // prettier-ignore
		throw new Error(
			`The causality probe needs token ids [batch, tokens] of at least two tokens; the input has ${got.join('; ') || 'nothing'}.`,
		);
	}
	return { ids, tokens };
}

/** Later tokens in reverse order, and where that changes nothing, the first token in their place. */
function perturbed(input: ModelInput, ids: InputTensor, cut: number): ModelInput {
	const width = ids.dtype === 'int64' ? 8 : 4;
	const [rows = 1, tokens = 1] = ids.shape;
	const data = ids.data.slice();
	const cell = (row: number, t: number) => ids.data.subarray((row * tokens + t) * width, (row * tokens + t + 1) * width); // prettier-ignore
	for (let row = 0; row < rows; row++) {
		for (let t = cut; t < tokens; t++) {
			const other = cell(row, tokens - 1 - (t - cut));
			const same = other.every((byte, at) => byte === cell(row, t)[at]);
			data.set(same ? cell(row, 0) : other, (row * tokens + t) * width);
		}
	}
	const tensors = input.tensors.map((tensor) => (tensor === ids ? { ...tensor, data } : tensor));
	return { ...input, tensors };
}

/** Every input that is as long as the sequence, cut behind the tokens that must not move. */
function shortened(input: ModelInput, tokens: number, cut: number): ModelInput {
	const tensors = input.tensors.map((tensor): InputTensor => {
		const { shape, data } = tensor;
		if (shape.length < 2 || shape[1] !== tokens) return tensor;
		const row = data.length / shape[0]!;
		const kept = (row / tokens) * cut;
		const short = new Uint8Array(shape[0]! * kept);
		for (let at = 0; at < shape[0]!; at++) short.set(data.subarray(at * row, at * row + kept), at * kept); // prettier-ignore
		return { ...tensor, shape: [shape[0]!, cut, ...shape.slice(2)], data: short };
	});
	return { ...input, tensors, tokens: input.tokens.slice(0, cut), labels: input.labels.slice(0, cut) }; // prettier-ignore
}

/** What the tokens pass on their way: each site's result, and the stream behind each step. */
function watchedIn({ model }: ViewContext): Watched[] {
	const sites = model.sites.filter(({ cross }) => !cross);
	const ofSite = (site: AttentionSite): Watched[] =>
		tensorNames(site, ['output']).flatMap((name) => {
			const axes = site.tensors['output']?.axes ?? '';
			if (!axes.includes('T')) return [];
			const axis = axes.length - axes.indexOf('T');
			return [{ name, site, axis, words: `the attention of ${layerName(site)}` }];
		});
	const steps = model.stream?.steps ?? [];
	if (!steps.some(({ site }) => site !== null)) return sites.flatMap(ofSite);
	let last: AttentionSite | null = null;
	return steps.flatMap(({ site: id, position }): Watched[] => {
		const site = sites.find((each) => each.id === id) ?? null;
		last = site ?? last;
		const after = site ? `the step of ${layerName(site)}’s attention` : last ? `what follows the attention of ${layerName(last)}` : 'what comes before the first attention'; // prettier-ignore
		return [...(site ? ofSite(site) : []), { name: position, site: last, axis: 2, words: after }];
	});
}

interface Attempt {
	readonly change: Trial['change'];
	readonly input: ModelInput;
	readonly base: OtherRun;
	readonly taps: readonly string[];
	readonly outputs: readonly string[];
	readonly watched: readonly Watched[];
	readonly cut: number;
	readonly tokens: number;
}

async function tryInput(context: ViewContext, attempt: Attempt): Promise<Trial> {
	const { change, input, base, taps, outputs, watched, cut, tokens } = attempt;
	let other: OtherRun;
	try {
		other = await context.again({ input, taps });
	} catch (error) {
		if (context.signal.aborted || !(error instanceof Error) || change === 'tokens') throw error;
		const reason = `The model does not run at ${cut} tokens instead of ${tokens}: ${error.message}`;
		return { change, moved: null, leaks: false, where: '', site: null, reason };
	}
	try {
		const apart = async (name: string, axis?: number) =>
			movedBefore(cut, tokens, await base.tensor(name), await other.tensor(name), axis);
		let moved: number | null = null;
		for (const name of outputs) {
			const by = await apart(name);
			if (by !== null) moved = Math.max(moved ?? 0, by);
		}
		const leaks = (moved ?? 0) > LEAK_TOLERANCE;
		if (moved === null) {
			const reason = 'No output of the model has one row for each token.';
			return { change, moved, leaks, where: '', site: null, reason };
		}
		const first = leaks ? await firstMoved(watched, apart) : undefined;
		return { change, moved, leaks, where: first?.words ?? '', site: first?.site?.id ?? null, reason: '' }; // prettier-ignore
	} finally {
		other.release();
	}
}

async function firstMoved(
	watched: readonly Watched[],
	apart: (name: string, axis: number) => Promise<number | null>,
): Promise<Watched | undefined> {
	for (const each of watched) {
		if (((await apart(each.name, each.axis)) ?? 0) > LEAK_TOLERANCE) return each;
	}
	return undefined;
}

/**
 * Largest difference in the rows of the tokens before `cut`, over the largest value there; null where the tensors have no
 * axis of tokens.
 *
 * @param axis counted from the end; where undefined, the first of that many tokens
 */
async function movedBefore(
	cut: number,
	tokens: number,
	a: NamedTensor,
	b: NamedTensor,
	axis?: number,
): Promise<number | null> {
	const at = axis === undefined ? a.shape.indexOf(tokens) : a.shape.length - axis;
	if (at < 0 || a.shape[at] !== tokens || a.shape.length !== b.shape.length) return null;
	const inner = a.shape.slice(at + 1).reduce((product, side) => product * side, 1);
	const outer = a.shape.slice(0, at).reduce((product, side) => product * side, 1);
	const [va, vb] = [await a.read(), await b.read()];
	const ofB = b.shape[at]!;
	// an inner axis of tokens too, as a matrix of scores has, is no row of a token
	if (vb.length !== outer * ofB * inner) return null;
	let [apart, size] = [0, 0];
	for (let o = 0; o < outer; o++) {
		for (let i = 0; i < cut * inner; i++) {
			const [x, y] = [va[o * tokens * inner + i]!, vb[o * ofB * inner + i]!];
			const by = Math.abs(x - y);
			apart = Number.isNaN(by) ? Infinity : Math.max(apart, by);
			size = Math.max(size, Math.abs(x));
		}
	}
	return size === 0 ? apart : apart / size;
}
