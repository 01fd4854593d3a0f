/** One frame of the Python stack that made a node. */
export interface Frame {
	readonly path: string;
	/** Counting from 1. */
	readonly line: number;
	/** Function the line stands in; empty where the exporter does not say. */
	readonly function: string;
	/** The line's own text, where the exporter copied it. */
	readonly text: string;
}

/**
 * Frames of `pkg.torch.onnx.stack_trace`, a Python traceback (outermost first), turned innermost first.
 */
export function framesOfStackTrace(trace: string): Frame[] {
	const frame = /File "([^"]+)", line (\d+)(?:, in (\S+))?(?:\r?\n[ \t]+(?!File ")([^\n]*))?/g;
	const frames = [...trace.matchAll(frame)];
	// as graphs of torch.fx are printed
	const short = /File: (.+?):(\d+) in ([^\s,]+)(?:, code: ([^\n]*))?/g;
	return (frames.length > 0 ? frames : [...trace.matchAll(short)]).map(asFrame).reverse();
}

/**
 * Frames of a node's `doc_string` as the TorchScript exporter writes them with `verbose=True`, innermost first:
 * `PATH(LINE): FUNCTION` for traced code, a traceback with marked lines for scripted code.
 */
export function framesOfDocString(doc: string): Frame[] {
	const traced: Frame[] = [];
	for (const line of doc.split('\n')) {
		const match = /^(.+)\((\d+)\): (.+?)\r?$/.exec(line.trim());
		if (!match) continue;
		const [, path = '', number = '', name = ''] = match;
		// below the tracer stand the exporter's own frames and the script that called it
		if (/[\\/]torch[\\/]jit[\\/]_trace\.py$/.test(path)) break;
		traced.push({ path, line: Number(number), function: name, text: '' });
	}
	if (traced.length > 0) return traced;
	const scripted = [...doc.matchAll(/File "([^"]+)", line (\d+)(?:, in (\S+))?/g)].map(asFrame);
	return scripted.map((frame, at) => (at === 0 ? { ...frame, text: markedText(doc) } : frame));
}

function asFrame(match: RegExpMatchArray): Frame {
	const [, path = '', line = '', name = '', text = ''] = match;
	return { path, line: Number(line), function: name, text: text.trim() };
}

/** The source line above the `~~~ <--- HERE` mark. */
function markedText(doc: string): string {
	const lines = doc.split('\n');
	const mark = lines.findIndex((line) => line.includes('<--- HERE'));
	return mark > 0 ? lines[mark - 1]!.trim() : '';
}

const frameworks =
	'torch|onnxscript|functorch|torch_onnx|onnx|onnxruntime|tensorflow|keras|jax|flax';
const framework = new RegExp(`(site|dist)-packages[\\\\/](${frameworks})[\\\\/]`);
/** Folders of PyTorch's own tree: a user's folder may be called torch too. */
const torchTree =
	/(^|[\\/])torch[\\/](nn|jit|onnx|fx|export|utils|autograd|distributed|_\w+|functional\.py|overrides\.py)([\\/]|$)/;

/** Whether a path belongs to PyTorch or its like, whose lines are nobody's model. */
export const isFramework = (path: string): boolean =>
	framework.test(path) || torchTree.test(path) || /^<(frozen|string|eval)/.test(path);

/** Whether a path belongs to an installed package. */
export const isInstalled = (path: string): boolean => /(site|dist)-packages/.test(path);
