import type { Edit, Source } from './edit.ts';

/** Edits out of a saved state; what is none is left out. */
export function readEdits(saved: unknown): Edit[] {
	return Array.isArray(saved) ? (saved as unknown[]).flatMap((each) => readEdit(each) ?? []) : [];
}

function readEdit(saved: unknown): Edit | undefined {
	const { tensor, what, axis, parts, first, last, factor, source } = record(saved);
	if (typeof tensor !== 'string') return undefined;
	if (what !== 'zero' && what !== 'scale' && what !== 'patch') return undefined;
	if (![axis, parts, first, last].every(Number.isInteger) || !Number.isFinite(factor))
		return undefined;
	const places = { axis, parts, first, last, factor } as Pick<
		Edit,
		'axis' | 'parts' | 'first' | 'last' | 'factor'
	>;
	return { tensor, what, ...places, source: readSource(source) };
}

function readSource(saved: unknown): Source {
	const { kind, ids, seed } = record(saved);
	if (kind === 'ids' && Array.isArray(ids)) return { kind, ids: ids.map(Number) };
	return { kind: kind === 'random' ? 'random' : 'shuffled', seed: Number(seed) || 1 };
}

function record(value: unknown): Record<string, unknown> {
	return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
