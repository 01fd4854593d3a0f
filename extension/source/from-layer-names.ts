import type { AttentionSite } from '../protocol/model.ts';
import { callingLine, computingLine } from './computing-line.ts';
import type { ClassRef, CodeBase } from './code-base.ts';
import type { FoundLink, LadderContext, LadderStep } from './ladder.ts';
import { layerScopesOf } from './layer-scopes.ts';
import { fitOf, layerBuilders, type LayerBuilder } from './layer-builders.ts';

interface Match {
	readonly builder: LayerBuilder;
	/** How well it and what it stands in fit the scopes, added up. */
	readonly score: number;
}

const known = new WeakMap<CodeBase, LayerBuilder[]>();

/**
 * The names that Keras, Flax and Paddle give to layers, such as `model/bert/encoder/layer_._0/attention/self/Softmax`,
 * matched to the calls that build them: the name a layer is given, else the name of its class with a count.
 */
export const fromLayerNames: LadderStep = (site, context) => {
	for (const scopes of layerScopesOf(site, context.nodes)) {
		const found = matchOf(scopes, buildersIn(context.code), context);
		if (found) return linksTo(site, found, context);
	}
	return [];
};

function buildersIn(code: CodeBase): readonly LayerBuilder[] {
	const builders = known.get(code) ?? layerBuilders(code);
	known.set(code, builders);
	return builders;
}

interface Found {
	readonly best: Match;
	readonly sure: number;
}

/** The innermost scope that stands for something that attends, and what builds it. */
function matchOf(
	scopes: readonly string[],
	builders: readonly LayerBuilder[],
	{ code, roots }: LadderContext,
): Found | null {
	const levels: Match[][] = [];
	for (const scope of scopes) {
		const before = levels.flat();
		const here = builders.flatMap((builder): Match[] => {
			const fit = fitOf(builder, scope);
			if (fit === 0) return [];
			const around = before.filter((outer) => holds(outer.builder, builder, code));
			return [{ builder, score: fit + Math.max(0, ...around.map(({ score }) => score)) }];
		});
		levels.push(here);
	}
	for (const level of levels.reverse()) {
		const attending = level.filter(({ builder }) => attendsIn(builder, code));
		if (attending.length === 0) continue;
		const top = Math.max(...attending.map(({ score }) => score));
		const equal = attending.filter(({ score }) => score === top);
		const homes = new Set(equal.map(({ builder }) => homeOf(builder)?.class));
		const nearest = roots.nearestFirst(equal.flatMap(({ builder }) => homeOf(builder) ?? []))[0];
		const best =
			equal.find(({ builder }) => homeOf(builder)?.class === nearest?.class) ?? equal[0]!;
		return { best, sure: Math.min(0.9, 0.4 + 0.2 * top) / homes.size };
	}
	return null;
}

/** Whether a layer is built in the class, or a base of the class, of another. */
function holds(outer: LayerBuilder, { site }: LayerBuilder, code: CodeBase): boolean {
	const owner = site?.owner;
	if (!outer.class || !owner) return false;
	return code.lineage(outer.class).some(({ class: c }) => c === owner.class);
}

function attendsIn({ class: made, className }: LayerBuilder, code: CodeBase): boolean {
	return /atten/i.test(className) || (made !== null && computingLine(made, code) !== null);
}

/** The class of the workspace that a site belongs to: the layer's own, else the one that builds it. */
const homeOf = ({ class: made, site }: LayerBuilder): ClassRef | null =>
	made ?? site?.owner ?? null;

function linksTo(site: AttentionSite, { best, sure }: Found, { code }: LadderContext): FoundLink[] {
	const { builder } = best;
	const link = { site: site.id, how: 'layer-name', found: true };
	const links: FoundLink[] = [];
	const home = homeOf(builder);
	if (home)
		links.push({
			...link,
			file: home.module.uri,
			line: home.class.line,
			target: 'class',
			confidence: sure,
		});
	if (builder.site) {
		const { module, call } = builder.site;
		links.push({ ...link, file: module.uri, line: call.line, target: 'build', confidence: sure });
	}
	const calls = builder.class
		? computingLine(builder.class, code, site.form !== 'softmax')
		: home && callingLine(home, builder.attribute, code);
	if (calls)
		links.push({
			...link,
			file: calls.uri,
			line: calls.line,
			target: 'call',
			confidence: sure * 0.7,
		});
	return links;
}
