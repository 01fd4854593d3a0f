import type { GraphNode } from '../onnx/model-index.ts';
import type { AttentionSite, CodeLink } from '../protocol/model.ts';
import type { ClassRef, CodeBase } from './code-base.ts';
import { attendsAt, computingLine } from './computing-line.ts';
import {
	framesOfDocString,
	framesOfStackTrace,
	isFramework,
	isInstalled,
	type Frame,
} from './frames.ts';
import type { FoundLink, LadderContext, LadderStep } from './ladder.ts';
import { movedLine } from './moved-line.ts';
import type { PythonModule } from './python-syntax.ts';

/** The traceback that the newer exporter keeps with each node. */
export const fromStackTrace: LadderStep = (site, context) =>
	fromFrames(site, context, 'stack-trace', (node) =>
		framesOfStackTrace(node.metadata.get('pkg.torch.onnx.stack_trace') ?? ''),
	);

/** The file lines that the older exporter writes into `doc_string` with `verbose=True`. */
export const fromDocString: LadderStep = (site, context) =>
	fromFrames(site, context, 'doc-string', (node) => framesOfDocString(node.docString));

/** The line that makes a tensor; the exporter's frames are the only ones that tell. */
export function lineThatMakes(
	tensor: string,
	site: string,
	context: LadderContext,
): Omit<FoundLink, 'target'> | undefined {
	const node = context.nodes.producerOf(tensor);
	if (!node) return undefined;
	const trace = node.metadata.get('pkg.torch.onnx.stack_trace') ?? '';
	const ways = [
		['stack-trace', framesOfStackTrace(trace)],
		['doc-string', framesOfDocString(node.docString)],
	] as const;
	for (const [how, frames] of ways) {
		const placed = frames
			.filter(({ path }) => !isFramework(path))
			.map((frame) => place(frame, context))
			.find(({ module }) => module !== null);
		if (!placed) continue;
		const { uri, line, confidence, ambiguous } = placed;
		return { site, how, confidence, found: true, file: uri, line, ambiguous };
	}
	return undefined;
}

interface Placed {
	readonly frame: Frame;
	readonly module: PythonModule | null;
	readonly uri: string;
	/** The frame's line in the file as it is now. */
	readonly line: number;
	readonly confidence: number;
	readonly ambiguous: CodeLink['ambiguous'];
}

function fromFrames(
	site: AttentionSite,
	context: LadderContext,
	how: string,
	read: (node: GraphNode) => readonly Frame[],
): FoundLink[] {
	for (const node of context.nodes.of(site)) {
		const frames = read(node).filter(({ path }) => !isFramework(path));
		if (frames.length === 0) continue;
		const placed = frames.map((frame) => place(frame, context));
		const known = placed.findIndex(({ module }) => module !== null);
		const outside = placed.findIndex(({ frame }) => !isInstalled(frame.path));
		const at = known >= 0 ? known : Math.max(0, outside);
		return linksOf(site, placed.slice(at), how, context);
	}
	return [];
}

function linksOf(
	site: AttentionSite,
	placed: readonly Placed[],
	how: string,
	context: LadderContext,
): FoundLink[] {
	const [inner, ...outer] = placed;
	if (!inner) return [];
	const { uri, line, module, confidence, ambiguous } = inner;
	const link = { site: site.id, how, confidence, found: module !== null, ambiguous };
	const told: FoundLink = { ...link, file: uri, line, target: 'call' };
	if (!module) return [told];
	const around = classAround(module, line);
	if (!around) return [told];
	const moved = site.form === 'softmax' ? movedCall(inner, around, module, context.code) : null;
	const call = moved === null ? told : { ...told, line: moved, confidence: confidence * 0.8 };
	const walked = context.roots.resolve(site.path).find(({ built }) => {
		const made = built.class;
		return made && context.code.lineage(made).some(({ class: c }) => c === around.class);
	});
	const exact = walked?.built.class ?? around;
	const head: FoundLink = {
		...link,
		file: exact.module.uri,
		line: exact.class.line,
		target: 'class',
	};
	const built = walked ?? buildIn(outer, around, context);
	if (!built) return [head, call];
	return [head, { ...link, file: built.uri, line: built.line, target: 'build' }, call];
}

