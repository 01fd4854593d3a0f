/**
 * A size as the graph lets it be known: a number, a sum of products of symbols such as `8*batch` or
 * `past+seq` in canonical order, or null where nothing is known.
 */
export type Dim = number | string | null;

/** Coefficients by product of symbols; the empty product is the constant term. */
type Terms = ReadonlyMap<string, number>;

const parsed = new Map<string, Terms>();
const LONGEST = 200;

/** A declared symbol such as `batch` or `past + 1`, in canonical form. */
export function declaredDim(symbol: string): Dim {
	const parts = symbol.split('+').map((part) => part.trim());
	const plain = /^[\w.?:]+$/;
	if (parts.every((part) => plain.test(part))) return parts.map(atom).reduce<Dim>(add, 0);
	return `‹${symbol.replace(/[*+‹›]/g, '·').slice(0, LONGEST)}›`;
}

/** A size that nothing is known of but where it comes from. */
export const freshDim = (origin: string): Dim => `~${origin.replace(/[*+~]/g, '·').slice(-60)}`;

/** Whether a size has a part that nothing is known of. */
export const isFresh = (dim: Dim): boolean => typeof dim === 'string' && dim.includes('~');

export function add(a: Dim, b: Dim): Dim {
	if (typeof a === 'number' && typeof b === 'number') return a + b;
	if (a === null || b === null) return null;
	const sum = new Map(termsOf(a));
	for (const [product, factor] of termsOf(b)) sum.set(product, (sum.get(product) ?? 0) + factor);
	return fromTerms(sum);
}

export function subtract(a: Dim, b: Dim): Dim {
	return add(a, multiply(b, -1));
}

export function multiply(a: Dim, b: Dim): Dim {
	if (typeof a === 'number' && typeof b === 'number') return a * b;
	if (a === 0 || b === 0) return 0;
	if (a === null || b === null) return null;
	const left = termsOf(a);
	const right = termsOf(b);
	if (left.size * right.size > 64) return null;
	const result = new Map<string, number>();
	for (const [p, x] of left) {
		for (const [q, y] of right) {
			const product = [...symbolsOf(p), ...symbolsOf(q)].sort().join('*');
			result.set(product, (result.get(product) ?? 0) + x * y);
		}
	}
	return fromTerms(result);
}

/** Whole division; null where it is not known to come out even. */
export function divide(a: Dim, b: Dim): Dim {
	if (a === null || b === null || b === 0) return null;
	if (typeof a === 'number' && typeof b === 'number') return Math.floor(a / b);
	if (a === b) return 1;
	const divisor = [...termsOf(b)];
	if (divisor.length !== 1) return null;
	const [[product, factor]] = divisor as [[string, number]];
	const result = new Map<string, number>();
	for (const [term, coefficient] of termsOf(a)) {
		const symbols = symbolsOf(term);
		for (const symbol of symbolsOf(product)) {
			const at = symbols.indexOf(symbol);
			if (at < 0) return null;
			symbols.splice(at, 1);
		}
		if (!Number.isInteger(coefficient / factor)) return null;
		result.set(symbols.join('*'), coefficient / factor);
	}
	return fromTerms(result);
}

export const productOf = (dims: readonly Dim[]): Dim => dims.reduce(multiply, 1);

/** The numeric factor of a single product: 12 for `12*batch`, null for a sum. */
export function coefficientOf(dim: Dim): number | null {
	if (dim === null || isFresh(dim)) return null;
	if (typeof dim === 'number') return dim;
	const terms = [...termsOf(dim)];
	return terms.length === 1 ? terms[0]![1] : null;
}

function termsOf(dim: number | string): Terms {
	if (typeof dim === 'number') return new Map([['', dim]]);
	const known = parsed.get(dim);
	if (known) return known;
	const terms = new Map<string, number>();
	for (const term of dim.split('+')) {
		const factors = term.split('*');
		const factor = Number(factors[0]);
		const numeric = factors[0] !== '' && Number.isFinite(factor);
		terms.set((numeric ? factors.slice(1) : factors).join('*'), numeric ? factor : 1);
	}
	if (parsed.size > 10_000) parsed.clear();
	parsed.set(dim, terms);
	return terms;
}

function fromTerms(terms: Terms): Dim {
	const parts = [...terms].filter(([, factor]) => factor !== 0);
	if (parts.length === 0) return 0;
	if (parts.length === 1 && parts[0]![0] === '') return parts[0]![1];
	const text = parts
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([product, factor]) => {
			if (product === '') return String(factor);
			return factor === 1 ? product : `${factor}*${product}`;
		})
		.join('+');
	return text.length > LONGEST ? null : text;
}

const symbolsOf = (product: string): string[] => (product === '' ? [] : product.split('*'));

/** A symbol that reads as a number would be taken for one. */
const atom = (name: string): Dim => {
	if (name === '') return '‹›';
	return Number.isFinite(Number(name)) ? Number(name) : name;
};
