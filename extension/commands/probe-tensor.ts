import * as vscode from 'vscode';
import { listTensors } from '../attention/list-tensors.ts';
import type { TensorEntry } from '../protocol/tensors.ts';
import type { OpenModel } from '../workspace/open-model.ts';
import type { Command } from './command.ts';
import { readModel, showView, targetToRun } from './run.ts';

/** Shows a float tensor by its name: what is in it, and what happens when it is changed. */
export const probeTensor: Command = {
	id: 'attnscope.probeTensor',
	async execute(parts, argument) {
		const target = await targetToRun(parts, argument);
		if (!target) return;
		const uri = vscode.Uri.parse(target.model);
		const model = await readModel(parts, uri);
		if (!model) return;
		const tensor = namedIn(argument, model) ?? (await pickTensor(model));
		if (tensor === undefined) return;
		await showView(parts, uri, { id: 'tensors', state: { look: 'one', tensor } });
	},
};

/** The tensor of a row of the tree of models, or the one that was asked for by name. */
function namedIn(argument: unknown, { sites }: OpenModel): string | undefined {
	if (typeof argument !== 'object' || argument === null) return undefined;
	const { tensor, site, role } = argument as Record<string, unknown>;
	if (typeof tensor === 'string') return tensor;
	const known = sites.find(({ id }) => id === site);
	return typeof role === 'string' ? known?.tensors[role]?.name : undefined;
}

async function pickTensor({ index, sites }: OpenModel): Promise<string | undefined> {
	const roles = new Map(
		sites
			.flatMap(({ layer, id, tensors }) =>
				Object.entries(tensors).map(([role, tensor]) => {
					const where = layer === null ? id : vscode.l10n.t('layer {0}', layer);
					return [tensor?.name ?? '', `${where} ${role}`] as const;
				}),
			)
			.toReversed(),
	);
	const items = listTensors(index).map((entry) => itemOf(entry, roles.get(entry.name)));
	const picked = await vscode.window.showQuickPick(items, {
		title: vscode.l10n.t('Which tensor?'),
		placeHolder: vscode.l10n.t('Name, operator, module or role'),
		matchOnDescription: true,
		matchOnDetail: true,
	});
	return picked?.label;
}

function itemOf({ name, op, path, dtype, shape }: TensorEntry, role: string | undefined) {
	const size = shape === null ? '' : `[${shape.join(', ')}]`;
	return {
		label: name,
		description: [role ?? '', op, `${dtype} ${size}`.trim()]
			.filter((part) => part !== '')
			.join(' · '),
		...(path !== '' && { detail: path }),
	};
}
