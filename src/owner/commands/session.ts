// countersign session: a bearer of five minutes on stdout, which is all it is for.
import { connect, connectAsOwner } from '../connection.ts';
import { isKeyGiven } from '../main-key.ts';
import { placeOf } from '../place.ts';
import type { Run } from '../shell.ts';
import { WrongUse } from '../stops.ts';

export const session: Run = async (shell) => {
  if (!isKeyGiven(shell) && placeOf(shell).bearer !== undefined)
    throw new WrongUse(
      'COUNTERSIGN_TOKEN is a bearer already, and no session is made of it; unset it, or name a --profile',
    );
  const { client } = isKeyGiven(shell) ? await connectAsOwner(shell) : connect(shell);
  const { bearer, expiresAt } = await client.account.session({ signal: shell.signal });
  if (shell.has('json')) await shell.json({ jwt_token: bearer, expires_at: expiresAt?.toISOString() ?? null });
  else await shell.out(`${bearer}\n`);
  return 0;
};
