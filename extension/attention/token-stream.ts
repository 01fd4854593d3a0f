import type { ModelIndex } from '../onnx/model-index.ts';
import type { AttentionSite, StreamStep, TokenStream } from '../protocol/model.ts';
import { flattenGraph, functionsOf } from './flatten.ts';
import { evaluateScalar } from './scalar-value.ts';
import { Scope } from './scope.ts';
import { StreamWalk, type Residual } from './stream-walk.ts';
import { velocityOf } from './velocity.ts';

/** Sums near the model's end that may close the stream: a head may hold some that are none of it. */
const MOST_TRIES = 8;

/**
 * How the tokens are carried through the depth: the sums `position + increment` from the embedding to the last layer, each
 * with the site that made the increment, and where increments are velocities, what moves those. Null where the graph
 * carries nothing so, or no site's result joins it.
 */
export function findStream(index: ModelIndex, sites: readonly AttentionSite[]): TokenStream | null {
	if (sites.length === 0) return null;
	const flat = flattenGraph(index.graph, functionsOf(index), [], null);
	const scope = new Scope(flat, null, 17);
	const walk = new StreamWalk(scope);
	let best: TokenStream | null = null;
	for (const output of index.graph.outputs.slice(0, 1)) {
		for (const end of walk.sumsBefore(output.name, MOST_TRIES)) {
			const found = streamFrom(end, walk, scope, sites);
			if (sitesIn(found) > sitesIn(best)) best = found;
		}
	}
	return best;
}

const sitesIn = (stream: TokenStream | null) =>
	stream?.steps.filter(({ site }) => site !== null).length ?? 0;

function streamFrom(
	end: string,
	walk: StreamWalk,
	scope: Scope,
	sites: readonly AttentionSite[],
): TokenStream | null {
	const residuals: Residual[] = [];
	let position = end;
	for (let found = walk.residualBehind(position); found; found = walk.residualBehind(position)) {
		residuals.unshift({ ...found, after: position });
		position = found.before;
	}
	const readable = residuals.every(({ after }) => scope.producerOf(after)?.index !== null);
	if (residuals.length === 0 || !readable) return null;
	const valueOf = (name: string) => evaluateScalar(scope, name);
	// two results side by side look like a velocity and a force, layer by layer; the sites tell them apart
	const carries = sites.some(({ form }) => form === 'momentum');
	const steps = residuals.map((residual): StreamStep => {
		const site = sites.find(({ tensors: { output } }) => {
			if (!output || walk.orderOf(output.name) < 0) return false;
			return (
				walk.dependsOn(residual.increment, output.name) &&
				!walk.dependsOn(residual.before, output.name)
			);
		});
		return {
			site: site?.id ?? null,
			before: residual.before,
			position: residual.after,
			increment: residual.increment,
			momentum: carries ? velocityOf(residual, walk, scope, valueOf) : null,
		};
	});
	return { start: position, steps };
}
