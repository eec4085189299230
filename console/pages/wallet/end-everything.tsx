// End everything: what it ends is counted first, and it is typed that it shall.
import { useState } from 'react';
import { CountersignError } from '../../../src/client/errors.ts';
import { useWrite } from '../../app/connection/connection.tsx';
import { endButStay, useSignedIn } from '../../app/session/session.tsx';
import { AlertDialog } from '../../parts/alert-dialog.tsx';
import { Button } from '../../parts/button.tsx';
import { Card, CardAct } from '../../parts/card.tsx';
import { Checkbox } from '../../parts/checkbox.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { TextField } from '../../parts/text-field.tsx';
import { nowMs } from '../../words/now.ts';
import { toNs } from '../../words/times.ts';
import { signInAgainAt } from '../devices/sign-in-again.tsx';
import { type Ended, kindsOf, liveWords, withBefore } from './ended.ts';
import css from './page.module.css';
import { useLive } from './use-live.ts';

interface EndEverythingProps {
  readonly onEnded: (ended: Ended) => void;
  readonly onSignInAt: (at: number) => void;
}

export function EndEverything(props: EndEverythingProps) {
  const [open, setOpen] = useState(false);
  return (
    <Card title="End everything" tone="danger">
      <CardAct
        button={
          <Button kind="destroy" aria-haspopup="dialog" onPress={() => setOpen(true)}>
            End everything
          </Button>
        }
      >
        Ends every key, every device and every session of this account, at once.
      </CardAct>
      {open && <Ask {...props} onKeep={() => setOpen(false)} />}
    </Card>
  );
}

function Ask({ onEnded, onSignInAt, onKeep }: EndEverythingProps & { readonly onKeep: () => void }) {
  const { client } = useSignedIn();
  const live = useLive();
  const write = useWrite('delete');
  const [tokens, setTokens] = useState(true);
  const [subkeys, setSubkeys] = useState(true);
  const [typed, setTyped] = useState('');

  async function end() {
    const kinds = kindsOf(tokens, subkeys);
    const before = live && {
      ...live.list,
      ...(tokens ? {} : { tokens: [] }),
      ...(subkeys ? {} : { subkeys: [] }),
    };
    let wasLost = false;
    const result = await write.run(() =>
      client.account.revokeAll(kinds === undefined ? {} : { kinds }).catch((error: unknown) => {
        wasLost ||= !(error instanceof CountersignError && error.status < 500);
        throw error;
      }),
    );
    if (!result.ok || result.value === undefined) return;
    const { value, receipt } = result.value;
    const at = toNs(nowMs());
    // An answer that got lost had the list and the receipt of what it ended; the last one speaks of what was left.
    const ended = wasLost ? { list: withBefore(value, before), receipt: undefined } : { list: value, receipt };
    // The device is gone, so nothing may be asked any more.
    onEnded({ ...ended, at });
    await endButStay();
    onSignInAt(await signInAgainAt(value.valid_after));
  }

  return (
    <AlertDialog
      open
      title="End everything?"
      keep="Keep it"
      action={write.isBusy ? 'Ending…' : 'End everything'}
      busy={write.isBusy}
      actDisabledBecause={typed.trim() === 'END' ? undefined : 'Type END first.'}
      onKeep={onKeep}
      onAct={() => void end()}
    >
      <div className={css.stack}>
        <p>Ends every key, every device and every session of this account, at once. This cannot be undone.</p>
        {live !== undefined && <p className={css.counts}>{liveWords(live)}</p>}
        <Checkbox label="Read-only keys" checked={tokens} onChange={setTokens} />
        <Checkbox label="Subkeys" checked={subkeys} onChange={setSubkeys} />
        <TextField label="Type END" value={typed} onChange={setTyped} maxLength={8} mono />
        {(write.state.is === 'checking' || write.state.is === 'not-yet') && (
          <p role="status">
            {write.state.is === 'checking'
              ? 'We do not know yet whether everything was ended. Checking…'
              : 'Not ended yet. The server could not write it down. Trying again.'}
          </p>
        )}
        {write.state.is === 'waiting' && <p role="status">{write.words}</p>}
        {write.error !== undefined && <Refusal error={write.error} />}
      </div>
    </AlertDialog>
  );
}
