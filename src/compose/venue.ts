// The venue that requests are forwarded to: that of the settings, or the demo venue, which is loaded only when it is asked for.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UpstreamAddress, VenueAddress } from '../config/upstream-address.ts';
import type { Slice } from './slice.ts';

type Settings = Slice<'data' | 'upstream'>;

// Linux's limit for the path of a socket is 107 bytes; other systems allow fewer.
const MAX_SOCKET_PATH = 100;

export interface Venue extends AsyncDisposable {
  readonly address: VenueAddress;
  /** Proves to the venue that a request comes from us. */
  readonly secret: string | undefined;
  /** In words, for the output of `serve`. */
  readonly description: string;
}

export async function composeVenue(config: Settings): Promise<Venue> {
  const address = config['upstream.url'];
  const description = describeUpstream(address);
  if (address.kind === 'demo') return { ...(await startDemoVenue(config)), description };
  const secret = config['upstream.proof'] === 'secret' ? config['upstream.secret']?.reveal() : undefined;
  return { address, secret, description, [Symbol.asyncDispose]: async () => undefined };
}

// The demo venue answers on a socket in a folder that only this user can enter, and demands a secret made for this start.
async function startDemoVenue(config: Settings): Promise<Omit<Venue, 'description'>> {
  const secret = randomBytes(32).toString('base64url');
  const inData = join(config['data.folder'], 'venue.sock');
  const temporary =
    Buffer.byteLength(inData) > MAX_SOCKET_PATH ? mkdtempSync(join(tmpdir(), 'countersign-')) : undefined;
  const socketPath = temporary === undefined ? inData : join(temporary, 'venue.sock');
  // A killed server leaves its socket behind. The data folder is ours alone by now, so nobody answers on it.
  rmSync(socketPath, { force: true });
  const { startVenue } = await import('../demo-venue/server.ts');
  const venue = await startVenue({ secret, listen: { path: socketPath } });
  return {
    address: { kind: 'unix', socketPath, basePath: '' },
    secret,
    async [Symbol.asyncDispose]() {
      await venue.close();
      if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
    },
  };
}

function describeUpstream(address: UpstreamAddress): string {
  switch (address.kind) {
    case 'demo':
      return 'the built-in demo venue';
    case 'http':
      return `${address.origin}${address.basePath}`;
    case 'unix':
      return `unix:${address.socketPath}`;
    default:
      return address satisfies never;
  }
}
