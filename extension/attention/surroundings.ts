import { choiceOf } from './choice.ts';
import type { AttentionSite } from '../protocol/model.ts';
import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';
import type { Finding } from './form.ts';
import { originsOf, otherOperand, usesOf, type Use } from './onward.ts';

type Site = Finding['site'];

/** Steps from a site's result to where a gate, a selector or a second stream meets it. */
const NEAR = 12;
const mixing = new Set<AttentionSite['form']>([
	'softmax',
	'linear',
	'gated',
	'delta',
	'gated-delta',
]);

/**
 * Reads what stands around the sites of a graph: a selector on the result, keys that bind before and unbind after,
 * a second stream that carries momentum, a router over two kinds of memory.
 */
export function readSurroundings(findings: readonly Finding[], facts: Facts): Finding[] {
	const results = findings.flatMap(({ site }) => site.tensors['output']?.name ?? []);
	return routed(findings, facts).map((finding) => {
		const { site: bare } = finding;
		if (!mixing.has(bare.form)) return finding;
		const site = superposed(bare, facts) ?? carried(bare, results, facts) ?? selected(bare, facts);
		return site ? { ...finding, site } : finding;
	});
}

/** What the site does by itself stays in `operator`. */
const become = (site: Site, form: Site['form'], tensors: Site['tensors'], note: string): Site => ({
	...site,
	form,
	operator: site.operator ?? site.form,
	tensors: { ...site.tensors, ...tensors },
	notes: [...site.notes, note],
});

/** The result times one number for each token, made by a sigmoid or softmax of the tokens. */
function selected(site: Site, facts: Facts): Site | null {
	const output = site.tensors['output']?.name ?? '';
	const uses = usesOf(
		output,
		facts,
		NEAR,
		({ node }) => node.opType === 'Add' && !isBias(node.inputs, facts),
	);
	for (const use of uses) {
		const other = use.node.opType === 'Mul' ? otherOperand(use, facts) : null;
		const shape = other === null ? null : facts.shapeOf(other);
		if (other === null || shape?.at(-1) !== 1 || shape.length < 3 || shape.at(-2) === 1) continue;
		const origins = originsOf(other, facts, 60);
		if (origins.has(output) || !isChosen(origins, facts)) continue;
		const note = `the result of each token is multiplied by ${other}`;
		return become(site, 'selective', { selector: { name: other, axes: 'BT1' } }, note);
	}
	return null;
}

const isBias = (inputs: readonly string[], facts: Facts) =>
	inputs.some((input) => facts.scope.isConstant(input));

/** A choice in (0, 1) near by, and not the softmax of attention. */
function isChosen(origins: ReadonlySet<string>, facts: Facts): boolean {
	const near = [...origins].slice(0, 24);
	return near.some((name) => {
		const node = facts.scope.producerOf(name);
		if (node?.opType === 'Sigmoid') return true;
		const width = node?.opType === 'Softmax' ? facts.shapeOf(name)?.at(-1) : null;
		return typeof width === 'number' && width <= 16;
	});
}

/** The same keys multiply what goes in and, after the mixing, what comes out. */
function superposed(site: Site, facts: Facts): Site | null {
	const output = site.tensors['output']?.name ?? '';
	let before: Set<string> | undefined;
	for (const { node, from } of usesOf(output, facts, NEAR)) {
		if (node.opType !== 'Mul') continue;
		const key = node.inputs.find((input) => input !== from && facts.scope.isConstant(input));
		if (key === undefined || facts.numberOf(key) !== null) continue;
		const root = weightBehind(key, facts);
		before ??= boundWith(
			['q', 'k', 'v'].map((role) => site.tensors[role]?.name ?? ''),
			facts,
		);
		if (!before.has(root)) continue;
		const note = `${root} binds before and unbinds after: several inputs share this attention`;
		return become(
			site,
			'superposed',
			{ keys: { name: root, axes: '' }, unbound: { name: node.outputs[0] ?? '', axes: '' } },
			note,
		);
	}
	return null;
}

