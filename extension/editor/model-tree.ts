import * as vscode from 'vscode';
import { Disposables } from '../workspace/disposables.ts';
import type { Services } from '../workspace/services.ts';
import { layerText, siteFacts, siteNumbers, weakestProof } from './site-text.ts';
import {
	childrenOf,
	graphNode,
	modelNode,
	noteNode,
	parentOf,
	siteNode,
	siteOf,
	type TreeNode,
} from './tree-node.ts';

/** Models, their layers, the sites of each and the graph node behind it. A model is read when its row is opened. */
export class ModelTree implements vscode.TreeDataProvider<TreeNode> {
	private readonly disposables = new Disposables();
	private readonly changed = this.disposables.add(new vscode.EventEmitter<TreeNode | undefined>());
	private readonly view: vscode.TreeView<TreeNode>;

	readonly onDidChangeTreeData = this.changed.event;

	constructor(private readonly services: Services) {
		const { models, results } = services;
		const refresh = (uri: vscode.Uri) => this.changed.fire(modelNode(uri.toString()));
		this.disposables.add(models.onDidChange(refresh));
		this.disposables.add(results.onDidChange(refresh));
		this.disposables.add(models.onDidChangeList(() => this.changed.fire(undefined)));
		this.view = this.disposables.add(
			vscode.window.createTreeView('attnscope.models', {
				treeDataProvider: this,
				showCollapseAll: true,
			}),
		);
	}

	async getChildren(node?: TreeNode): Promise<TreeNode[]> {
		if (!node) return (await this.services.models.list()).map((uri) => modelNode(uri.toString()));
		const uri = vscode.Uri.parse(node.model);
		const state = await this.services.models.load(uri);
		if (state.kind === 'failed')
			return node.kind === 'model' ? [noteNode(node.model, state.problem)] : [];
		await this.services.results.load(uri);
		return childrenOf(node, state.summary, vscode.l10n.t('No attention was found in this model.'));
	}

	getParent(node: TreeNode): TreeNode | undefined {
		const state = this.services.models.peek(vscode.Uri.parse(node.model));
		return parentOf(node, state?.kind === 'read' ? state.summary : undefined);
	}

	getTreeItem(node: TreeNode): vscode.TreeItem {
		const item = new vscode.TreeItem('', vscode.TreeItemCollapsibleState.Collapsed);
		item.id = node.id;
		item.contextValue = node.kind;
		switch (node.kind) {
			case 'model':
				return this.modelItem(item, vscode.Uri.parse(node.model));
			case 'layer':
				return this.layerItem(item, node);
			case 'site':
				return this.siteItem(item, node);
			case 'node':
				return this.nodeItem(item, node);
			case 'tensor':
				return this.tensorItem(item, node);
			case 'note':
				item.label = node.text;
				item.tooltip = node.text;
				item.iconPath = new vscode.ThemeIcon('info');
				item.collapsibleState = vscode.TreeItemCollapsibleState.None;
				return item;
		}
	}

	/** Shows the row of a site without taking the keyboard; a tree that is not seen is left alone. */
	async select(uri: vscode.Uri, site: string): Promise<void> {
		if (this.view.visible)
			await this.view.reveal(siteNode(uri.toString(), site), { select: true, focus: false });
	}

	/** Goes to the graph node of a site, its tensors unfolded. */
	async goToNode(uri: vscode.Uri, site: string): Promise<void> {
		await this.services.models.load(uri);
		await this.view.reveal(graphNode(uri.toString(), site), {
			select: true,
			focus: true,
			expand: true,
		});
	}

	dispose(): void {
		this.disposables.dispose();
	}

	private modelItem(item: vscode.TreeItem, uri: vscode.Uri): vscode.TreeItem {
		const state = this.services.models.peek(uri);
		item.resourceUri = uri;
		item.label = uri.path.slice(uri.path.lastIndexOf('/') + 1);
		item.iconPath = new vscode.ThemeIcon(state?.kind === 'failed' ? 'error' : 'type-hierarchy');
		item.tooltip = vscode.workspace.asRelativePath(uri);
		const folder = vscode.workspace.asRelativePath(vscode.Uri.joinPath(uri, '..'), false);
		item.description = folder;
		if (state?.kind === 'failed') item.tooltip = state.problem;
		if (state?.kind === 'read') {
			const { sites } = state.summary;
			const forms = [...new Set(sites.map(({ form }) => form))].join(', ');
			item.description =
				sites.length === 0
					? folder
					: `${folder} · ${vscode.l10n.t('{0} sites', sites.length)} · ${forms}`;
		}
		return item;
	}

