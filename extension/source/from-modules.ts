import type { AttentionSite } from '../protocol/model.ts';
import { classesOf } from './module-paths.ts';
import type { ClassRef } from './code-base.ts';
import { callingLine, computingLine } from './computing-line.ts';
import type { Step } from './built.ts';
import type { FoundLink, LadderContext, LadderStep } from './ladder.ts';

/** The module path in node names, walked through the classes of the workspace. */
export const fromModulePath: LadderStep = (site, context) =>
	linksAt(site, site.path, 'module-path', context);

/** The module path that the names of the site's weights share, such as `layers.0.attn` of `layers.0.attn.q.weight`. */
export const fromWeights: LadderStep = (site, context) => {
	const names = ['q', 'k', 'v'].map((role) => {
		const behind = context.nodes.weightsBehind(site.tensors[role]?.name ?? '', site);
		const dotted = behind.filter((name) => /^[A-Za-z_]\w*(\.\w+)+$/.test(name));
		// tables of rotations stand nearer than what they turn, and often in no layer
		return dotted.find((name) => !/rotary|inv_freq|\b(cos|sin)/.test(name)) ?? dotted[0];
	});
	const known = names.filter((name) => name !== undefined).map(holderOf);
	const [first] = known;
	if (!first) return [];
	const apart = new Set(known.map((parts) => parts.join('.'))).size > 1;
	// one layer that makes q, k and v together stands in what attends; a weight of its own is in it already
	const shared = apart
		? first.filter((_, at) => known.every((parts) => sameStart(parts, first, at + 1)))
		: isOwn(names.find((name) => name !== undefined)!)
			? first
			: first.slice(0, -1);
	return shared.length === 0 ? [] : linksAt(site, `/${shared.join('.')}`, 'initializer', context);
};

/** The module that holds a weight: `layers.0.attn.q` of `layers.0.attn.q.weight`. */
const holderOf = (weight: string) => weight.split('.').slice(0, -1);

/** Whether a weight is no layer's but the attending module's own, such as `attn.in_proj_weight`. */
const isOwn = (weight: string) => !/\.(weight|bias)(_\w+)?$/.test(weight);

const sameStart = (a: readonly string[], b: readonly string[], length: number) =>
	a.slice(0, length).join('.') === b.slice(0, length).join('.');

/** The local function that the site stands in: its domain is the Python module and its name the class, or its name is both. */
export const fromFunction: LadderStep = (site, context) => {
	for (const { domain, name } of context.nodes.functionsAround(site)) {
		// libraries of operators, and layers of PyTorch
		if (/^(torch\.|pkg\.onnxscript)/.test(domain) || name.startsWith('torch_nn_')) continue;
		const own = domain.replace(/^pkg\.[\w.]*?torch[\w.]*?\./, '');
		const { refs, exact } = context.code.qualified(`${own}.${name}`);
		const found = refs.length > 0 ? refs : context.code.joined(name);
		if (found.length > 0)
			return classLinks(site, found, 'function', exact || refs.length === 0 ? 0.9 : 0.5, context);
	}
	return [];
};

/** The classes that the newer exporter lists beside the module path. */
export const fromClassHierarchy: LadderStep = (site, context) => {
	for (const node of context.nodes.of(site)) {
		for (const name of classesOf(node).reverse()) {
			const { refs, exact } = context.code.qualified(name);
			if (refs.length === 0) continue;
			const links = classLinks(site, refs, 'class-hierarchy', exact ? 0.9 : 0.5, context);
			const built = linksAt(site, site.path, 'class-hierarchy', context);
			return [...links, ...built.filter(({ target }) => target === 'build')];
		}
	}
	return [];
};

function classLinks(
	site: AttentionSite,
	found: readonly ClassRef[],
	how: string,
	sure: number,
	context: LadderContext,
): FoundLink[] {
	const [ref] = found;
	if (!ref) return [];
	const confidence = found.length === 1 ? sure : sure / 2;
	return linksInto(site, ref, how, confidence, context);
}

function linksInto(
	site: AttentionSite,
	ref: ClassRef,
	how: string,
	confidence: number,
	{ code }: LadderContext,
): FoundLink[] {
	const file = ref.module.uri;
	const link = { site: site.id, file, how, found: true };
	const head: FoundLink = { ...link, line: ref.class.line, target: 'class', confidence };
	const computes = computingLine(ref, code, site.form !== 'softmax');
	if (!computes) return [head];
	// found by what the line says, not by what the exporter wrote
	return [
		head,
		{
			...link,
			file: computes.uri,
			line: computes.line,
			target: 'call',
			confidence: confidence * 0.7,
		},
	];
}

function linksAt(
	site: AttentionSite,
	path: string,
	how: string,
	context: LadderContext,
): FoundLink[] {
	const steps = context.roots.resolve(path);
	const [best] = steps;
	if (!best) return byShape(site, path, context) ?? intoForeign(site, path, how, context);
	const classes = new Set(steps.map(({ built }) => built.class?.class));
	const confidence = classes.size <= 1 ? 0.9 : 0.6;
	const build: FoundLink = {
		site: site.id,
		file: best.uri,
		line: best.line,
		target: 'build',
		how,
		confidence: steps.every(({ uri, line }) => uri === best.uri && line === best.line)
			? confidence
			: confidence * 0.7,
		found: true,
	};
	const made = best.built.class;
	if (made) return [...linksInto(site, made, how, confidence, context), build];
	// what `instantiate(config)` builds, only running would tell
	const shaped = /(^|\.)[a-z_]\w*$|^$/.test(best.built.foreign)
		? byShape(site, path, context)
		: null;
	if (shaped) return [...shaped, build];
	return [...callOf(site, best, how, confidence * 0.7, context), build];
}

/** A layer of another package: the class of the workspace that holds it, and the line that calls it. */
function callOf(
	site: AttentionSite,
	{ holder, attribute }: Step,
	how: string,
	confidence: number,
	{ code }: LadderContext,
): FoundLink[] {
	if (!holder) return [];
	const link = { site: site.id, how, confidence, found: true };
	const calls = callingLine(holder, attribute, code);
	return [
		{ ...link, file: holder.module.uri, line: holder.class.line, target: 'class' },
		...(calls ? [{ ...link, file: calls.uri, line: calls.line, target: 'call' as const }] : []),
	];
}

/** A path that ends inside of a layer of another package: the line that builds that layer. */
function intoForeign(
	site: AttentionSite,
	path: string,
	how: string,
	context: LadderContext,
): FoundLink[] {
	const step = context.roots.foreignOn(path);
	if (!step) return [];
	const link = {
		site: site.id,
		file: step.uri,
		line: step.line,
		how,
		confidence: 0.6,
		found: true,
	};
	return [...callOf(site, step, how, 0.5, context), { ...link, target: 'build' }];
}

/** Failing a way there: the class that has most of the attributes the model shows below the path. */
function byShape(site: AttentionSite, path: string, context: LadderContext): FoundLink[] | null {
	const { code, walk, roots } = context;
	const children = [...roots.childrenOf(path)];
	if (children.length < 2) return null;
	const likely = code.classes().filter((ref) => walk.mayAssign(ref, children));
	const scored = likely.map((ref) => {
		const own = walk.attributesOf(ref);
		return { ref, score: children.filter((name) => own.has(name)).length };
	});
	const best = Math.max(0, ...scored.map(({ score }) => score));
	if (best < Math.max(2, children.length * 0.6)) return null;
	const found = scored.filter(({ score }) => score === best).map(({ ref }) => ref);
	return classLinks(site, roots.nearestFirst(found), 'module-shape', 0.5, context);
}
