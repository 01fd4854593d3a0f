/** Python source: a file, or one code cell of a notebook. */
export interface PythonFile {
	/** Uri or path; a link to a line of this text repeats it. */
	readonly uri: string;
	readonly text: string;
	/** Cells of one notebook share their names: the notebook's uri. */
	readonly notebook?: string;
}
