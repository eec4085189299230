// countersign credentials: finds the owner of a bearer, a key or an address, and ends one credential.
import { isJsonObject } from '../../domain/json-text.ts';
import { isCredentialKind, kindTable } from '../../domain/kinds.ts';
import { readClientAddress } from '../../domain/pasted.ts';
import { listOf, type Members, membersOf, textOf } from '../answer.ts';
import { withOperator } from '../operator-client.ts';
import { shownTime, table } from '../output.ts';
import type { Typed } from '../program.ts';
import { CommandFailed } from '../reporting.ts';
import { standardInput } from '../standard-input.ts';

const CREDENTIALS = '/operator/v1/credentials';
/** No name of a credential is longer; a JWT has 4096 bytes at most. */
const MAX_NAME_BYTES = 8_192;

export async function credentials({ verb, argument: named = '', json, options, settings }: Typed): Promise<number> {
  return withOperator('credentials', () => {
    return {
      settings,
      async work({ ask }) {
        // Others can read an argument in the history of the shell and in the list of processes: a bearer comes by standard input.
        const credential = (named === '-' ? await standardInput(MAX_NAME_BYTES) : named).trim();
        const answer = await ask('POST', `${CREDENTIALS}/${verb}`, { credential, ...Object.fromEntries(options) });
        const members = membersOf(answer);
        const isAddress = readClientAddress(credential) !== undefined;
        if (json) process.stdout.write(`${answer}\n`);
        else process.stdout.write(verb === 'find' ? shownFound(members, isAddress) : shownRevoked(members));
        if (verb === 'find' && listOf(members, 'results').length === 0)
          throw new CommandFailed(nothing(members, isAddress));
      },
    };
  });
}

function nothing({ bearer, next }: Members, isAddress: boolean): string {
  if (typeof next === 'string') return `nothing by a credential in the newest rows of that address: --cursor=${next}`;
  if (isAddress)
    return 'no credential was used from that address, as far as use is kept (usage.keep_days), and the audit log has nothing from there';
  if (bearer !== null) {
    return typeof inner({ bearer }, 'bearer')?.session === 'string'
      ? 'the credential of this JWT is not known here'
      : 'this JWT cannot be read: a part of it is missing, or it is of another service; give all of it, from eyJ to the end';
  }
  return 'no credential has that name; a request id is looked for by countersign audit export --request-id';
}

const inner = (members: Members, name: string): Members | undefined => {
  const value = members[name];
  return isJsonObject(value) ? value : undefined;
};

function shownFound(answer: Members, isAddress: boolean): string {
  const results = listOf(answer, 'results');
  const bearer = inner(answer, 'bearer');
  const next = textOf(answer, 'next');
  if (isAddress) return shownFrom(results, next);
  const about = bearer === undefined ? [] : [shownBearer(bearer)];
  return [...about, ...results.map(shownOne)].join('\n');
}

function shownBearer(bearer: Members): string {
  const refusal = textOf(bearer, 'refusal');
  const state = refusal === '' ? 'it works' : `it is refused: ${refusal}`;
  const signed =
    bearer.verified === true
      ? `signed by our key ${textOf(bearer, 'kid')}; ${state}`
      : `NOT signed by a key of ours (${refusal}): what it claims may be anybody's word`;
  return table([
    ['jwt', signed],
    ['session', textOf(bearer, 'session') || '-'],
    ['issued', shownTime(bearer.issued_at)],
    ['expires', shownTime(bearer.expires_at)],
  ]);
}

/** What was used from an address, then what the audit log has from there. */
function shownFrom(results: readonly Members[], next: string): string {
  const used = results.flatMap((one) =>
    listOf(one, 'addresses').map((from) => [
      shownTime(from.last_at),
      shownTime(from.first_at),
      textOf(from, 'allowed'),
      textOf(from, 'refused'),
      ...named(one),
    ]),
  );
  const seen = results.flatMap((one) => {
    const rows = inner(one, 'seen');
    if (rows === undefined) return [];
    const newest = inner(rows, 'newest') ?? {};
    return [[shownTime(newest.at), textOf(newest, 'action'), textOf(rows, 'rows'), ...named(one)]];
  });
  const tables = [
    ...(used.length === 0 ? [] : [table([['LAST', 'FIRST', 'ALLOWED', 'REFUSED', ...NAMED], ...used])]),
    ...(seen.length === 0 ? [] : [table([['NEWEST', 'ACTION', 'ROWS', ...NAMED], ...seen])]),
  ];
  return `${tables.join('\n')}${next === '' || results.length === 0 ? '' : `more: --cursor=${next}\n`}`;
}

const NAMED = ['CREDENTIAL', 'STATE', 'NAME'];
const named = (one: Members): readonly string[] => [textOf(one, 'subject'), textOf(one, 'state'), textOf(one, 'name')];

const labels = {
  public_key: 'public key',
  wallet: 'wallet',
  lookup_id: 'lookup_id',
  thumbprint: 'thumbprint',
} as const;

function shownOne(one: Members): string {
  const cidrs = Array.isArray(one.allowed_cidrs) ? one.allowed_cidrs.join(' ') : '';
  const endedBy = inner(one, 'ended_by');
  const by =
    endedBy === undefined ? '' : ` by ${textOf(endedBy, 'actor') || 'who held it'}, ${textOf(endedBy, 'action')}`;
  const request = endedBy === undefined ? '' : ` (request ${textOf(endedBy, 'request_id') || '-'})`;
  const kind = textOf(one, 'kind');
  const from = textOf(one, 'last_used_ip');
  const row = isCredentialKind(kind) ? kindTable[kind] : undefined;
  const facts = table([
    ['credential', textOf(one, 'credential')],
    ['account', `${textOf(one, 'account')}${one.account_locked === true ? ' (locked)' : ''}`],
    ['named', textOf(one, 'subject')],
    [row === undefined ? 'label' : labels[row.label], textOf(one, 'label') || '-'],
    ...(row?.table === 'account' ? [] : [['name', textOf(one, 'name')]]),
    ['state', textOf(one, 'state')],
    ['from', cidrs === '' ? 'anywhere' : cidrs],
    ['created', shownTime(one.created_at)],
    ['expires', shownTime(one.expires_at)],
    ['revoked', `${shownTime(one.revoked_at)}${by}${request}`],
    ['last used', `${shownTime(one.last_used_at)}${from === '' ? '' : ` from ${from}`}`],
  ]);
  return `${facts}${shownAddresses(listOf(one, 'addresses'))}`;
}

function shownAddresses(addresses: readonly Members[]): string {
  if (addresses.length === 0) return '';
  const rows = addresses.map((one) => [
    textOf(one, 'address'),
    shownTime(one.first_at),
    shownTime(one.last_at),
    textOf(one, 'allowed'),
    textOf(one, 'refused'),
  ]);
  return `\n${table([['ADDRESS', 'FIRST', 'LAST', 'ALLOWED', 'REFUSED'], ...rows])}`;
}

function shownRevoked(answer: Members): string {
  const one = inner(answer, 'result') ?? {};
  const what = `${textOf(one, 'credential')} of ${textOf(one, 'account')}`;
  const done =
    answer.revoked === true
      ? `${what} is revoked; receipt ${JSON.stringify(answer.receipt)}`
      : `${what} was revoked before: nothing was done`;
  return `${done}\n\n${shownOne(one)}`;
}
