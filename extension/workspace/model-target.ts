/** A model, one site of it, or several to pick from: what commands are called with from lenses, hovers, trees and pages. */
export interface ModelTarget {
	/** A uri. */
	readonly model: string;
	readonly site?: string;
	readonly sites?: readonly string[];
}

export function isModelTarget(value: unknown): value is ModelTarget {
	if (typeof value !== 'object' || value === null) return false;
	const { model, site, sites } = value as Partial<Record<string, unknown>>;
	return (
		typeof model === 'string' &&
		(site === undefined || typeof site === 'string') &&
		(sites === undefined ||
			(Array.isArray(sites) && sites.every((id: unknown) => typeof id === 'string')))
	);
}
