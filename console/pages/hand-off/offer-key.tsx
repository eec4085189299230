// The computer's side: a code for the phone, until it is taken, runs out or is taken back.
import { useEffect } from 'react';
import type { Client } from '../../../src/client/create-client.ts';
import { isCode } from '../../../src/client/errors.ts';
import type { Receipt } from '../../../src/client/receipt.ts';
import type { Subkey } from '../../../src/client/shapes.ts';
import { useWrite } from '../../app/connection/connection.tsx';
import { keysChanged } from '../../app/queries/query-client.ts';
import type { Secret } from '../../app/secret.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { Button } from '../../parts/button.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Live } from '../../parts/live.tsx';
import { Name } from '../../parts/name.tsx';
import { Note } from '../../parts/note.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { useToast } from '../../parts/toast.tsx';
import { nowMs } from '../../words/now.ts';
import { deletedWords } from '../../words/receipts.ts';
import { clock, toNs } from '../../words/times.ts';
import { useSecret } from '../save-secret/use-secret.ts';
import { Countdown, useCountdown } from './countdown.tsx';
import css from './offer-key.module.css';
import { QrCode } from './qr-code.tsx';
import { type Offer, useOffer } from './use-offer.ts';

interface OfferKeyProps {
  subkey: Subkey;
  /** Wiped here. */
  link: Secret;
  /** How long the code is good. */
  seconds: number;
  onClose: () => void;
  /** Another code is wanted; the key of this one is gone. */
  onAgain: () => void;
}

export function OfferKey({ subkey, link, seconds, onClose, onAgain }: OfferKeyProps) {
  const { client } = useSignedIn();
  const toast = useToast();
  const deletion = useWrite('delete');
  const offer = useOffer(subkey);
  const left = useCountdown(seconds);
  const wiped = useSecret(link);
  const { is } = offer;
  useEffect(() => {
    if (is === 'waiting') return;
    link.wipe();
    keysChanged().catch(() => undefined);
  }, [is, link]);

  async function deleteKey(then: () => void, isTold = false): Promise<void> {
    const ended = await deletion.run(() => revokedOrForgotten(client, subkey));
    if (!ended.ok) return;
    link.wipe();
    await keysChanged().catch(() => undefined);
    if (isTold) toast(deletedWords(toNs(nowMs()), ended.value));
    then();
  }

  const cancel = () => void deleteKey(onClose);
  const isGone = is === 'waiting' && wiped;
  const isOver = is === 'over' || isGone;
  return (
    <Dialog
      open
      sealed
      title={titleOf(offer, isGone)}
      about={
        <>
          ‘<Name>{subkey.name}</Name>’
        </>
      }
      onClose={() => undefined}
      footer={
        is === 'taken' ? (
          <>
            <Button kind="destroy" busy={deletion.isBusy} onPress={() => void deleteKey(onClose, true)}>
              That was not me: delete it now
            </Button>
            <Button kind="primary" onPress={onClose}>
              That was me
            </Button>
          </>
        ) : isOver ? (
          <>
            <Button busy={deletion.isBusy} onPress={cancel}>
              {isGone ? 'Delete key' : 'Close'}
            </Button>
            <Button kind="primary" busy={deletion.isBusy} onPress={() => void deleteKey(onAgain)}>
              Make a new code
            </Button>
          </>
        ) : (
          <Button busy={deletion.isBusy} onPress={cancel}>
            Cancel
          </Button>
        )
      }
    >
      {is === 'taken' ? (
        <TakenNote offer={offer} />
      ) : isGone ? (
        <p>
          The page was left, and the code was removed from it. Nothing was handed over yet, but a phone that has scanned
          it can still take the key. Delete the key here, or make a new code: then the old one takes nothing.
        </p>
      ) : isOver ? (
        <p>The code ran out. Nothing was handed over.</p>
      ) : (
        <div className={css.code}>
          <QrCode link={link} />
          <Countdown left={left} seconds={seconds} />
          <div className={css.instead}>
            <CopyButton label="Copy link instead" read={() => link.read()} />
            <p className={css.hint}>Anyone with this link can take the key. It works once.</p>
          </div>
        </div>
      )}
      {deletion.words !== undefined && <Live>{deletion.words}</Live>}
      {deletion.error !== undefined && <Refusal error={deletion.error} />}
    </Dialog>
  );
}

/** The server forgets a key that nobody took in time; that it is gone is what was asked for. */
async function revokedOrForgotten(client: Client, { public_key }: Subkey): Promise<Receipt | undefined> {
  try {
    return (await client.subkeys.revoke(public_key)).receipt;
  } catch (error) {
    if (isCode(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

function titleOf({ is }: Offer, isGone: boolean): string {
  if (is === 'taken') return 'Your phone has the key';
  if (isGone) return 'The code is no longer in this page';
  return is === 'over' ? 'The code ran out' : 'Scan this with your phone.';
}

function TakenNote({ offer }: { offer: Offer }) {
  const row = offer.is === 'taken' ? offer.row : undefined;
  return (
    <Note kind="info" live>
      {row === undefined ? (
        'Taken.'
      ) : (
        <>
          Taken from <strong>{row.client_ip}</strong> at {clock(row.at)}.
        </>
      )}
    </Note>
  );
}
