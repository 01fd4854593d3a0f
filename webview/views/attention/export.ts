import type { DataExport } from '../../view-api/view.ts';
import type { AttentionData, MeasuredSite, PooledWeights, SitePicture } from './compute.ts';
import { keyName, queryName } from './names.ts';
import { remarks } from './remarks.ts';
import { headSentence } from './sentence.ts';
import { headSummaries, isExact, RESOLUTIONS, windowQuery, type Known } from './shown.ts';
import { pictureOf, visibleWindow, type AttentionState } from './state.ts';

/** What is shown: the weights in sight as a table, and with them the numbers of every head and query. */
export function exportAttention(
	data: AttentionData,
	state: AttentionState,
	known: Known,
): DataExport {
	const picture = pictureOf(data, state);
	if (!picture?.measured) {
		return { csv: 'query,key,weight\n', json: { proof: picture?.proof ?? null } };
	}
	const { measured } = picture;
	const window = visibleWindow(measured, state);
	const weights = RESOLUTIONS.toReversed()
		.map((most) => known(windowQuery(state, window, most)))
		.find((found) => found !== undefined);
	const shown = { data, state, picture, measured };
	return {
		csv: weights ? weightTable(shown, weights) : queryTable(shown),
		json: {
			site: picture.site,
			proof: picture.proof,
			batch: state.batch,
			head: state.head,
			description: [
				headSentence(picture, headSummaries(data, picture, measured, state.batch)[state.head]!),
				...remarks(shown),
			].join(' '),
			heads: headSummaries(data, picture, measured, state.batch),
			queries: queryRows(shown),
			weights: weights && {
				queries: weights.rows,
				keys: weights.columns,
				cell: weights.cellSize,
				holds: isExact(weights) ? 'the weight' : 'the largest weight of a cell',
				values: rowsOf(weights),
			},
		},
	};
}

interface Exported {
	readonly data: AttentionData;
	readonly state: AttentionState;
	readonly picture: SitePicture;
	readonly measured: MeasuredSite;
}

function rowsOf({ cells, values }: PooledWeights): number[][] {
	return Array.from({ length: cells[0] }, (_, row) =>
		Array.from(values.subarray(row * cells[1], (row + 1) * cells[1])),
	);
}

/** One line a cell; weights of exactly 0 are left out. */
function weightTable(
	shown: Exported,
	{ rows, columns, cells, cellSize, values }: PooledWeights,
): string {
	const lines = [
		cellSize[0] * cellSize[1] === 1
			? 'query,query_token,key,key_token,weight'
			: `query,query_token,key,key_token,largest_of_${cellSize.join('x')}`,
	];
	values.forEach((value, at) => {
		if (value === 0) return;
		const query = rows[0] + Math.floor(at / cells[1]) * cellSize[0];
		const key = columns[0] + (at % cells[1]) * cellSize[1];
		lines.push(
			[query, quoted(queryName(shown, query)), key, quoted(keyName(shown, key)), value].join(','),
		);
	});
	return `${lines.join('\n')}\n`;
}

function queryRows({ state, measured }: Exported) {
	const { H, T } = measured;
	const at = (state.batch * H + state.head) * T;
	return Array.from({ length: T }, (_, query) => ({
		query,
		entropy: measured.entropy[at + query]!,
		largest: measured.largest[at + query]!,
		largestAt: measured.largestAt[at + query]!,
		self: measured.self[at + query]!,
		negative: measured.negative[at + query]!,
		distance: measured.distance[at + query]!,
	}));
}

/** Where the weights were not computed yet: what is known of every query. */
function queryTable(shown: Exported): string {
	const lines = queryRows(shown).map(({ query, entropy, largest, largestAt, self, distance }) =>
		[
			query,
			quoted(queryName(shown, query)),
			entropy,
			largest,
			largestAt,
			quoted(keyName(shown, largestAt)),
			self,
			distance,
		].join(','),
	);
	const header =
		'query,query_token,entropy_nats,largest_weight,largest_key,largest_key_token,self_weight,mean_distance_tokens';
	return `${[header, ...lines].join('\n')}\n`;
}

function quoted(text: string): string {
	return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
