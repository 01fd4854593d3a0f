/** What ends together, last started first ended. */
export class Disposables {
	private readonly items: { dispose(): unknown }[] = [];

	add<T extends { dispose(): unknown }>(item: T): T {
		this.items.push(item);
		return item;
	}

	dispose(): void {
		for (const item of this.items.splice(0).reverse()) item.dispose();
	}
}
