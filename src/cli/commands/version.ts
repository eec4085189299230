// The version of the package, as npm knows it.
import manifest from '../../../package.json' with { type: 'json' };
import type { Typed } from '../program.ts';

export async function version({ json }: Typed): Promise<number> {
  const known = { version: manifest.version, node: process.versions.node };
  const text = `countersign ${known.version} (node ${known.node})`;
  process.stdout.write(`${json ? JSON.stringify(known) : text}\n`);
  return 0;
}
