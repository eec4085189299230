// countersign logout: the key of this machine ends at the server and is forgotten here.
import { isCode, NoAnswer } from '../../client/errors.ts';
import { connect } from '../connection.ts';
import { forgetDevices } from '../forget.ts';
import { placeOf } from '../place.ts';
import { receiptText } from '../receipt-text.ts';
import { type Run, requireYes } from '../shell.ts';
import { NotSignedIn, WrongUse } from '../stops.ts';

export const logout: Run = async (shell) => {
  const place = placeOf(shell);
  const { name, profile } = place;
  if (place.bearer !== undefined)
    throw new WrongUse('COUNTERSIGN_TOKEN is set, which no logout ends; unset it, or name a --profile');
  if (name === undefined || profile?.device === undefined)
    throw new NotSignedIn('not signed in, so there is nothing to end');
  const isEverywhere = shell.has('everywhere');
  if (isEverywhere)
    await requireYes(
      shell,
      `This ends every session and every device of ${profile.account}. Subkeys and tokens live on.`,
    );
  try {
    const { client } = connect(shell, place);
    const { id } = profile.device;
    const { value, receipt } = isEverywhere
      ? await client.account.signOutEverywhere({ signal: shell.signal })
      : await client.devices.end(id, { signal: shell.signal });
    await forgetDevices(shell, (one) =>
      isEverywhere ? one.account === profile.account && one.url === profile.url : one.device?.id === id,
    );
    if (shell.has('json')) await shell.json(value);
    else shell.note(`signed out of ${profile.url}${isEverywhere ? ', everywhere' : ''}${receiptText(receipt)}`);
    return 0;
  } catch (error) {
    // A key that has ended is as good as ended by us. One of a server that is silent is forgotten here all the same, and told.
    const isOver = error instanceof NotSignedIn || isCode(error, 'UNAUTHORIZED_ERROR');
    if (isEverywhere || (!isOver && !(error instanceof NoAnswer))) throw error;
    await forgetDevices(shell, ({ device }) => device?.id === profile.device?.id);
    if (!isOver) {
      shell.note(`the key is gone from here, and the server ends it by itself at ${profile.device.expires_at}`);
      throw error;
    }
    shell.note(`it was signed out of ${profile.url} already`);
    return 0;
  }
};
