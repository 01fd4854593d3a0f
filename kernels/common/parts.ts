/** Called before each part of a long result; throws to stop it. */
export type Step = (done: number, of: number) => void;

/** Multiply-adds that a part may take, roughly: some seconds of a software adapter, so that a caller can stop between. */
const PART_WORK = 4e9;

/** Does something for all heads, as many at once as their work allows, one part after another. */
export async function inParts<Result>(
	heads: number,
	workOfHead: number,
	step: Step | undefined,
	use: (part: { readonly firstHead: number; readonly heads: number }) => Promise<Result>,
): Promise<Result[]> {
	const most = Math.max(1, Math.floor(PART_WORK / workOfHead));
	const found: Result[] = [];
	for (let firstHead = 0; firstHead < heads; firstHead += most) {
		step?.(firstHead, heads);
		found.push(await use({ firstHead, heads: Math.min(most, heads - firstHead) }));
	}
	return found;
}