/** Weights that multiply q, k and v element by element and are summed over right after. */
function boundWith(names: readonly string[], facts: Facts): Set<string> {
	const { scope } = facts;
	const found = new Set<string>();
	for (const origin of new Set(names.flatMap((name) => [...originsOf(name, facts, 120)]))) {
		const node = scope.producerOf(origin);
		const key =
			node?.opType === 'Mul' ? node.inputs.find((input) => scope.isConstant(input)) : undefined;
		if (key === undefined || !scope.consumersOf(origin).some(({ opType }) => bundling.has(opType)))
			continue;
		const root = weightBehind(key, facts);
		if (facts.shapeOf(root)?.some((dim) => dim !== 1)) found.add(root);
	}
	return found;
}

const bundling = new Set(['ReduceSum', 'Sum', 'Einsum', 'ReduceMean']);

const views = new Set([
	'Unsqueeze',
	'Squeeze',
	'Reshape',
	'Expand',
	'Identity',
	'Cast',
	'Transpose',
	'Slice',
	'Gather',
]);

/** The weight that a constant is a view of. */
function weightBehind(name: string, facts: Facts): string {
	const node = facts.scope.producerOf(name);
	return node && views.has(node.opType) ? weightBehind(node.inputs[0] ?? name, facts) : name;
}

/**
 * A second stream: the result joins a velocity, and the velocity then joins a position that it is not made from and that
 * the queries are.
 */
function carried(site: Site, results: readonly string[], facts: Facts): Site | null {
	const output = site.tensors['output']?.name ?? '';
	const query = originsOf(site.tensors['q']?.name ?? '', facts, 200);
	const joins = usesOf(output, facts, NEAR).filter(
		({ node }) => node.opType === 'Add' && !isBias(node.inputs, facts),
	);
	for (const join of joins) {
		const velocity = otherOperand(join, facts);
		const joined = join.node.outputs[0];
		if (velocity === null || !joined) continue;
		const ends = ({ node }: Use) =>
			(node.opType === 'Add' && !isBias(node.inputs, facts)) || bending.has(node.opType);
		for (const use of usesOf(joined, facts, 8, ends)) {
			const position = use.node.opType === 'Add' ? otherOperand(use, facts) : null;
			if (position === null || position === joined || !query.has(position)) continue;
			const earlier = originsOf(velocity, facts, 400);
			if (earlier.has(position)) continue;
			const behind = originsOf(position, facts, 2000);
			if (behind.has(output)) continue;
			// what a velocity is made of moved the position before: another result beside this one did not
			if (results.some((result) => earlier.has(result) && !behind.has(result))) continue;
			const moved = use.node.outputs[0] ?? '';
			if (isOnlyAsked(moved, facts)) continue;
			const tensors = {
				velocityIn: { name: velocity, axes: 'BTD' },
				velocity: { name: normalised(joined, use.from, facts), axes: 'BTD' },
				positionIn: { name: position, axes: 'BTD' },
				position: { name: moved, axes: 'BTD' },
			};
			return become(
				site,
				'momentum',
				tensors,
				'the result moves a velocity, and the velocity the tokens',
			);
		}
	}
	return null;
}

/** A velocity moves the tokens as it is: what lies behind one of these is a result of its own, as in a reversible layer. */
const bending = new Set(['Relu', 'Gelu', 'Erf', 'Tanh', 'Sigmoid', 'Softmax']);

const turning = new Set(['Transpose', 'Reshape', 'Identity', 'Cast', 'Unsqueeze', 'Squeeze']);

/** A sum that nothing but projections reads is a query with its place added, as a decoder of objects has them; no token. */
function isOnlyAsked(sum: string, facts: Facts): boolean {
	const queue = [sum];
	for (const name of queue) {
		const uses = facts.scope.consumersOf(name);
		if (uses.length === 0 || queue.length > 16) return false;
		for (const { opType, inputs, outputs } of uses) {
			if (turning.has(opType)) queue.push(outputs[0] ?? '');
			else if (opType !== 'Shape' && !(/^(MatMul|Gemm)$/.test(opType) && isBias(inputs, facts)))
				return false;
		}
	}
	return true;
}

