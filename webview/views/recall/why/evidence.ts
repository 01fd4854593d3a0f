import type { AttentionSite } from '../../../../extension/protocol/model.ts';
import type { MqarExample, MqarQuery } from '../../../../kernels/recall/recall.ts';
import type { EraseLedger } from '../../../../kernels/common/memory-results.ts';
import type { OpenSite } from '../../../view-api/open-site.ts';

/** What one head reads for one query, and what became of the pair on the way. */
export interface HeadEvidence {
	readonly head: number;
	/**
	 * `match`: reads the query's own pair more than other pairs, for most queries of the example; `previous`: reads the token
	 * before, which is how a value learns of its key.
	 */
	readonly role: 'match' | 'previous' | 'other';
	/** Position that carries the pair for this head: the key's plus `offset`. */
	readonly carrier: number;
	readonly offset: number;
	/** `M[query, carrier]`, its share of `Σ|M|`, and that sum. */
	readonly weight: number;
	readonly share: number;
	readonly mass: number;
	/** Mean weight on their own carriers of the queries of this example that were answered right; of all, where none was. */
	readonly typical: number;
	readonly ledger: Ledger | undefined;
	/** What else was written to be asked for, the most read first. */
	readonly others: readonly Crosstalk[];
	/** `Σ|M|` over all other pairs, and over every other token. */
	readonly otherPairs: number;
	readonly otherTokens: number;
	/** `[T]`: the query's row of M; 0 for later tokens. */
	readonly row: Float32Array;
}

/** Where the weight went between writing and reading: `intact = left + faded + erased`. */
export interface Ledger {
	readonly intact: number;
	readonly left: number;
	readonly faded: number;
	readonly erased: number;
	/** The tokens that erased most, the first most. */
	readonly erasers: readonly { readonly at: number; readonly amount: number }[];
	/** `|intact − left − faded − erased|`, rounding alone. */
	readonly gap: number;
}

/** A pair where it stands in the context. */
export interface Write {
	readonly key: number;
	readonly value: number;
	readonly keyAt: number;
}

export interface Crosstalk extends Write {
	/** The position that carries it. */
	readonly at: number;
	readonly weight: number;
}

/** All heads of one site on one example. */
export interface SiteRows {
	readonly site: AttentionSite;
	readonly open: OpenSite;
	/** `[H][T · T]`, rows are queries. */
	readonly matrices: readonly Float32Array[];
	readonly T: number;
}

const OFFSETS = [0, 1, 2, 3];
/** A head that reads its own pair this much more than the average other pair is said to match. */
const MATCH = 2;
const LEAST_SHARE = 0.05;
const PREVIOUS = 0.5;

/** The whole matrices of a site's heads. */
export async function readRows(site: AttentionSite, open: OpenSite): Promise<SiteRows> {
	const { H, T, S } = open.results.shape;
	const matrices: Float32Array[] = [];
	for (let head = 0; head < H; head++) {
		const tile = await open.results.weights({ batch: 0, head, rows: [0, T], columns: [0, S] });
		matrices.push(tile.values);
	}
	return { site, open, matrices, T: S };
}

/**
 * @param writes every pair of the context, also those that got a new value later
 * @param right for each query of the example whether it was answered right
 */
export async function headEvidence(
	rows: SiteRows,
	head: number,
	example: MqarExample,
	query: MqarQuery,
	writes: readonly Write[],
	right: readonly boolean[],
): Promise<HeadEvidence> {
	const weights = new Weights(rows.matrices[head]!, rows.T);
	const match = matchOf(weights, example.queries);
	const carrier = query.keyAt + match.offset;
	const weight = weights.at(query.queryAt, carrier);
	const mass = weights.mass(query.queryAt);
	const good = example.queries.filter((_, at) => right[at]);
	const others = writes
		.filter(({ key, value }) => key !== query.key || value !== query.value)
		.map((write): Crosstalk => {
			const at = write.keyAt + match.offset;
			return { ...write, at, weight: weights.at(query.queryAt, at) };
		})
		.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
	const otherPairs = others.reduce((sum, each) => sum + Math.abs(each.weight), 0);
	return {
		head,
		role: match.matches ? 'match' : weights.previous() > PREVIOUS ? 'previous' : 'other',
		carrier,
		offset: match.offset,
		weight,
		share: mass === 0 ? 0 : Math.abs(weight) / mass,
		mass,
		typical: mean((good.length > 0 ? good : example.queries).map(({ queryAt, keyAt }) => weights.at(queryAt, keyAt + match.offset))), // prettier-ignore
		ledger: await ledgerOf(rows.open, head, carrier, query.queryAt),
		others,
		otherPairs,
		otherTokens: Math.max(0, mass - Math.abs(weight) - otherPairs),
		row: weights.row(query.queryAt),
	};
}

/** Rows of one head's matrix. */
class Weights {
	constructor(
		private readonly values: Float32Array,
		private readonly T: number,
	) {}

	at(query: number, key: number): number {
		return key <= query ? (this.values[query * this.T + key] ?? 0) : 0;
	}

	row(query: number): Float32Array {
		return Float32Array.from({ length: this.T }, (_, key) => this.at(query, key));
	}

	mass(query: number): number {
		let sum = 0;
		for (let key = 0; key <= query; key++) sum += Math.abs(this.at(query, key));
		return sum;
	}

	/** Mean share on the token before. */
	previous(): number {
		const rows = this.values.length / this.T;
		const shares = Array.from({ length: rows - 1 }, (_, before) => {
			const mass = this.mass(before + 1);
			return mass === 0 ? 0 : Math.abs(this.at(before + 1, before)) / mass;
		});
		return mean(shares);
	}
}

/** Which token of a pair carries it for a head, and whether the head finds its own pair among the others. */
function matchOf(weights: Weights, queries: readonly MqarQuery[]) {
	const offsets = OFFSETS.map((offset) => {
		const shares = queries.map(({ queryAt, keyAt }) => {
			const mass = weights.mass(queryAt) || 1;
			const own = Math.abs(weights.at(queryAt, keyAt + offset)) / mass;
			const rest = queries
				.filter((other) => other.keyAt !== keyAt)
				.map((other) => Math.abs(weights.at(queryAt, other.keyAt + offset)) / mass);
			return { own, rest: mean(rest) };
		});
		const own = mean(shares.map((share) => share.own));
		const rest = mean(shares.map((share) => share.rest));
		return { offset, own, lead: own - rest, matches: own > LEAST_SHARE && own > MATCH * rest };
	});
	return offsets.reduce((best, each) => (each.lead > best.lead ? each : best));
}

async function ledgerOf(
	{ memory }: OpenSite,
	head: number,
	write: number,
	read: number,
): Promise<Ledger | undefined> {
	if (!memory || write > read) return undefined;
	return summed(await memory.ledger({ batch: 0, head, write, read }), write);
}

/** A ledger's sums, with the tokens that erased most. */
export function summed({ intact, faded, erased, left }: EraseLedger, write: number): Ledger {
	const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
	const [fadedSum, erasedSum] = [sum(faded), sum(erased)];
	return {
		intact,
		left,
		faded: fadedSum,
		erased: erasedSum,
		erasers: Array.from(erased, (amount, step) => ({ at: write + 1 + step, amount }))
			// what an erasing step took has the sign of what there was
			.sort((a, b) => (b.amount - a.amount) * Math.sign(intact || 1))
			.slice(0, 3)
			.filter(({ amount }) => amount * Math.sign(intact || 1) > 0),
		gap: Math.abs(intact - left - fadedSum - erasedSum),
	};
}

export function mean(values: readonly number[]): number {
	return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
