// countersign signing-keys: lists the keys, replaces one in time, and ends one that is compromised.
import { hasRows, type KeyUse, keyUse } from '../../jwt/kinds.ts';
import { listOf, type Members, membersOf, textOf } from '../answer.ts';
import { confirm, YES } from '../confirm.ts';
import { withOperator } from '../operator-client.ts';
import { shownTime, table } from '../output.ts';
import type { Typed } from '../program.ts';
import { wrongArgument } from '../usage.ts';

export async function signingKeys({ verb, argument, json, switches, settings }: Typed): Promise<number> {
  return withOperator('signing-keys', () => {
    const path = pathOf(verb, argument);
    return {
      settings,
      async work({ ask }) {
        if (verb === 'retire' && !switches.has(YES))
          await confirmEnd(membersOf(await ask('GET', `${LIST}/${argument}`)));
        const answer = await ask(
          verb === 'list' ? 'GET' : 'POST',
          path,
          verb === 'rotate' ? { use: argument } : undefined,
        );
        if (json) process.stdout.write(`${answer}\n`);
        else if (verb === 'list') process.stdout.write(shown(listOf(membersOf(answer), 'results')));
        else process.stdout.write(`${shown([membersOf(answer)])}${revoked(membersOf(answer))}`);
      },
    };
  });
}

const LIST = '/operator/v1/signing-keys';

function pathOf(verb: string, argument: string | undefined): string {
  if (verb === 'list') return LIST;
  if (verb === 'rotate') return `${LIST}/rotate`;
  // A kid is a thumbprint: nothing else becomes part of a path.
  if (argument !== undefined && /^[A-Za-z0-9_-]{43}$/.test(argument)) return `${LIST}/${argument}/retire`;
  throw wrongArgument(
    `signing-keys ${verb}`,
    '<kid>',
    argument ?? '',
    'the 43 characters that signing-keys list shows',
  );
}

// A key that is retired already needs no second yes.
async function confirmEnd(key: Members): Promise<void> {
  if (key.state !== 'retired') await confirm(`${textOf(key, 'kid')} signs ${textOf(key, 'use')} JWTs. ${endsOf(key)}`);
}

const endsOf = (key: Members): string => {
  const use = keyUse(textOf(key, 'use'));
  return use === undefined ? 'Everything it signed dies at once.' : endings[use](key);
};

const endings: Readonly<Record<KeyUse, (key: Members) => string>> = {
  session: (key) =>
    `Every session it signed dies at once: ${textOf(key, 'sessions')} logins of the last 5 minutes, and every device. Everybody logs in again.`,
  token: (key) =>
    `Every token it signed dies at once and for good: ${textOf(key, 'tokens')} of them. Their owners must make new ones.`,
  terminal: (key) =>
    `Every terminal token it signed dies at once: ${textOf(key, 'terminal_tokens')} of the last 5 minutes. They are asked for again.`,
};

const revoked = (key: Members): string =>
  typeof key.revoked_tokens === 'number' && hasRows(keyUse(textOf(key, 'use')) ?? 'session')
    ? `\ntokens revoked: ${key.revoked_tokens}\n`
    : '';

function shown(keys: readonly Members[]): string {
  const rows = keys.map((key) => [
    textOf(key, 'kid'),
    textOf(key, 'use'),
    textOf(key, 'state'),
    shownTime(key.created_at),
    shownTime(key.signs_from),
    shownTime(key.verify_until),
  ]);
  return table([['KID', 'USE', 'STATE', 'CREATED', 'SIGNS FROM', 'VERIFIES UNTIL'], ...rows]);
}