/**
 * Where the exporter kept no text of its line and the file has changed since, the line of the same function that attends; null
 * where the line that it wrote does, or none is known to.
 */
function movedCall(
	{ frame, line, uri }: Placed,
	around: ClassRef,
	module: PythonModule,
	code: CodeBase,
): number | null {
	if (frame.text !== '' || attendsAt(module, line)) return null;
	const likely = computingLine(around, code);
	if (likely?.uri !== uri) return null;
	const inside = functionAround(module, likely.line);
	return inside === functionAround(module, line) ? likely.line : null;
}

/** The line of a caller's class that builds the class. */
function buildIn(outer: readonly Placed[], made: ClassRef, context: LadderContext) {
	for (const { module, line } of outer) {
		const caller = module && classAround(module, line);
		if (!caller || caller.class === made.class) continue;
		const from = context.walk.root(caller);
		for (const name of context.walk.attributesOf(caller)) {
			const steps = context.walk.step(from, name);
			const inside = steps.flatMap((step) =>
				step.built.items ? context.walk.step(step.built, '0') : [step],
			);
			const found = inside.find((step) => step.built.class?.class === made.class);
			if (found) return found;
		}
	}
	return null;
}

function place(frame: Frame, { paths, code }: LadderContext): Placed {
	const found =
		frame.path.startsWith('<ipython') || /ipykernel/.test(frame.path)
			? null
			: paths.find(frame.path);
	const tooLoose = found !== null && isInstalled(frame.path) && found.tail < 2;
	if (!found || tooLoose) return inNotebook(frame, code.modules) ?? lost(frame);
	const moduleAt = (uri: string) => code.modules.find((module) => module.uri === uri);
	const all = found.candidates.flatMap((uri) => moduleAt(uri) ?? []);
	const fitting = all.filter((module) => fits(frame, module));
	const [module] = fitting.length > 0 ? fitting : all;
	if (!module) return lost(frame);
	const line = movedLine(frame.text, frame.line, module.lines);
	const told = fitting.length === 1 || all.length === 1;
	const others = all.filter((other) => !fitting.includes(other));
	const candidates = [...fitting, ...others].map(({ uri }) => uri);
	const sure = fits(frame, module) ? 1 : 0.6;
	return {
		frame,
		module,
		uri: module.uri,
		line,
		confidence: (line === frame.line ? 1 : 0.8) * sure * (told ? 1 : 0.7),
		ambiguous: told ? null : { path: frame.path, candidates },
	};
}

const lost = (frame: Frame): Placed => ({
	frame,
	module: null,
	uri: frame.path,
	line: frame.line,
	confidence: 0.5,
	ambiguous: null,
});

/** A cell has no file: the one whose function stands around the line. */
function inNotebook(frame: Frame, modules: readonly PythonModule[]): Placed | null {
	if (!/ipython|ipykernel/.test(frame.path)) return null;
	const fitting = modules.filter((module) => functionAround(module, frame.line) === frame.function);
	const [module] = fitting;
	if (!module || frame.function === '') return null;
	const confidence = fitting.length === 1 ? 0.8 : 0.4;
	return { frame, module, uri: module.uri, line: frame.line, confidence, ambiguous: null };
}

/** Whether the file still has the frame's function around its line. */
function fits(frame: Frame, module: PythonModule): boolean {
	if (frame.line > module.lines.length) return false;
	if (frame.function === '' || frame.function === '<module>') return true;
	return functionAround(module, frame.line) === frame.function;
}

/** The innermost class around a line. */
export function classAround(module: PythonModule, line: number): ClassRef | null {
	const around = module.everyClass.filter((c) => holds(c, line));
	const [found] = around.sort((a, b) => b.line - a.line);
	return found ? { class: found, module } : null;
}

function functionAround(module: PythonModule, line: number): string | null {
	const around = classAround(module, line);
	const all = [...(around?.class.methods.values() ?? []), ...module.functions.values()];
	let found = all.find((f) => holds(f, line));
	for (let inner = found; inner; inner = [...inner.functions.values()].find((f) => holds(f, line)))
		found = inner;
	return found?.name ?? null;
}

const holds = (part: { line: number; endLine: number }, line: number) =>
	part.line <= line && line <= part.endLine;
