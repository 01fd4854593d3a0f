import type { FlatNode, Step } from './flat-node.ts';
import { parseReprList, pathOfName, pathOfNamespace, pathOfScopes } from './module-path.ts';

/** Module path of a node from its metadata or name, within the functions and branches it stands in. */
export function pathOf(node: FlatNode): string {
	const own = ownPath(node);
	const prefix = node.trail.map(stepPath).join('');
	return own.startsWith(prefix)
		? own
		: prefix + (own === '' || own.startsWith('/') ? own : `/${own}`);
}

function ownPath(node: FlatNode): string {
	const scopes = node.metadata.get('pkg.torch.onnx.name_scopes');
	if (scopes) return pathOfScopes(parseReprList(scopes));
	const namespace = node.metadata.get('namespace');
	if (namespace) return pathOfNamespace(namespace);
	return pathOfName(node.name);
}

function stepPath(step: Step): string {
	if (step.kind === 'branch') return `/${step.label}`;
	// the exporter's own library of operators says nothing about the model
	if (step.callee.startsWith('pkg.onnxscript')) return step.path;
	if (step.path !== '') return step.path.startsWith('/') ? step.path : `/${step.path}`;
	return `/${step.callee.split('::')[1] ?? step.label}`;
}
