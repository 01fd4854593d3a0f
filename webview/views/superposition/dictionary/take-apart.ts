import { KernelError } from '../../../../kernels/common/kernel-error.ts';
import {
	centred,
	judgeGiven,
	learnAndJudge,
	sparseCode,
	unitRows,
	type Judgement,
	type Rows,
} from '../../../../kernels/sparse-coding/sparse-coding.ts';
import {
	codeMetrics,
	codeMetricsOnDevice,
	recoverableActive,
	transpose,
	welchFloor,
	type Matrix,
} from '../../../../kernels/superposed-layer/superposed-layer.ts';
import type { ViewContext } from '../../../view-api/view.ts';
import { SiteTensorError } from '../../../view-api/site-tensors.ts';
import type { SuperposedData } from '../data.ts';
import { readDictionary, readTensor, type NamedRows } from './read-rows.ts';
import { arraysOf, LEARNED, type DictionarySource } from './sources.ts';

/** Features and rows that are drawn. */
const SHOWN = 40;
const CORNER = 64;

/** Used by more than half of the rows: it tells little. */
const DENSE = 0.5;

export interface ApartQuery {
	readonly kind: 'apart';
	readonly tensor: string;
	readonly dictionary: string;
	readonly sparsity: number;
	/** Features to learn; 0 for a given dictionary, so that the slider asks nothing new then. */
	readonly learned: number;
}

export interface PickQuery {
	readonly kind: 'pick';
	readonly press: number;
}

/** What the user picked. */
export interface Picked {
	readonly kind: 'pick';
	readonly sources: readonly DictionarySource[];
}

/** One feature with the rows that use it most. */
export interface UsedFeature {
	readonly name: string;
	/** Rows that use it. */
	readonly uses: number;
	/** Mean size of its weight where it is used. */
	readonly weight: number;
	readonly top: readonly string[];
}

/** A tensor as features, with the errors that say how far to trust them. */
export interface Apart {
	readonly kind: 'apart';
	readonly rows: number;
	readonly ofRows: number;
	readonly features: number;
	readonly ofFeatures: number;
	readonly width: number;
	readonly judgement: Judgement;
	/** Features that no row uses, and that more than half of them use. */
	readonly dead: number;
	readonly dense: number;
	readonly geometry: Geometry;
	/** `[shown, shown]`: cosines of the features that are used most. */
	readonly gram: Float32Array;
	readonly gramSide: number;
	readonly used: readonly UsedFeature[];
	/** `[used, rows shown]`: weights along the rows. */
	readonly codes: Float32Array;
	readonly codeRows: number;
	/** ‖x − sum‖² / ‖x‖² of each row. */
	readonly rowErrors: readonly number[];
	readonly rowNames: readonly string[];
}

/** How well the features keep out of each other's way. */
export interface Geometry {
	/** RMS cosine of two features, and the least that so many in so few dimensions can have. */
	readonly crosstalk: number;
	readonly welch: number;
	readonly coherence: number;
	/** Rows a threshold of ½ reads without error, by the coherence; −1 for none. */
	readonly recoverable: number;
	readonly dimensionsPerFeature: number;
	/** Of the features, smallest first; empty where they do not span the space. */
	readonly leverage: readonly number[];
	/** Why leverage is missing; empty for nothing. */
	readonly trouble: string;
}

/** @throws SiteTensorError, KernelError, or what a file says, with a sentence */
export async function takeApart(
	context: ViewContext,
	data: SuperposedData,
	{ tensor: name, dictionary, sparsity, learned }: ApartQuery,
): Promise<Apart> {
	const tensor = data.tensors.find((each) => each.name === name);
	if (!tensor) throw new SiteTensorError(`No linear layer of the model reads or gives ${name}.`);
	context.progress('Reading the rows');
	const read = await readTensor(context, tensor);
	const { rows } = centred(read.rows);
	let given: NamedRows;
	let judgement: Judgement;
	if (dictionary === LEARNED.id) {
		context.progress('Learning features from half of the rows, with three seeds and from shuffled rows'); // prettier-ignore
		const found = learnAndJudge(rows, { features: learned, sparsity });
		const names = Array.from({ length: learned }, (_, f) => String(f));
		given = { rows: found.features, names, of: learned };
		judgement = found.judgement;
	} else {
		given = await readDictionary(context, await sourceOf(context, data, dictionary, tensor.width));
		context.progress(`Taking ${rows.count} rows apart into ${given.rows.count} features`);
		judgement = judgeGiven(rows, given.rows, sparsity);
	}
	const features = unitRows(given.rows);
	const code = sparseCode(rows, features, sparsity);
	const uses = usesOf(code, features.count);
	const order = [...uses.keys()].sort((a, b) => uses[b]!.length - uses[a]!.length);
	const shown = order.filter((f) => uses[f]!.length > 0).slice(0, SHOWN);
	const side = Math.min(CORNER, features.count);
	return {
		kind: 'apart',
		...{ rows: rows.count, ofRows: read.of, features: features.count, ofFeatures: given.of },
		width: rows.width,
		judgement,
		dead: uses.filter((places) => places.length === 0).length,
		dense: uses.filter((places) => places.length > DENSE * rows.count).length,
		geometry: await geometryOf(context, features),
		gram: gramOf(features, order.slice(0, side)),
		gramSide: side,
		used: shown.map((f) => usedFeature(given.names[f]!, uses[f]!, code, sparsity, read.names)),
		codes: codesOf(shown, code, sparsity, Math.min(rows.count, 256)),
		codeRows: Math.min(rows.count, 256),
		rowErrors: rowErrors(rows, code.errors),
		rowNames: read.names,
	};
}

