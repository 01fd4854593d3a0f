/**
 * Where a line stands now: the nearest line of its text, where that is known and there is one.
 *
 * @param text without the spaces around it; empty where nobody kept it
 * @param line counting from 1, as it was
 */
export function movedLine(text: string, line: number, lines: readonly string[]): number {
	const inside = Math.min(line, lines.length);
	if (text === '' || lines[line - 1]?.trim() === text) return inside;
	for (let away = 1; away < lines.length; away++) {
		for (const at of [line - away, line + away]) {
			if (lines[at - 1]?.trim() === text) return at;
		}
	}
	return inside;
}
