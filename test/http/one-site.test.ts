// Whoever has a whole IPv6 /48 cannot take all connections: over real sockets, from addresses of a network namespace.
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const NAMESPACE = ['--net', '--user', '--map-root-user'];
const ADDRESSES = ['ffff:', '2:1', '3:', '4:', ...Array.from({ length: 8 }, (_, n) => `1:${n}`)];
const OWN_ADDRESSES =
  `ip link set lo up ${ADDRESSES.map((part) => `&& ip -6 addr add 2001:db8:${part}::1/128 dev lo nodad`).join(' ')}`.replaceAll(
    ':::',
    '::',
  );

/** Which kind of namespace may be made here; undefined where none. */
const unshare = [NAMESPACE.slice(0, 1), NAMESPACE].find(
  (flags) => spawnSync('unshare', [...flags, 'sh', '-c', OWN_ADDRESSES]).status === 0,
);

test.skipIf(unshare === undefined)(
  'an IPv6 host has its share of the connections and a /48 its own, half of all at most; strangers come in beside them (needs unshare, ip and the right to make a network namespace)',
  async () => {
    const script = join(import.meta.dirname, '../support/one-site.ts');
    const command = `${OWN_ADDRESSES} && exec "$0" "$1"`;
    const { stdout } = await promisify(execFile)('unshare', [
      ...(unshare ?? []),
      ...['sh', '-c', command, process.execPath, script],
    ]);
    expect(JSON.parse(stdout)).toEqual({
      byHost: 8,
      bySite: 20,
      newest: ['200', '200'],
      answered: ['200', '200', '200'],
    });
  },
  120_000,
);
