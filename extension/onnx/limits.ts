/** Values of constants up to this many elements are read: enough for shapes, axes, scales and small masks of an exporter. */
export const INLINE_ELEMENTS = 256;

/** Bytes of one row of a large matrix that may be a mask: 16,384 float32 columns. */
export const MAX_ROW_BYTES = 64 * 1024;

/** Bytes of a matrix that is read whole, to know that all its numbers are alike. */
export const MAX_WHOLE_BYTES = 1024 * 1024;

/** Bytes of rows read in one file to tell masks from weights: those of 100 layers with masks of their own. */
export const MAX_PATTERN_BYTES = 8 * 1024 * 1024;

/** Messages inside messages. Protobuf's own readers stop at 100, so nothing deeper could be run either. */
export const MAX_DEPTH = 100;

/** Bytes of one name. The longest names seen are module paths of a few hundred bytes. */
export const MAX_NAME_BYTES = 64 * 1024;

/** Bytes of one doc string, metadata entry or value type. Longer text is left out, longer types are refused. */
export const MAX_TEXT_BYTES = 1024 * 1024;

/** Elements of a list attribute. A longer one is data, not a parameter; it is kept as kind `other`. */
export const MAX_LIST = 64 * 1024;

/** Nodes of a file, bodies of loops and functions included: ten times the largest graphs met. */
export const MAX_NODES = 1_000_000;

/** Fields visited. 100,000 nodes come to about 1.5 million; a file of empty fields would take minutes. */
export const MAX_FIELDS = 16_000_000;

/** Bytes of names, text and lists kept in memory: 100,000 nodes with stack traces come to about 150 MiB. */
export const MAX_KEPT_BYTES = 256 * 1024 * 1024;