/** The velocity as it is handed on: after its normalisation where it has one. */
function normalised(joined: string, last: string, facts: Facts): string {
	for (const { node } of usesOf(joined, facts, 3)) {
		if (/Normalization$/.test(node.opType)) return node.outputs[0] ?? joined;
	}
	return facts.shapeOf(last) ? joined : last;
}

/** Two sites of unlike memory whose results are weighed and added. */
function routed(findings: readonly Finding[], facts: Facts): Finding[] {
	const result = [...findings];
	result.forEach((exact, i) => {
		if (exact.site.form !== 'softmax') return;
		const j = result.findIndex(
			(other, at) =>
				at !== i &&
				other.site.form !== 'softmax' &&
				mixing.has(other.site.form) &&
				meetsUnderGate(exact.site, other.site, facts) !== null,
		);
		const other = result[j];
		const gate = other && meetsUnderGate(exact.site, other.site, facts);
		if (!other || !gate) return;
		const tensors = {
			router: { name: gate, axes: '' },
			...decisions(exact.site, other, facts),
		};
		const note = 'two kinds of memory are weighed by one gate';
		result[i] = { ...exact, site: become(exact.site, 'hybrid', tensors, note) };
		result[j] = { ...other, site: become(other.site, 'hybrid', tensors, note) };
	});
	return result;
}

/** Where each chunk's memory is chosen, as far as both memories depend on one choice. */
function decisions(exact: Site, { site, node }: Finding, facts: Facts): Site['tensors'] {
	const mask = exact.tensors['mask']?.name;
	const beta = site.tensors['beta']?.name;
	// a loop may be told of the choice apart from what it writes
	const writing = /^(Loop|Scan)$/.test(node.opType) ? readBy(node) : [beta ?? ''];
	const made = mask && beta ? choiceOf(mask, writing, facts) : null;
	if (!made) return {};
	const logits = made.logits === null ? {} : { logits: { name: made.logits, axes: '' } };
	return { choice: { name: made.choice, axes: '' }, ...logits };
}

/** All that a loop reads: what it is fed, and what its body catches by name. */
function readBy(loop: FlatNode): string[] {
	const caught = [...loop.attributes.values()].flatMap((attribute) => {
		if (attribute.kind !== 'graph') return [];
		const { nodes, inputs } = attribute.value;
		const own = new Set([
			...inputs.map(({ name }) => name),
			...nodes.flatMap(({ outputs }) => outputs),
		]);
		return nodes.flatMap((node) => node.inputs).filter((name) => name !== '' && !own.has(name));
	});
	return [...new Set([...loop.inputs, ...caught.map((name) => loop.named(name))])];
}

function meetsUnderGate(a: Site, b: Site, facts: Facts): string | null {
	const uses = (site: Site) => usesOf(site.tensors['output']?.name ?? '', facts, 20);
	const [first, second] = [uses(a), uses(b)];
	const adds = new Map(
		second.filter(({ node }) => node.opType === 'Add').map((use) => [use.node, use]),
	);
	const meeting = first.find(
		(use) =>
			use.node.opType === 'Add' && adds.has(use.node) && adds.get(use.node)!.from !== use.from,
	);
	if (!meeting) return null;
	const weighed = [meeting.from, adds.get(meeting.node)!.from].map((name) =>
		facts.scope.producerOf(name),
	);
	if (!weighed.every((node) => node?.opType === 'Mul')) return null;
	const own = new Set([...first, ...second].map(({ from }) => from));
	const gates = weighed.map((node) => node!.inputs.find((input) => !own.has(input)));
	const [gate] = gates;
	// numbers that stand in the configuration weigh branches, but choose nothing
	const fixed = gates.every((each) => each !== undefined && facts.numberOf(each) !== null);
	return gate === undefined || fixed ? null : chooser(gate, facts);
}

/** The softmax or sigmoid that a gate is cut from. */
function chooser(name: string, facts: Facts): string {
	for (const origin of originsOf(name, facts, 24)) {
		const node = facts.scope.producerOf(origin);
		if (node?.opType === 'Softmax' || node?.opType === 'Sigmoid') return origin;
	}
	return name;
}
