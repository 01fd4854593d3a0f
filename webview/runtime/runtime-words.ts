import { wordsOf } from './backend.ts';

/**
 * What onnxruntime said, as a sentence for whoever opened the model: without its error codes, its source files and the C++
 * around the message, and with the node that it is about first.
 */
export function runtimeWords(error: unknown): string {
	const said = wordsOf(error)
		.replace(/^.*?ERROR_MESSAGE:\s*/s, '')
		.replace(/\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : /g, '')
		.replace(/\s+/g, ' ')
		.trim();
	for (const [form, sentence] of forms) {
		const found = form.exec(said);
		if (found) return stopped(sentence(found));
	}
	return stopped(withoutSource(said));
}

const forms: readonly (readonly [RegExp, (found: RegExpExecArray) => string])[] = [
	[
		/Could not find an implementation for (\w+)\(\d+\) node with name '(.*?)'/,
		([, op, name]) =>
			`it has no kernel for the operator ${op}${name === op || name === '' ? '' : ` (node ${name})`} here`,
	],
	[
		/Fatal error: (?:ai\.onnx:)?([\w.:]+)\(-?\d+\) is not a registered function\/op/,
		([, op]) => `it does not know the operator ${op}`,
	],
	[
		/Non-zero status code returned while running (\w+) node\. Name:'(.*?)' Status Message: (.*)/,
		([, op, name, why]) =>
			`at ${op}${name === op || name === '' ? '' : ` (node ${name})`}: ${withoutSource(why!)}`,
	],
];

/** Messages of asserts start with the place in onnxruntime's source and the signature of the function. */
function withoutSource(said: string): string {
	const rest = said.replace(/^\/\S+\.(?:cc|h|cpp):\d+ /, '');
	if (rest === said) return said;
	const assertion = /(?:^|[)\]\s])(!?[\w(][^.]*?) was false\.\s*(.*)$/.exec(rest);
	return assertion?.[2]
		? assertion[2]
		: rest.replace(/^[^()]*\([^()]*\)(?: const)?(?: \[.*?\])?\s*/, '');
}

const stopped = (sentence: string) => sentence.replace(/[.\s]*$/, '.');
