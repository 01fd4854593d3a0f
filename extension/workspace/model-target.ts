/** A model, or one site of it: what commands are called with from lenses, hovers, trees and pages. */
export interface ModelTarget {
	/** A uri. */
	readonly model: string;
	readonly site?: string;
}

export function isModelTarget(value: unknown): value is ModelTarget {
	if (typeof value !== 'object' || value === null) return false;
	const { model, site } = value as Partial<Record<string, unknown>>;
	return typeof model === 'string' && (site === undefined || typeof site === 'string');
}
