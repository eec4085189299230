// What follows once a key is made: its secret, a code for the phone, or nothing but a word that it is there.
import { useEffect, useEffectEvent, useRef } from 'react';
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
  if (made.is === 'token') {
    const { token, secret } = made;
    return (
      <SaveSecret
        kind="token"
        name={token.name}
        secret={secret}
        account={account}
        expiresAt={token.expiry_at}
        onDone={onClose}
        onAbandon={() => abandon(() => client.tokens.revoke(token.lookup_id))}
        progress={deletion.words}
      />
    );
  }
  if (made.is === 'subkey') {
    const { subkey, secret } = made;
    return (
      <SaveSecret
        kind="subkey"
        name={subkey.name}
        secret={secret}
        account={account}
        expiresAt={subkey.expires_at}
        publicKey={subkey.public_key}
        onDone={onClose}
        onAbandon={() => abandon(() => client.subkeys.revoke(subkey.public_key))}
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
