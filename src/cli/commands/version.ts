// The version of the package, as npm knows it.
import manifest from '../../../package.json' with { type: 'json' };

export async function version(argv: readonly string[] = []): Promise<number> {
  const known = { version: manifest.version, node: process.versions.node };
  const text = `countersign ${known.version} (node ${known.node})`;
  process.stdout.write(`${argv.includes('--json') ? JSON.stringify(known) : text}\n`);
  return 0;
}
