import type { AttentionSite } from '../protocol/model.ts';
import type { Proof, SiteResult } from '../protocol/run.ts';
import type { Say } from '../workspace/say.ts';

const between = ' · ';

/** What the graph says of a site: `layer 1 · softmax · 2 heads`. */
export function siteFacts(site: AttentionSite, say: Say): string[] {
	return [layerText(site, say), site.form, headsText(site, say)].filter((part) => part !== '');
}

/** What a run measured, all views together: `entropy 0.42`, `reach 37 tokens`, `31 % softmax`, `verified 3e-7`. */
export function siteNumbers(findings: readonly SiteResult[], say: Say): string[] {
	const numbers = findings.flatMap(({ lens, entropy, reach }) =>
		lens !== ''
			? [lens]
			: [
					entropy === null ? '' : say('entropy {0}', figure(entropy)),
					reach === null ? '' : say('reach {0} tokens', figure(reach)),
				],
	);
	const proof = weakestProof(findings);
	return [...new Set(numbers), proof ? proofText(proof, say) : ''].filter((part) => part !== '');
}

/** The line above model code: facts before a run, numbers after it. */
export function lensText(site: AttentionSite, findings: readonly SiteResult[], say: Say): string {
	if (findings.length === 0) return siteFacts(site, say).join(between);
	const head = [layerText(site, say), headsText(site, say)].filter((part) => part !== '');
	return [...head, ...siteNumbers(findings, say)].join(between);
}

/** One line for a line of code that makes many layers. */
export function summaryLensText(
	sites: readonly AttentionSite[],
	results: readonly SiteResult[],
	say: Say,
): string {
	const forms = [...new Set(sites.map(({ form }) => form))];
	const heads = [...new Set(sites.map((site) => headsText(site, say)))];
	const entropies = results.flatMap(({ entropy }) => (entropy === null ? [] : [entropy]));
	const proofs = results.flatMap(({ proof }) => proof ?? []);
	const verified = proofs.filter((proof) => proof.verified).length;
	return [
		say('{0} layers', sites.length),
		forms.join(', '),
		heads.length === 1 ? heads[0]! : '',
		entropies.length === 0
			? ''
			: say('entropy {0} to {1}', figure(Math.min(...entropies)), figure(Math.max(...entropies))),
		proofs.length === 0 ? '' : say('{0} of {1} verified', verified, proofs.length),
	]
		.filter((part) => part !== '')
		.join(between);
}

export function layerText({ layer, path }: AttentionSite, say: Say): string {
	return layer === null ? path : say('layer {0}', layer);
}

function headsText({ heads }: AttentionSite, say: Say): string {
	if (heads === null) return '';
	return heads === 1 ? say('1 head') : say('{0} heads', heads);
}

/** Of several pictures the proof that holds least: one that fails before one that was far off. */
export function weakestProof(findings: readonly SiteResult[]): Proof | undefined {
	const weight = ({ verified, residual }: Proof) => (verified ? 0 : 1e9) + (residual ?? 1e9);
	return findings.flatMap(({ proof }) => proof ?? []).sort((a, b) => weight(b) - weight(a))[0];
}

function proofText({ residual, verified }: Proof, say: Say): string {
	if (residual === null) return say('not verified');
	const size = residual.toExponential(0);
	return verified ? say('verified {0}', size) : say('not verified: off by {0}', size);
}

/** Three significant digits, without zeros that say nothing. */
export function figure(value: number): string {
	const size = Math.abs(value);
	if (value === 0) return '0';
	if (size >= 1000) return Math.round(value).toString();
	return size < 0.001 ? value.toExponential(2) : Number(value.toPrecision(3)).toString();
}
