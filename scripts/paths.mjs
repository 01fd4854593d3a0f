import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const cache = resolve(root, '.cache');
export const vsix = resolve(root, 'dist/attnscope.vsix');
