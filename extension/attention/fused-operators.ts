/** Where a fused attention operator keeps its roles: positions of inputs and names of attributes. */
export interface FusedOperator {
	readonly operator: string;
	/** Domains it is known in. */
	readonly domains: readonly string[];
	/** Inputs that are q, k and v; k and v may be left out where they are packed into q. */
	readonly qkv: readonly [number, number, number] | null;
	/** One input that q, k and v are made from inside: its position and that of the weights. */
	readonly packed: readonly [number, number] | null;
	readonly headsAttribute: string;
	readonly kvHeadsAttribute: string | null;
	/** Input that hides padded keys. */
	readonly padding: number | null;
	/** Input added to the scores, or a boolean mask. */
	readonly mask: number | null;
	/** Inputs with keys and values of the past: one `[2, B, H, P, K]`, or two `[B, H, P, K]`. */
	readonly past: readonly number[];
	/** Outputs with all keys and values, the past ones too; twice the same one where it holds both. */
	readonly present: readonly [number, number] | null;
	/**
	 * Inputs with how many keys each sequence has, the past ones too, what that falls short by, and how many keys the longest
	 * has: past and present may be buffers with room to spare.
	 */
	readonly lengths: {
		readonly input: number;
		readonly short: 0 | 1;
		readonly longest: number;
	} | null;
	/** Input with how many keys the past has, where past and present are one buffer with room to spare. */
	readonly pastLength: number | null;
	/** Inputs that rotate q and k: cosines, sines, and the positions where they can be given. */
	readonly rotary: readonly [number, number, number | null] | null;
	readonly bias: number | null;
	/** Inputs with the weights of norms of the heads of q and of k, before they are rotated. */
	readonly norms: readonly [number, number] | null;
	/** Inputs with what whole numbers in past and present keys and values are multiplied by. */
	readonly cacheScales: readonly [number, number] | null;
	/** Input with a score of each head that takes a part of every row of weights. */
	readonly sink: number | null;
	/** Attribute that makes it causal, or true where it always is. */
	readonly causal: string | boolean;
	/** Attribute with how many keys a query sees at most, its own included. */
	readonly windowAttribute: string | null;
	/** Attributes with how many places before and after a query's own it sees; below 0 all. */
	readonly reachAttributes: readonly [string, string] | null;
	readonly softCapAttribute: string | null;
	/** Token axis first, then batch. */
	readonly sequenceFirst: boolean;
	/** Whether onnxruntime-web has a kernel for it, on WASM or WebGPU. */
	readonly runs: boolean;
}

const microsoft = ['com.microsoft'];

const base: Omit<FusedOperator, 'operator'> = {
	domains: microsoft,
	qkv: null,
	packed: null,
	headsAttribute: 'num_heads',
	kvHeadsAttribute: null,
	padding: null,
	mask: null,
	past: [],
	present: null,
	lengths: null,
	pastLength: null,
	rotary: null,
	bias: null,
	norms: null,
	cacheScales: null,
	sink: null,
	causal: false,
	windowAttribute: null,
	reachAttributes: null,
	softCapAttribute: null,
	sequenceFirst: false,
	runs: true,
};

const define = (operator: string, parts: Partial<FusedOperator>): FusedOperator => ({
	...base,
	operator,
	...parts,
});

/** Every fused softmax attention operator that is known, one entry each. */
export const fusedOperators: readonly FusedOperator[] = [
	define('Attention', {
		domains: ['', 'ai.onnx.preview'],
		qkv: [0, 1, 2],
		headsAttribute: 'q_num_heads',
		kvHeadsAttribute: 'kv_num_heads',
		mask: 3,
		past: [4, 5],
		present: [1, 2],
		padding: 6,
		causal: 'is_causal',
		reachAttributes: ['left_window_size', 'right_window_size'],
		softCapAttribute: 'softcap',
	}),
	define('Attention', {
		packed: [0, 1],
		bias: 2,
		padding: 3,
		past: [4],
		present: [1, 1],
		mask: 5,
		causal: 'unidirectional',
	}),
	define('MultiHeadAttention', {
		qkv: [0, 1, 2],
		bias: 3,
		padding: 4,
		mask: 5,
		past: [6, 7],
		present: [1, 2],
		causal: 'unidirectional',
	}),
	define('GroupQueryAttention', {
		qkv: [0, 1, 2],
		kvHeadsAttribute: 'kv_num_heads',
		past: [3, 4],
		present: [1, 2],
		lengths: { input: 5, short: 1, longest: 6 },
		rotary: [7, 8, 9],
		mask: 10,
		norms: [14, 15],
		cacheScales: [12, 13],
		sink: 11,
		causal: true,
		windowAttribute: 'local_window_size',
		softCapAttribute: 'softcap',
	}),
	define('DecoderMaskedMultiHeadAttention', {
		qkv: [0, 1, 2],
		padding: 3,
		mask: 4,
		past: [5, 6],
		present: [1, 2],
		pastLength: 7,
		bias: 10,
		causal: true,
	}),
	define('DecoderMaskedSelfAttention', {
		packed: [0, 1],
		bias: 2,
		padding: 3,
		past: [4],
		present: [1, 1],
		mask: 5,
		causal: true,
		runs: false,
	}),
	define('DecoderAttention', {
		qkv: [0, 1, 1],
		bias: 4,
		padding: 5,
		past: [6, 7],
		present: [1, 2],
		sequenceFirst: true,
		runs: false,
	}),
	define('PackedAttention', { packed: [0, 1], bias: 2, padding: 4, mask: 5, runs: false }),
	define('PackedMultiHeadAttention', {
		qkv: [0, 1, 2],
		bias: 3,
		padding: 5,
		mask: 6,
		runs: false,
	}),
	define('QAttention', {
		packed: [0, 1],
		bias: 2,
		padding: 5,
		past: [8],
		present: [1, 1],
		causal: 'unidirectional',
	}),
	define('QOrderedAttention', { packed: [0, 2], causal: 'unidirectional', runs: false }),
	define('SparseAttention', {
		qkv: [0, 1, 2],
		kvHeadsAttribute: 'kv_num_heads',
		past: [3, 4],
		present: [1, 2],
		lengths: { input: 8, short: 0, longest: 7 },
		rotary: [9, 10, null],
		causal: true,
	}),
	define('PagedAttention', {
		qkv: [0, 1, 2],
		kvHeadsAttribute: 'kv_num_heads',
		past: [3, 4],
		causal: true,
		windowAttribute: 'local_window_size',
		softCapAttribute: 'softcap',
		runs: false,
	}),
	define('LongformerAttention', {
		packed: [0, 1],
		bias: 2,
		padding: 3,
		windowAttribute: 'window',
		runs: false,
	}),
	define('FlexAttention', {
		domains: ['', 'ai.onnx.preview', 'com.microsoft'],
		qkv: [0, 1, 2],
		headsAttribute: 'q_num_heads',
		kvHeadsAttribute: 'kv_num_heads',
		runs: false,
	}),
	define('scaled_dot_product_attention', {
		domains: ['aten', 'org.pytorch.aten', 'pkg.onnxscript.torch_lib'],
		qkv: [0, 1, 2],
		mask: 3,
		causal: 'is_causal',
		runs: false,
	}),
];