	private layerItem(item: vscode.TreeItem, node: TreeNode & { kind: 'layer' }): vscode.TreeItem {
		const sites = this.summaryOf(node)?.sites.filter(({ layer }) => layer === node.layer) ?? [];
		item.label =
			node.layer === null
				? vscode.l10n.t('Outside the layers')
				: vscode.l10n.t('Layer {0}', node.layer);
		item.description = [...new Set(sites.map(({ path }) => path))].join(', ');
		item.iconPath = new vscode.ThemeIcon('layers');
		item.collapsibleState = vscode.TreeItemCollapsibleState.Expanded;
		return item;
	}

	private siteItem(item: vscode.TreeItem, node: TreeNode & { kind: 'site' }): vscode.TreeItem {
		const summary = this.summaryOf(node);
		const site = summary && siteOf(summary, node.site);
		if (!site) return item;
		const uri = vscode.Uri.parse(node.model);
		const findings = this.services.results.site(uri, node.site);
		const layer = layerText(site, vscode.l10n.t);
		item.label = siteFacts(site, vscode.l10n.t)
			.filter((fact) => fact !== layer)
			.join(' · ');
		item.description =
			findings.length > 0
				? siteNumbers(findings, vscode.l10n.t).join(' · ')
				: vscode.l10n.t('not run yet');
		const outdated = this.services.results.outdatedBecause(uri);
		item.tooltip = [
			site.path,
			...findings.map(({ description }) => description),
			outdated,
			...site.notes,
		]
			.filter((line) => line !== '')
			.join('\n');
		item.iconPath = iconOf(weakestProof(findings)?.verified, outdated !== '');
		item.command = {
			title: vscode.l10n.t('Go to attention site'),
			command: 'attnscope.goToSite',
			arguments: [{ model: node.model, site: node.site }],
		};
		item.accessibilityInformation = {
			label: [layer, item.label, item.description, outdated].join(' ').trim(),
		};
		return item;
	}

	private nodeItem(item: vscode.TreeItem, node: TreeNode & { kind: 'node' }): vscode.TreeItem {
		const summary = this.summaryOf(node);
		const site = summary && siteOf(summary, node.site);
		item.label = site?.nodeName || vscode.l10n.t('a node without a name');
		item.description = site?.operator ?? '';
		item.tooltip = vscode.l10n.t('The graph node that mixes the tokens');
		item.iconPath = new vscode.ThemeIcon('symbol-operator');
		return item;
	}

	private tensorItem(item: vscode.TreeItem, node: TreeNode & { kind: 'tensor' }): vscode.TreeItem {
		const summary = this.summaryOf(node);
		const tensor = summary && siteOf(summary, node.site)?.tensors[node.role];
		item.label = node.role;
		item.description = tensor ? `${tensor.name} ${tensor.axes}`.trim() : '';
		item.iconPath = new vscode.ThemeIcon('symbol-array');
		item.collapsibleState = vscode.TreeItemCollapsibleState.None;
		item.command = {
			title: vscode.l10n.t('Look into this tensor'),
			command: 'attnscope.probeTensor',
			arguments: [node],
		};
		return item;
	}

	private summaryOf({ model }: TreeNode) {
		const state = this.services.models.peek(vscode.Uri.parse(model));
		return state?.kind === 'read' ? state.summary : undefined;
	}
}

function iconOf(verified: boolean | undefined, outdated: boolean): vscode.ThemeIcon {
	if (verified === undefined) return new vscode.ThemeIcon('circle-outline');
	if (outdated) return new vscode.ThemeIcon('history', new vscode.ThemeColor('disabledForeground'));
	return verified
		? new vscode.ThemeIcon('verified-filled', new vscode.ThemeColor('testing.iconPassed'))
		: new vscode.ThemeIcon('warning', new vscode.ThemeColor('problemsWarningIcon.foreground'));
}
