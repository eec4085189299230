// The file that a program reads its key from: the names that docs/first-five-minutes.md and the owner's commands have.
import { requirePlain, type SnippetKind } from './snippets.ts';

export interface EnvFacts {
  readonly kind: SnippetKind;
  readonly server: string;
  readonly account: string;
  /** Of a subkey. */
  readonly publicKey?: string | undefined;
  /** A bearer, or a private key. */
  readonly secret: string;
}

/** Lines that a shell, Docker and Node.js read alike: no value needs quotes. RangeError, which says none of it, for one that would. */
export function envFileOf({ kind, server, account, publicKey, secret }: EnvFacts): string {
  requirePlain({ server, account });
  if (!/^[A-Za-z0-9._-]+$/.test(secret)) throw new RangeError('the secret is no word');
  if (publicKey !== undefined && !/^0x[0-9a-f]{1,64}$/.test(publicKey))
    throw new RangeError('the public key is no hex number');
  const lines = [`COUNTERSIGN_URL=${server}`, `COUNTERSIGN_ACCOUNT=${account}`];
  if (kind === 'token') lines.push(`COUNTERSIGN_TOKEN=${secret}`);
  else {
    if (publicKey !== undefined) lines.push(`COUNTERSIGN_SUBKEY_PUBLIC_KEY=${publicKey}`);
    lines.push(`COUNTERSIGN_SUBKEY_PRIVATE_KEY=${secret}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Names that are devices on Windows, whatever follows the dot. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/;

/** `market-maker-1.env`. The name is people's text: only ASCII letters, digits and `-` of it are left. */
export function envFileName(kind: SnippetKind, name: string): string {
  const otherwise = kind === 'token' ? 'read-only-key' : 'subkey';
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  if (plain === '') return `${otherwise}.env`;
  return `${RESERVED.test(plain) ? `${otherwise}-${plain}` : plain}.env`;
}
