/** A stretch of the model file, in bytes from its start. */
export interface ByteRange {
	readonly offset: number;
	readonly length: number;
}

/** A dimension: a size, a symbolic name such as `batch`, or null where the file says nothing. */
export type Dimension = number | string | null;

/** What the file declares of a value; `shape` is null where no rank is given. */
export interface ValueInfo {
	readonly name: string;
	readonly dtype: string;
	readonly shape: readonly Dimension[] | null;
}

/** Data that stands in another file of the model's folder. */
export interface ExternalData {
	/** As written in the file: a path relative to the model's folder. */
	readonly location: string;
	readonly offset: number;
	/** Null where the file leaves it to the shape. */
	readonly length: number | null;
}

/**
 * What a large tensor holds: one number everywhere (`fill`), 0, 1, 2, ... in its only row (`count`), or by samples of its rows (`band`) in row `t` one number in
 * the columns from `t + low` (null for the first) to `t + high` and another in those around.
 */
export type ConstantPattern =
	| { readonly kind: 'fill'; readonly value: number }
	| { readonly kind: 'count' }
	| {
			readonly kind: 'band';
			readonly inside: number;
			readonly outside: number;
			readonly high: number;
			readonly low: number | null;
	  };

/** A weight or constant. Its values are read only where it is small enough to be a parameter of the graph's form. */
export interface ConstantTensor {
	readonly name: string;
	readonly dtype: string;
	readonly dims: readonly number[];
	/** Where the raw bytes stand, or null for data in typed fields or in another file. */
	readonly data: ByteRange | null;
	readonly external: ExternalData | null;
	/** Row-major, for tensors of up to `INLINE_ELEMENTS` elements of a numeric or boolean dtype; else null. */
	readonly values: readonly number[] | null;
	/** Of a tensor that is too large for `values` and looks like a mask or positions. */
	readonly pattern?: ConstantPattern;
	/** Whether a pattern was looked for among numbers in typed fields. */
	readonly looked?: boolean;
	/** Where its name stands in the file, so that a probe can rename it in place. */
	readonly nameBytes?: ByteRange;
}

export type Attribute =
	| { readonly kind: 'int'; readonly value: number }
	| { readonly kind: 'float'; readonly value: number }
	| { readonly kind: 'string'; readonly value: string }
	| { readonly kind: 'ints'; readonly value: readonly number[] }
	| { readonly kind: 'floats'; readonly value: readonly number[] }
	| { readonly kind: 'strings'; readonly value: readonly string[] }
	| { readonly kind: 'tensor'; readonly value: ConstantTensor }
	| { readonly kind: 'graph'; readonly value: Graph }
	| { readonly kind: 'graphs'; readonly value: readonly Graph[] }
	/** Inside a local function: stands for the attribute of this name of the calling node. */
	| { readonly kind: 'reference'; readonly value: string }
	| { readonly kind: 'other' };

export interface GraphNode {
	readonly name: string;
	readonly opType: string;
	/** Empty for ai.onnx. */
	readonly domain: string;
	/** An empty name is an input left out. */
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
	readonly attributes: ReadonlyMap<string, Attribute>;
	readonly docString: string;
	readonly metadata: ReadonlyMap<string, string>;
	/** Where each output's name stands in the file, so that a probe can rename it in place. */
	readonly outputNames: readonly ByteRange[];
	/** The whole field in the file, tag and length included; its tag is one byte, which a probe can change. */
	readonly field?: ByteRange;
}

export interface Graph {
	readonly name: string;
	readonly nodes: readonly GraphNode[];
	readonly inputs: readonly ValueInfo[];
	readonly outputs: readonly ValueInfo[];
	readonly initializers: ReadonlyMap<string, ConstantTensor>;
	/** Declared types of values in between; exporters often leave it empty. */
	readonly valueInfo: ReadonlyMap<string, ValueInfo>;
	readonly metadata: ReadonlyMap<string, string>;
}

export interface LocalFunction {
	readonly domain: string;
	readonly name: string;
	readonly overload: string;
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
	readonly nodes: readonly GraphNode[];
	/** Attribute defaults by name. */
	readonly attributes: ReadonlyMap<string, Attribute>;
	readonly docString: string;
	readonly metadata: ReadonlyMap<string, string>;
}

/** Which version of a domain's operators the model was written for; the domain is empty for ai.onnx. */
export interface Opset {
	readonly domain: string;
	readonly version: number;
	/** As `GraphNode.field`. */
	readonly field?: ByteRange;
}

/** What is known of an ONNX file without its weights. */
export interface ModelIndex {
	/** Size of the file. */
	readonly bytes: number;
	/** Bytes read to build this index. */
	readonly bytesRead: number;
	readonly irVersion: number;
	readonly opsets: readonly Opset[];
	readonly producer: { readonly name: string; readonly version: string };
	readonly graph: Graph;
	readonly functions: readonly LocalFunction[];
	readonly metadata: ReadonlyMap<string, string>;
}
