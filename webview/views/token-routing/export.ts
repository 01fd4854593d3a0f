import type { DataExport } from '../../view-api/view.ts';
import { accountOf, digits } from './account.ts';
import type { RoutedLayer, RoutingData } from './compute.ts';
import type { Known } from './detail.ts';
import { isForced, routesOf, type RoutingState } from './state.ts';
import { layerSentence } from './sentence.ts';

/** Every chunk's route as a table; with them the account, the proofs and what was tried. */
export function exportRouting(data: RoutingData, state: RoutingState, known: Known): DataExport {
	const shown = routesOf(data, state).map(digits);
	const lines = data.layers.flatMap((layer, at) =>
		Array.from(layer.routes.kept, (own, cell) => {
			const [head, chunk] = [Math.floor(cell / layer.routes.N), cell % layer.routes.N];
			const route = (kept: number) => (kept ? 'softmax' : 'linear');
			const margin = layer.routes.margin[cell]!;
			return [layer.exact.layer ?? at, head, chunk, chunk * layer.routes.C, route(own), route(shown[at]![cell]!), margin].join(','); // prettier-ignore
		}),
	);
	const tries = state.tries.flatMap(({ name, routes }) => {
		const result = known({ kind: 'try', routes });
		return result?.kind === 'try' ? [{ name, routes, ...result }] : [];
	});
	return {
		csv: `layer,head,chunk,first_token,model_route,shown_route,margin\n${lines.join('\n')}\n`,
		json: {
			layers: data.layers.map((layer, at) => layerJson(data, layer, shown[at]!)),
			forced: isForced(data, state),
			answers: data.base,
			tries,
			notRead: data.failed,
		},
	};
}

function layerJson(data: RoutingData, layer: RoutedLayer, shown: readonly number[]) {
	const { exact, folded, routes, proofs, H, T, gates } = layer;
	const { kept, margin, N, C } = routes;
	const perHead = <Value>(values: ArrayLike<Value>, length: number) =>
		Array.from({ length: H }, (_, h) => Array.from(values).slice(h * length, (h + 1) * length));
	return {
		sites: [exact.id, folded.id],
		description: layerSentence(data, layer),
		chunk: C,
		decisions: perHead(kept, N),
		shown: perHead(shown, N),
		margins: perHead(margin, N),
		account: accountOf(layer, kept),
		heads: Array.from({ length: H }, (_, h) => accountOf(layer, kept.subarray(h * N, (h + 1) * N))),
		gates: {
			alpha: perHead(gates.alpha, T),
			beta: perHead(gates.beta, T),
			surprise: perHead(gates.surprise, T),
			softmaxShareOfMix: perHead(gates.exactShare, T),
			stateAfter: gates.after,
			stateNorm: perHead(gates.norm, gates.after.length),
			stateEffectiveRank: perHead(gates.rank, gates.after.length),
		},
		proofs,
	};
}
