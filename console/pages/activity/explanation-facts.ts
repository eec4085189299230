// What is known of one refused request: as rows of a dialog, and as text for a message to support.
import { type Explanation, explainInWords } from '../../../src/client/main.ts';
import { count, type Line, type Part } from '../../words/actions.ts';
import { kindWords, requestWords } from '../../words/requests.ts';
import { clock, exact, precise } from '../../words/times.ts';

export type Fact = readonly [label: string, lines: readonly Line[]];

/** Those that apply. */
export function factsOf(explanation: Explanation): readonly Fact[] {
  const { credential, limit, signed_at, server_time, permission_needed, others_in_minute, status, code } = explanation;
  const facts: (Fact | undefined)[] = [
    ['Request', request(explanation)],
    ['When', [[exact(explanation.at).replace(/[0-9]{2}:[0-9]{2}$/, clock(explanation.at))]]],
    [
      'Key',
      [[...(credential.name === '' ? [] : [{ name: credential.name }, ' ']), { small: kindWords(credential.kind) }]],
    ],
    ['Came from', cameFrom(explanation)],
    allowedFrom(explanation),
    permission_needed === null
      ? undefined
      : ['Needed / has', [[permission_needed, ' / ', (explanation.permissions_held ?? []).join(', ') || 'nothing']]],
    limit === null
      ? undefined
      : [
          'Limit',
          [
            [
              `${count(limit.limit)} in ${limit.window_seconds} s (${limit.bucket}), next after ${limit.retry_after_seconds} s`,
            ],
          ],
        ],
    signed_at === null
      ? undefined
      : [
          server_time === null ? 'Signed at' : 'Signed at / server time',
          [[precise(signed_at)], ...(server_time === null ? [] : [[precise(server_time)]])],
        ],
    ['Answer', [[{ mono: `${status} ${code}` }]]],
    others_in_minute === 0
      ? undefined
      : ['Like it', [[`${count(others_in_minute)} more in that minute, only counted`]]],
  ];
  return facts.filter((fact) => fact !== undefined);
}

function request({ route, order_index }: Explanation): readonly Line[] {
  const named = requestWords(route);
  const first: Line = named === undefined ? [{ mono: route }] : [named, ' ', { mono: route }];
  return order_index === null ? [first] : [first, [`order ${order_index} of the list`]];
}

function cameFrom({ client_ip, hops }: Explanation): readonly Line[] {
  const first: Line = client_ip === null || client_ip === '' ? ['could not be told'] : [{ mono: client_ip }];
  const others = hops.map(({ address, trusted }): Line => {
    const shown: Part = address === '' ? 'something that is no address' : { mono: address };
    return trusted ? ["told by your venue's proxy ", shown] : ['also claimed: ', shown, ', not believed'];
  });
  return [first, ...others];
}

function allowedFrom({ allowed_cidrs }: Explanation): Fact | undefined {
  if (allowed_cidrs === null) return undefined;
  return ['Allowed from', allowed_cidrs.length === 0 ? [['Anywhere']] : allowed_cidrs.map((mono): Line => [{ mono }])];
}

/** Without secrets: an explanation has none. Its time is exact, and in UTC too. */
export function textOf(explanation: Explanation, cause: string): string {
  const { headline } = explainInWords(explanation);
  const facts = factsOf(explanation).map(
    ([label, lines]) => `${label}: ${label === 'When' ? whenText(explanation.at) : lines.map(lineText).join('; ')}`,
  );
  return [`${headline}. ${cause}`, `Request id: ${explanation.request_id}`, ...facts, ''].join('\n');
}

const whenText = (at: bigint): string => `${precise(at)} (${new Date(Number(at / 1_000_000n)).toISOString()})`;

const lineText = (line: Line): string =>
  line
    .map((part) => {
      if (typeof part === 'string') return part;
      if ('name' in part) return `‘${oneLine(part.name)}’`;
      if ('mono' in part) return part.mono;
      return 'small' in part ? part.small : '';
    })
    .join('');

/** A name cannot write lines of its own into a message. */
const oneLine = (name: string): string => name.replaceAll(/\s+/g, ' ');

export const requestIdForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
