import { expect, it } from 'vitest';
import { pageHtml } from './page.ts';

const html = pageHtml({
	surface: 'side',
	files: { script: 'a.js', style: 'a.css', worker: 'w.js', wasm: 'o.wasm' },
	own: "https://own.example 'self'",
	nonce: 'abc',
	language: 'en',
	words: { Run: 'Los "jetzt"' },
	title: '<model> & "co".onnx',
});

it('hands the script all that it needs to start', () => {
	expect(html).toContain(
		'<main id="attnscope" data-surface="side" data-worker="w.js" data-wasm="o.wasm" data-nonce="abc" data-words="{&quot;Run&quot;:&quot;Los \\&quot;jetzt\\&quot;&quot;}">',
	);
	expect(html).toContain('<script nonce="abc" src="a.js">');
});

it('keeps a file’s name from becoming markup', () => {
	expect(html).toContain('<title>&lt;model&gt; &amp; &quot;co&quot;.onnx</title>');
});

it('carries the policy whole, quotes escaped', () => {
	expect(html).toContain('content="default-src &#39;none&#39;; script-src https://own.example');
});
