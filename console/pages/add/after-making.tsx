// What follows once a key is made: its secret, a code for the phone, or nothing but a word that it is there.
import { useEffect, useEffectEvent, useRef } from 'react';
import type { Client } from '../../../src/client/main.ts';
import { useWrite } from '../../app/connection/connection.tsx';
import { keysChanged } from '../../app/queries/query-client.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { Name } from '../../parts/name.tsx';
import { useToast } from '../../parts/toast.tsx';
import { OfferKey } from '../hand-off/offer-key.tsx';
import { SaveSecret } from '../save-secret/save-secret.tsx';
import type { Made } from './use-making.ts';

interface AfterMakingProps {
  made: Made;
  onClose: () => void;
  /** Another code for the phone is wanted. */
  onAgain: () => void;
}

export function AfterMaking({ made, onClose, onAgain }: AfterMakingProps) {
  const { client, account } = useSignedIn();
  const deletion = useWrite('delete');
  const toast = useToast();
  const abandon = async (revoke: () => Promise<unknown>) => {
    const ended = await deletion.run(revoke);
    if (!ended.ok) throw ended.error;
    await keysChanged().catch(() => undefined);
    toast('Deleted. Nobody has it.');
    onClose();
  };
  if (made.is === 'token' || made.is === 'subkey') {
    const { revoke, ...of } = whatIsSaved(made, client);
    return (
      <SaveSecret
        kind={made.is}
        {...of}
        secret={made.secret}
        account={account}
        onDone={onClose}
        onAbandon={() => abandon(revoke)}
        progress={deletion.words}
      />
    );
  }
  if (made.is === 'registered') return <Registered name={made.subkey.name} onClose={onClose} />;
  if (made.is === 'offered') {
    const { subkey, link, seconds } = made;
    return <OfferKey subkey={subkey} link={link} seconds={seconds} onClose={onClose} onAgain={onAgain} />;
  }
  return null;
}

function whatIsSaved(made: Extract<Made, { is: 'token' | 'subkey' }>, { tokens, subkeys }: Client) {
  if (made.is === 'token') {
    const { name, lookup_id, expiry_at } = made.token;
    return { name, expiresAt: expiry_at, revoke: () => tokens.revoke(lookup_id) };
  }
  const { name, public_key, expires_at } = made.subkey;
  return { name, expiresAt: expires_at, publicKey: public_key, revoke: () => subkeys.revoke(public_key) };
}

/** Nothing secret was made, so there is nothing to save. */
function Registered({ name, onClose }: { name: string; onClose: () => void }) {
  const toast = useToast();
  const isTold = useRef(false);
  const tell = useEffectEvent(() => {
    if (isTold.current) return;
    isTold.current = true;
    toast(
      <>
        ‘<Name>{name}</Name>’ was added.
      </>,
    );
    onClose();
  });
  useEffect(() => tell(), []);
  return null;
}
