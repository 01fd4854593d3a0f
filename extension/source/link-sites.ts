import type { ModelIndex } from '../onnx/model-index.ts';
import type { AttentionSite, CodeLink } from '../protocol/model.ts';
import { CodeBase } from './code-base.ts';
import { fromDocString, fromStackTrace, lineThatMakes } from './from-frames.ts';
import { fromLayerNames } from './from-layer-names.ts';
import { fromClassHierarchy, fromFunction, fromModulePath, fromWeights } from './from-modules.ts';
import { fromNameScopes } from './from-name-scopes.ts';
import { targets, type FoundLink, type LadderContext, type LadderStep } from './ladder.ts';
import { movedLine } from './moved-line.ts';
import { ModuleWalk } from './module-walk.ts';
import { dottedNames, modulePathsOf } from './module-paths.ts';
import type { Pins } from './pins.ts';
import type { PythonFile } from './python-file.ts';
import { PathMap } from './remap-path.ts';
import { RootSearch } from './root-search.ts';
import { SiteNodes } from './site-nodes.ts';

/** From what the exporter wrote to what can only be guessed. */
const ladder: readonly LadderStep[] = [
	fromStackTrace,
	fromDocString,
	fromFunction,
	fromClassHierarchy,
	fromLayerNames,
	fromNameScopes,
	fromModulePath,
	fromWeights,
];

export interface LinkOptions {
	/** Uri of the model: of several files that fit, those nearest to it are taken. */
	readonly model?: string;
	/** What the user has said. */
	readonly pins?: Pins;
}

/**
 * Ties sites to the lines of Python that they come from: the class, the line that builds it, the line that computes.
 *
 * @param files Python that the model may come from; nothing of it is run
 * @returns for each site at most one link a target, and `route` for layers that choose; pins first, then the earliest step of the ladder that knows
 */
export function linkSites(
	index: ModelIndex,
	sites: readonly AttentionSite[],
	files: readonly PythonFile[],
	{ model = '', pins = { sites: [], paths: new Map() } }: LinkOptions = {},
): CodeLink[] {
	if (sites.length === 0) return [];
	const code = new CodeBase(files);
	const nodes = new SiteNodes(index);
	const walk = new ModuleWalk(code);
	const paths = new PathMap(
		files.map(({ uri }) => uri),
		model,
		pins.paths,
	);
	const roots = new RootSearch(
		code,
		walk,
		modulePathsOf(nodes),
		dottedNames(nodes.weights),
		sites.map(({ path }) => path),
		model,
	);
	const context: LadderContext = { nodes, code, walk, paths, roots };
	return sites.flatMap((site) =>
		linksOf(site, context, pins).map((link) => ({ ...link, ambiguous: link.ambiguous ?? null })),
	);
}

function linksOf(site: AttentionSite, context: LadderContext, pins: Pins): FoundLink[] {
	const links = new Map<string, FoundLink>();
	for (const pin of pins.sites.filter((pin) => pin.site === site.id)) {
		const { site: of, file, target, text } = pin;
		const module = context.code.modules.find(({ uri }) => uri === file);
		const line = module ? movedLine(text, pin.line, module.lines) : pin.line;
		links.set(target, { site: of, file, line, target, how: 'pin', confidence: 1, found: module !== undefined }); // prettier-ignore
	}
	for (const step of ladder) {
		if (targets.every((target) => links.get(target)?.found)) break;
		for (const link of step(site, context)) {
			const before = links.get(link.target);
			if (!before || (!before.found && link.found)) links.set(link.target, link);
		}
	}
	return [...targets.flatMap((target) => links.get(target) ?? []), ...routeLinks(site, context)];
}

/** The line where a routed layer chooses; of its two branches the exact one has it. */
function routeLinks({ id, tensors, operator }: AttentionSite, context: LadderContext): FoundLink[] {
	const choice = operator === 'softmax' ? tensors['choice']?.name : undefined;
	const line = choice === undefined ? undefined : lineThatMakes(choice, id, context);
	return line ? [{ ...line, target: 'route' }] : [];
}
