// countersign signing-keys: which keys sign and verify, replacing one in time, and ending one that is compromised.
import { listOf, type Members, membersOf, textOf } from '../answer.ts';
import { UsageError } from '../arguments.ts';
import { readArguments, usageOf } from '../command-forms.ts';
import { withOperator } from '../operator-client.ts';
import { shownTime, table } from '../output.ts';

export async function signingKeys(argv: readonly string[]): Promise<number> {
  return withOperator('signing-keys', () => {
    const { words, json, settings } = readArguments('signing-keys', argv);
    const [verb, subject, ...more] = words;
    const path = pathOf(verb, subject);
    if (path === undefined || more.length > 0) throw new UsageError(usageOf('signing-keys'));
    return {
      settings,
      async work({ ask }) {
        const answer = await ask(
          verb === 'list' ? 'GET' : 'POST',
          path,
          verb === 'rotate' ? { use: subject } : undefined,
        );
        if (json) process.stdout.write(`${answer}\n`);
        else process.stdout.write(shown(verb === 'list' ? listOf(membersOf(answer), 'results') : [membersOf(answer)]));
      },
    };
  });
}

const LIST = '/operator/v1/signing-keys';
const uses: ReadonlySet<string> = new Set(['session', 'token', 'terminal']);

function pathOf(verb: string | undefined, subject: string | undefined): string | undefined {
  if (verb === 'list' && subject === undefined) return LIST;
  if (verb === 'rotate' && uses.has(subject ?? '')) return `${LIST}/rotate`;
  // A kid is a thumbprint: nothing else becomes part of a path.
  if (verb === 'retire' && /^[A-Za-z0-9_-]{43}$/.test(subject ?? '')) return `${LIST}/${subject}/retire`;
  return undefined;
}

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
