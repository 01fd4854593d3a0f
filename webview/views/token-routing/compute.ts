import type { AttentionSite } from '../../../extension/protocol/model.ts';
import type { Proof } from '../../../extension/protocol/run.ts';
import { KernelError } from '../../../kernels/common/kernel-error.ts';
import type { OpenSite } from '../../view-api/open-site.ts';
import { SiteTensorError } from '../../view-api/site-tensors.ts';
import { TOLERANCE, toleranceOf } from '../../view-api/tolerance.ts';
import type { ViewContext } from '../../view-api/view.ts';
import { readGates, type Gates } from './gates.ts';
import { readRoutes, type Routes } from './routes.ts';
import { layerName, routedLayers, type RoutedSites } from './sites.ts';
import { baseAnswers, type Answers } from './answers.ts';

export interface RoutingData {
	readonly kind: 'routed';
	readonly layers: readonly RoutedLayer[];
	/** Layers that could not be read, with the reason. */
	readonly failed: readonly Proof[];
	/** One a token; empty for none. */
	readonly tokens: readonly string[];
	/** What the model answers where an answer is expected, unforced. */
	readonly base: Answers;
}

/** One layer of the first sequence. H heads, T tokens, N chunks of C tokens, key size K, value size V. */
export interface RoutedLayer extends RoutedSites {
	readonly name: string;
	readonly H: number;
	readonly T: number;
	readonly K: number;
	readonly V: number;
	readonly routes: Routes;
	readonly gates: Gates;
	/** Of the softmax branch and of the state. */
	readonly proofs: readonly [Proof, Proof];
}

/** Reads every routed layer; one that cannot be read keeps the reason and stops no other. */
export async function computeRouting(context: ViewContext): Promise<RoutingData> {
	const found = routedLayers(context.model.sites);
	const layers: RoutedLayer[] = [];
	const failed: Proof[] = [];
	for (const [at, sites] of found.entries()) {
		context.signal.throwIfAborted();
		context.progress(`Reading the routes of ${layerName(sites.exact)}`, at, found.length);
		try {
			layers.push(await readLayer(context, sites));
		} catch (error) {
			if (context.signal.aborted || !isReason(error)) throw error;
			failed.push({ ...proofOf(sites.exact.id, NaN), reason: error.message });
		}
	}
	return {
		kind: 'routed',
		layers,
		failed,
		tokens: context.tokens,
		base: await baseAnswers(context),
	};
}

/** What a site may answer with instead of a picture; anything else is a fault of the program and passes on. */
export function isReason(error: unknown): error is Error {
	return (
		error instanceof SiteTensorError ||
		error instanceof KernelError ||
		(error instanceof Error && error.name === 'RunError')
	);
}

async function readLayer(context: ViewContext, sites: RoutedSites): Promise<RoutedLayer> {
	const exact = await context.attention(sites.exact);
	const folded = await context.attention(sites.folded);
	const { B, H, T, V } = exact.results.shape;
	const routes = await readRoutes(context, sites.exact, { B, H, T });
	const gates = await readGates(context, sites, folded, { ...routes, B, H, T });
	const prove = async (site: AttentionSite, { results, output }: OpenSite) =>
		proofOf(site.id, (await results.residual(output)).overall, await toleranceOf(context, site));
	return {
		...sites,
		name: layerName(sites.exact),
		...{ H, T, V, K: sites.exact.headSize ?? 0, routes, gates },
		proofs: [await prove(sites.exact, exact), await prove(sites.folded, folded)],
	};
}

export function proofOf(site: string, residual: number, tolerance = TOLERANCE): Proof {
	const verified = residual <= tolerance;
	return {
		site,
		residual: Number.isNaN(residual) ? null : residual,
		tolerance,
		probabilities: null,
		verified,
		reason: verified ? '' : 'What is drawn does not give the model’s own output.',
	};
}
