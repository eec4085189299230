// The version of the package, as npm knows it.
import manifest from '../../../package.json' with { type: 'json' };
import { reporting } from '../operator-client.ts';
import { readArguments } from '../read-arguments.ts';

export async function version(argv: readonly string[] = []): Promise<number> {
  return reporting('version', async () => {
    const { json } = readArguments('version', argv);
    const known = { version: manifest.version, node: process.versions.node };
    const text = `countersign ${known.version} (node ${known.node})`;
    process.stdout.write(`${json ? JSON.stringify(known) : text}\n`);
  });
}
