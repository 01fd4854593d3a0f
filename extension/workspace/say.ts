/** Puts a sentence in the user's language; `{0}` stands for the first argument. `vscode.l10n.t` has this shape. */
export type Say = (message: string, ...args: (string | number)[]) => string;