type Code = ReturnType<typeof sparseCode>;

async function sourceOf(
	context: ViewContext,
	data: SuperposedData,
	id: string,
	width: number,
): Promise<DictionarySource> {
	const known = data.dictionaries.find((source) => source.id === id);
	const found = known ?? (await describedSource(context, id));
	if (!found) throw new SiteTensorError(`There is no dictionary ${id}.`);
	if (found.width !== width) {
		throw new SiteTensorError(`Features of ${id} have ${found.width} numbers, and the tensor’s rows ${width}.`); // prettier-ignore
	}
	return found;
}

async function describedSource(context: ViewContext, id: string) {
	const path = /^file:([^#]*)#/.exec(id)?.[1];
	if (path === undefined) return undefined;
	return arraysOf(path, await context.files.describe(path)).find((source) => source.id === id);
}

export async function pickFile(context: ViewContext): Promise<Picked> {
	const file = await context.files.pick();
	if (!file) return { kind: 'pick', sources: [] };
	return { kind: 'pick', sources: arraysOf(file.path, await context.files.describe(file.path)) };
}

/** Places in the code of each feature. */
function usesOf({ used }: Code, features: number): number[][] {
	const uses = Array.from({ length: features }, () => [] as number[]);
	used.forEach((f, place) => {
		if (f >= 0) uses[f]!.push(place);
	});
	return uses;
}

function usedFeature(
	name: string,
	places: readonly number[],
	{ weights }: Code,
	sparsity: number,
	names: readonly string[],
): UsedFeature {
	const sizes = [...places].sort((a, b) => Math.abs(weights[b]!) - Math.abs(weights[a]!));
	const sum = places.reduce((all, place) => all + Math.abs(weights[place]!), 0);
	const top = sizes.slice(0, 3).map((place) => names[Math.floor(place / sparsity)]!);
	return { name, uses: places.length, weight: sum / places.length, top: [...new Set(top)] };
}

function codesOf(
	shown: readonly number[],
	{ used, weights }: Code,
	sparsity: number,
	rows: number,
): Float32Array {
	// prettier-ignore
	const place = new Map(shown.map((f, at) => [f, at]));
	const codes = new Float32Array(shown.length * rows);
	for (let at = 0; at < rows * sparsity; at++) {
		const row = place.get(used[at]!);
		if (row !== undefined) codes[row * rows + Math.floor(at / sparsity)] = weights[at]!;
	}
	return codes;
}

function rowErrors({ count, width, values }: Rows, errors: Float64Array): number[] {
	return Array.from({ length: count }, (_, t) => {
		const row = values.subarray(t * width, (t + 1) * width);
		const size = row.reduce((sum, x) => sum + x * x, 0);
		return size > 0 ? errors[t]! / size : 0;
	});
}

function gramOf({ width, values }: Rows, order: readonly number[]): Float32Array {
	const side = order.length;
	return Float32Array.from({ length: side * side }, (_, at) => {
		const [a, b] = [order[Math.floor(at / side)]! * width, order[at % side]! * width];
		let sum = 0;
		for (let i = 0; i < width; i++) sum += values[a + i]! * values[b + i]!;
		return sum;
	});
}

async function geometryOf({ device }: ViewContext, features: Rows): Promise<Geometry> {
	const { count, width } = features;
	const code: Matrix = transpose({ rows: count, columns: width, values: features.values });
	const base = { welch: welchFloor(count, width), dimensionsPerFeature: width / count };
	try {
		const readOut: Matrix = { rows: count, columns: width, values: features.values };
		const metrics = device
			? await codeMetricsOnDevice(device, code, readOut)
			: codeMetrics(code, readOut);
		return {
			...base,
			crosstalk: metrics.rms,
			coherence: metrics.coherence,
			recoverable: recoverableActive(metrics.coherence),
			leverage: Array.from(metrics.leverage).sort((a, b) => a - b),
			trouble: '',
		};
	} catch (error) {
		if (!(error instanceof KernelError) || error.reason !== 'shape') throw error;
		return { ...base, ...cosines(features), leverage: [], trouble: 'The features do not span all dimensions, or some are sums of others: leverage is not defined.' }; // prettier-ignore
	}
}

/** RMS and largest cosine of two features, where the code has no full rank. */
function cosines({ count, width, values }: Rows) {
	let [squares, coherence] = [0, 0];
	for (let i = 0; i < count; i++) {
		for (let j = 0; j < i; j++) {
			let inner = 0;
			for (let k = 0; k < width; k++) inner += values[i * width + k]! * values[j * width + k]!;
			squares += 2 * inner * inner;
			coherence = Math.max(coherence, Math.abs(inner));
		}
	}
	const crosstalk = count > 1 ? Math.sqrt(squares / (count * (count - 1))) : 0;
	return { crosstalk, coherence, recoverable: recoverableActive(coherence) };
}
