import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { form, type Form } from '../extension/protocol/model.ts';
import { hasOperator, operators, tableOperators } from './operators.ts';

it('has an operator for every form of attention, and for nothing else', () => {
	const ofEvery: Readonly<Record<Form, unknown>> = operators;
	for (const name of [...Object.keys(ofEvery), ...Object.keys(tableOperators)])
		expect(form(name, 'form')).toBe(name);
	expect(hasOperator('gated-delta')).toBe(true);
	expect(hasOperator('toString')).toBe(false);
});

it('lists every folder that answers the family of results', () => {
	const all = [...Object.values(operators), ...Object.values(tableOperators)];
	const listed = new Set(all.map((operator) => operator.name));
	const camelCase = (name: string) =>
		name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
	const answering = readdirSync('kernels', { withFileTypes: true })
		.filter((entry) => entry.isDirectory() && entry.name !== 'common')
		.map(({ name }) => ({ name, door: `kernels/${name}/${name}.ts` }))
		.filter(({ door }) => /(Attention|Memory)Results/.test(readFileSync(door, 'utf8')))
		.map(({ name }) => camelCase(name));
	expect(answering.length).toBeGreaterThanOrEqual(9);
	expect(answering.filter((folder) => !listed.has(folder))).toEqual([]);
});
