import { expect, it } from 'vitest';
import { contentSecurityPolicy } from './csp.ts';

const policy = contentSecurityPolicy('https://own.example', 'abc');
const sources = new Map(
	policy.split('; ').map((directive) => {
		const [name, ...allowed] = directive.split(' ');
		return [name, allowed];
	}),
);

it('says exactly what a page may load', () => {
	expect(policy).toBe(
		"default-src 'none'; script-src https://own.example 'nonce-abc' 'wasm-unsafe-eval'; worker-src blob:; " +
			"connect-src https://own.example blob:; style-src https://own.example 'nonce-abc'; " +
			'img-src https://own.example data: blob:; font-src https://own.example data:',
	);
});

it('allows neither eval, inline code nor any origin but the page’s own', () => {
	expect(policy).not.toMatch(/'unsafe-(eval|inline)'|\*|https?:(?!\/\/own\.example)/);
	expect(sources.get('default-src')).toEqual(["'none'"]);
});
