import { SiteTensorError } from '../../view-api/site-tensors.ts';
import type { ViewContext } from '../../view-api/view.ts';
import { difference, type Difference } from './answers.ts';
import type { RoutedLayer, RoutingData } from './compute.ts';
import { identitiesOf, identityTaps, type Identity } from './identities.ts';
import { choiceValues } from './routes.ts';

/** How one token reads the past in one head; or what the model answers with forced routes. */
export type RoutingQuery =
	| { readonly kind: 'past'; readonly site: string; readonly head: number; readonly query: number }
	/** Of every layer in order, `H·N` digits: 1 where a chunk is kept exactly. */
	| { readonly kind: 'try'; readonly routes: readonly string[] };

/** One weight an earlier token: through softmax, and through the state. */
export interface Past {
	readonly kind: 'past';
	readonly exact: Float32Array;
	readonly folded: Float32Array;
}

export interface Try extends Difference {
	readonly kind: 'try';
	/** Where all layers are forced alike: what each branch must then equal, from the forced run’s own tensors. */
	readonly identities: readonly Identity[];
}

export type RoutingDetail = Past | Try;

/** An answer, as far as it has arrived. */
export type Known = (query: RoutingQuery) => RoutingDetail | undefined;

export async function fetchDetail(
	context: ViewContext,
	data: RoutingData,
	query: RoutingQuery,
): Promise<RoutingDetail> {
	if (query.kind === 'try') return tryRoutes(context, data, query.routes);
	const layer = data.layers.find(({ exact }) => exact.id === query.site);
	if (!layer) throw new SiteTensorError(`The run has no routed layer ${query.site}.`);
	return past(context, layer, query);
}

/** Row `query` of both branches' exact matrices. */
async function past(
	context: ViewContext,
	{ exact, folded, T }: RoutedLayer,
	{ head, query }: { readonly head: number; readonly query: number },
): Promise<Past> {
	const row = { head, rows: [query, query + 1], columns: [0, T] } as const;
	const softmax = await (await context.attention(exact)).results.weights({ ...row, batch: 0 });
	const state = await (await context.attention(folded)).results.weights({ ...row, batch: 0 });
	return { kind: 'past', exact: softmax.values, folded: state.values };
}

/** Runs the real model with its choice replaced in every routed layer. */
async function tryRoutes(
	context: ViewContext,
	{ layers }: RoutingData,
	routes: readonly string[],
): Promise<Try> {
	context.progress('Running the model with these routes');
	const all = new Set(routes.join(''));
	const uniform = all.size > 1 ? undefined : all.has('1') ? 'softmax' : 'linear';
	const forced = await context.again({
		taps: uniform ? layers.flatMap((layer) => identityTaps(layer, uniform)) : [],
		overrides: layers.map(({ routes: own }, at) => ({
			tensor: own.choice.name,
			dtype: own.choice.dtype,
			shape: own.choice.shape,
			values: choiceValues(Array.from(routes[at] ?? '', Number), own),
		})),
	});
	try {
		return {
			kind: 'try',
			...(await difference(context, forced)),
			identities: await identitiesOf(context, layers, forced, uniform),
		};
	} finally {
		forced.release();
	}
}
