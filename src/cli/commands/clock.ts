// countersign clock: shows the kept time beside this machine's, and takes this machine's when the kept one is wrong.
import { type Members, membersOf, textOf } from '../answer.ts';
import { withOperator } from '../operator-client.ts';
import { shownTime, table } from '../output.ts';
import type { Typed } from '../program.ts';

export async function clock({ verb, json, settings }: Typed): Promise<number> {
  return withOperator('clock', () => {
    return {
      settings,
      anyClock: true,
      async work({ ask }) {
        const answer =
          verb === 'show' ? await ask('GET', '/operator/v1/clock') : await ask('POST', '/operator/v1/clock/accept');
        process.stdout.write(json ? `${answer}\n` : shown(membersOf(answer)));
      },
    };
  });
}

function shown(answer: Members): string {
  const times = [
    ['kept', shownTime(answer.kept)],
    ['this machine', shownTime(answer.machine)],
    ['state', textOf(answer, 'state')],
  ];
  if (answer.accepted === undefined) return table(times);
  if (answer.accepted === false) return `${table(times)}\nThe two are too close for anything to be done.\n`;
  return `${table([
    ...times,
    ['was', shownTime(answer.from)],
    ['sessions', `all ended; a login must be signed after ${shownTime(answer.valid_after)}`],
    [
      'revoked',
      `${textOf(answer, 'revoked_subkeys')} subkeys, ${textOf(answer, 'revoked_tokens')} tokens, ${textOf(answer, 'ended_devices')} devices`,
    ],
  ])}\nWhat was revoked had ended by the time that was given up, or was made in it and would have ended too late.\n`;
}
