// countersign-client version: of the package that this program is in.
import { readFileSync } from 'node:fs';
import type { Run } from '../shell.ts';

export const version: Run = async (shell) => {
  // Not imported: the oldest Node.js that runs this warns of JSON that is.
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  const known = { version: manifest.version, node: process.versions.node };
  if (shell.has('json')) await shell.json(known);
  else await shell.out(`${shell.program} ${known.version} (node ${known.node})\n`);
  return 0;
};
