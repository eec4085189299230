// countersign explain: why one request was refused, and what to type about it.
import { explainInWords, type Remedy } from '../../client/explain-in-words.ts';
import type { Explanation } from '../../client/shapes.ts';
import { shownAllowlist } from '../addresses.ts';
import { connect } from '../connection.ts';
import { printable } from '../printable.ts';
import type { Run, Shell } from '../shell.ts';
import { members } from '../table.ts';
import { moment } from '../times.ts';
import { whatEnded } from '../what-ended.ts';

const ENDED: Readonly<Record<string, string>> = { account_locked: 'locked', signed_out: 'signed out' };

export const explain: Run = async (shell) => {
  const { client } = connect(shell);
  const found = await client.explain(shell.argument(0), { signal: shell.signal });
  if (shell.has('json')) {
    await shell.json(found);
    return 0;
  }
  const { headline, cause, remedy } = explainInWords(found);
  const ended = await whatEnded(client, found, shell.signal);
  const command = remedy === undefined ? undefined : commandFor(remedy, found, shell);
  const pairs = [
    ['request', found.request_id],
    ['at', moment(found.at, shell.now())],
    [
      'key',
      `${found.credential.name === '' ? '' : `"${found.credential.name}" `}${found.credential.kind}:${found.credential.id}`,
    ],
    ['asked for', found.route],
    ['answer', `${found.status} ${found.code} (${found.reason})`],
    ['came from', found.client_ip ?? ''],
    [
      'by way of',
      found.hops
        .map(({ address, trusted }) => `${address || 'what is no address'}${trusted ? '' : ' (not trusted)'}`)
        .join(', '),
    ],
    ['its list', found.allowed_cidrs === null ? '' : shownAllowlist(found.allowed_cidrs)],
    [
      ENDED[found.reason] ?? 'ended',
      ended === undefined ? '' : `${moment(ended.at, shell.now())}${ended.by === '' ? '' : ` by ${ended.by}`}`,
    ],
    ['others', found.others_in_minute === 0 ? '' : `${found.others_in_minute} more like it in that minute`],
    ['to mend it', command !== undefined && MEANS_ITSELF.test(command) ? command : ''],
  ] as const;
  await shell.out(`${shell.bold(printable(headline))}\n${printable(cause)}\n\n${members(pairs, shell.width)}`);
  return 0;
};

/** Made of a server's values and typed by whoever reads it: nothing in it makes a shell do something else. */
const MEANS_ITSELF = /^[\w .,:/<>-]*$/;

function commandFor(
  remedy: Remedy,
  { credential, allowed_cidrs }: Explanation,
  { program }: Shell,
): string | undefined {
  const group = `${credential.kind}s`;
  const isKey = group === 'tokens' || group === 'subkeys';
  const key = `${credential.kind}:${credential.id}`;
  switch (remedy.kind) {
    case 'add_address':
      return isKey
        ? `${program} ${group} restrict ${key} --from ${[...(allowed_cidrs ?? []), remedy.address].join(',')}`
        : undefined;
    case 'change_addresses':
      return isKey ? `${program} ${group} restrict ${key} --from <addresses>` : undefined;
    case 'add_subkey':
      return `${program} subkeys create <name> --from <addresses> --out <file>`;
    case 'add_a_key_like_it':
      return isKey ? `${program} ${group} create <name> --for 30d --from <addresses> --out <file>` : undefined;
    default:
      return remedy satisfies never;
  }
}
