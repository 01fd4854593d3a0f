import { expect, it } from 'vitest';
import { Memory } from './memory.ts';

function memento(saved: Record<string, unknown> = {}): ConstructorParameters<typeof Memory>[0] {
	return {
		keys: () => Object.keys(saved),
		get: (key: string) => saved[key] as never,
		update: (key: string, value: unknown) => {
			saved[key] = value;
			return Promise.resolve();
		},
	};
}

it('remembers which file an exported path stands for, or that the guess is good enough', async () => {
	const store = memento();
	const memory = new Memory(store);
	expect([...memory.paths('m')]).toEqual([]);
	await memory.setPath('m', '/x/a.py', 'file:///w/a.py');
	await memory.setPath('m', '/x/b.py', null);
	await memory.setPath('other', '/x/a.py', 'file:///w/c.py');
	expect([...new Memory(store).paths('m')]).toEqual([
		['/x/a.py', 'file:///w/a.py'],
		['/x/b.py', null],
	]);
});

it('passes over what another version wrote', () => {
	const store = memento({ 'paths:m': { '/x/a.py': 7, '/x/b.py': null }, 'paths:n': 'a.py' });
	expect([...new Memory(store).paths('m')]).toEqual([['/x/b.py', null]]);
	expect([...new Memory(store).paths('n')]).toEqual([]);
});
