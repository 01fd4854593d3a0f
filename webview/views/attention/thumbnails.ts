import { significant } from '../../view-api/format.ts';
import type { Mark, Size, Target } from '../../view-api/scene.ts';
import type { ThumbnailGrid } from './geometry.ts';
import { patternTag } from './sentence.ts';
import { greyed } from './remarks.ts';
import { weightImage } from './shade.ts';
import type { Shown } from './shown.ts';

type HeadsShown = Pick<Shown, 'picture' | 'measured' | 'heads' | 'state' | 'size'>;

/** All heads of the layer beside each other; each is a button that shows it large. */
export function headThumbnails(
	shown: HeadsShown,
	box: ThumbnailGrid,
	chosen: number | undefined,
): { marks: Mark[]; targets: Target[] } {
	const { measured, heads, size } = shown;
	const marks: Mark[] = [];
	const targets: Target[] = [];
	for (const summary of heads) {
		const { head } = summary;
		const column = head % box.perRow;
		const x = box.x + column * (box.side + box.gap);
		const y = box.y + Math.floor(head / box.perRow) * box.rowHeight;
		const place = { x, y, width: box.side, height: box.side };
		const weights = measured.thumbnails[head];
		if (weights && shown.state.batch === 0) {
			marks.push(weightImage(weights, shown, head, place));
			marks.push(...greyed(measured, 0, weights.rows, place));
		}
		const picked = head === chosen;
		marks.push({
			kind: 'rect',
			...place,
			stroke: picked ? 'focus' : 'faint',
			strokeWidth: picked ? 2 : 1,
		});
		marks.push(...captionMarks(shown, size, head, { x, y: y + box.side + 3 }, box.side, picked));
		targets.push({
			id: `head:${head}`,
			...place,
			label: `Head ${head}, ${patternTag(summary)}, entropy ${significant(summary.entropy)} nats`,
		});
	}
	return { marks, targets };
}

function captionMarks(
	{ heads }: HeadsShown,
	{ lineHeight }: Size,
	head: number,
	{ x, y }: { x: number; y: number },
	width: number,
	picked: boolean,
): Mark[] {
	const summary = heads[head]!;
	const line = { kind: 'text', x, size: 'small', baseline: 'top', maxWidth: width } as const;
	return [
		{ ...line, y, text: `head ${head}`, fill: 'text', bold: picked },
		{ ...line, y: y + lineHeight, text: patternTag(summary), fill: 'muted' },
	];
}
