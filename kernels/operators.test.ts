import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { form, type Form } from '../extension/protocol/model.ts';
import { hasOperator, operators } from './operators.ts';

it('has an operator for every form of attention, and for nothing else', () => {
	const ofEvery: Readonly<Record<Form, unknown>> = operators;
	for (const name of Object.keys(ofEvery)) expect(form(name, 'form')).toBe(name);
	expect(hasOperator('gated-delta')).toBe(true);
	expect(hasOperator('toString')).toBe(false);
});

it('lists every folder that answers the family of results', () => {
	const listed = new Set(Object.values(operators).map((operator) => operator.name));
	const camelCase = (name: string) =>
		name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
	const folders = readdirSync('kernels', { withFileTypes: true })
		.filter((entry) => entry.isDirectory() && entry.name !== 'common')
		.map((entry) => camelCase(entry.name));
	expect(folders.filter((folder) => !listed.has(folder))).toEqual(['recall', 'superposedLayer']);
});
