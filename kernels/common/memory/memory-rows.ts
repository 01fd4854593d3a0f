import { checkHead, checkToken } from '../check-rectangle.ts';
import { keepLast } from '../head-arrays.ts';
import type { MemoryResults, MemoryState } from '../memory-results.ts';
import { rowResults } from '../row-results.ts';
import {
	headReader,
	memoryRow,
	memorySteps,
	memoryTrace,
	type HeadReader,
} from './memory-reference.ts';
import type { Memory } from './record-memory.ts';
import { effectiveRank, singularValues } from './singular-values.ts';

/** What an operator says of its rows where they are not those of the bare memory. */
export interface OwnRows {
	readonly head: (batch: number, head: number) => HeadReader;
	readonly row: (batch: number, head: number, t: number) => Float64Array;
}

/** Every result of a memory in float64 on the CPU. */
export function memoryRows(
	{ inputs, shape, rule }: Pick<Memory, 'inputs' | 'shape' | 'rule'>,
	own?: OwnRows,
): MemoryResults {
	const { B, H, T, K, V, valueHeads } = shape;
	const { operator, erases, routes } = rule;
	const size = { B, H, T, S: T, V };
	const head = keepLast(
		own?.head ?? ((b: number, h: number) => headReader(inputs, shape, rule, b, h)),
	);
	const walked = (b: number, h: number, t: number) => memoryRow(head(b, h), erases, T, t);
	const { initial } = inputs;

	const stepped = () => {
		const output = new Float64Array(B * H * T * V);
		for (let index = 0; index < B * H; index++) {
			const reader = head(Math.floor(index / H), index % H);
			output.set(memorySteps(reader, erases, shape, routes?.chunk), index * T * V);
		}
		return output;
	};

	return {
		...rowResults({
			operator,
			shape: size,
			v: inputs.v,
			valueHeads,
			queryOffset: 0,
			row: own?.row ?? ((b, h, t) => walked(b, h, t).weights),
			...(!own && { output: stepped }),
			...(initial && {
				carry: (b, h, t) => {
					const { r } = walked(b, h, t);
					const state = head(b, h).initial();
					return Float64Array.from({ length: V }, (_, d) =>
						r.reduce((sum, x, i) => sum + x * state[i * V + d]!, 0),
					);
				},
			}),
		}),
		async states({ batch, head: h, after }) {
			await Promise.resolve();
			checkHead(operator, size, batch, h);
			for (const each of after) checkToken(operator, 'after', each, T + 1);
			const found = new Map<number, Float32Array>();
			memorySteps(head(batch, h), erases, shape, routes?.chunk, (at, state) => {
				if (after.includes(at)) found.set(at, Float32Array.from(state));
			});
			return after.map((each) => describeState(each, found.get(each)!, K, V));
		},
		async finalState() {
			await Promise.resolve();
			const states = new Float32Array(B * H * K * V);
			for (let index = 0; index < B * H; index++) {
				const reader = head(Math.floor(index / H), index % H);
				memorySteps(reader, erases, shape, routes?.chunk, (at, state) => {
					if (at === T) states.set(state, index * K * V);
				});
			}
			return states;
		},
		async written() {
			await Promise.resolve();
			const all = new Float32Array(B * H * T * V);
			for (let index = 0; index < B * H; index++) {
				const reader = head(Math.floor(index / H), index % H);
				memorySteps(reader, erases, shape, routes?.chunk, (at, _state, u) => {
					if (at > 0) all.set(u, (index * T + at - 1) * V);
				});
			}
			return all;
		},
		async retention({ batch, head: h, writes }) {
			await Promise.resolve();
			checkHead(operator, size, batch, h);
			const returned = new Float32Array(writes.length * T);
			const reader = head(batch, h);
			writes.forEach((write, pair) => {
				checkToken(operator, 'write', write, T);
				const part = { write, until: T - 1, chunk: routes?.chunk ?? Infinity };
				const { found } = memoryTrace(reader, erases, reader.k(write), part);
				returned.set(found, pair * T + write);
			});
			return { returned };
		},
		async ledger({ batch, head: h, write, read }) {
			await Promise.resolve();
			checkHead(operator, size, batch, h);
			checkToken(operator, 'read', read, T);
			checkToken(operator, 'write', write, read + 1);
			const reader = head(batch, h);
			const part = { write, until: read, chunk: routes?.chunk ?? Infinity };
			const { found, faded, erased } = memoryTrace(reader, erases, reader.q(read), part);
			return { intact: found[0]!, faded, erased, left: found.at(-1)! };
		},
	};
}

/** A state `[K, V]` with what a picture says of it. */
export function describeState(
	after: number,
	values: Float32Array,
	K: number,
	V: number,
): MemoryState {
	const singular = singularValues(values, K, V);
	return {
		after,
		values,
		norm: Math.hypot(...singular),
		singularValues: singular,
		effectiveRank: effectiveRank(singular),
	};
}
