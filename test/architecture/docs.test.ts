import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, it } from 'vitest';
import { filesUnder } from './repository.ts';

const pages = filesUnder('.').filter((path) => path.endsWith('.md'));

interface Link {
	readonly page: string;
	readonly target: string;
}

/** Links and pictures that point into the repository; text in code is none. */
function linksOf(page: string): Link[] {
	const prose = readFileSync(page, 'utf8')
		.replaceAll(/^```[\s\S]*?^```/gm, '')
		.replaceAll(/`[^`\n]*`/g, '');
	return [...prose.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)]
		.map(([, target]) => ({ page, target: target! }))
		.filter(({ target }) => !/^[a-z]+:/.test(target));
}

/** As hosts of Markdown make them: `## Two words!` is `#two-words`. */
function anchorsOf(page: string): Set<string> {
	const headings = readFileSync(page, 'utf8').matchAll(/^#+\s+(.*)$/gm);
	return new Set(
		[...headings].map(([, title]) =>
			title!
				.toLowerCase()
				.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
				.replaceAll(/\s/g, '-'),
		),
	);
}

function resolves({ page, target }: Link): boolean {
	const [path, anchor] = target.split('#') as [string, string?];
	const file = path === '' ? page : posix.join(posix.dirname(page), decodeURIComponent(path));
	return existsSync(file) && (anchor === undefined || anchorsOf(file).has(anchor));
}

it('links only to what is there', () => {
	const broken = pages.flatMap(linksOf).filter((link) => !resolves(link));
	expect(broken.map(({ page, target }) => `${page}: ${target}`)).toEqual([]);
});
