// Copy Private Key: for a main key that a wallet can make again. It is shown once its owner said what it can do.
import { useEffect, useRef, useState } from 'react';
import { keyOfAccount } from '../../app/owner/wallet-of-account.ts';
import type { Secret } from '../../app/secret.ts';
import { publicClient, useSignedIn } from '../../app/session/session.tsx';
import type { FoundWallet } from '../../app/wallets/announced.ts';
import { ChooseWallet } from '../../app/wallets/choose-wallet.tsx';
import { Button } from '../../parts/button.tsx';
import { Checkbox } from '../../parts/checkbox.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Note } from '../../parts/note.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { SecretBox } from '../../parts/secret-box.tsx';
import { problemOf, problemWords } from '../../words/wallet-problems.ts';
import type { MainKeyHandle } from '../../worker/main-key.ts';
import { useSecret } from '../save-secret/use-secret.ts';
import css from './page.module.css';

export function CopyPrivateKey({ onClose }: { readonly onClose: () => void }) {
  const { account } = useSignedIn();
  const [isUnderstood, setUnderstood] = useState(false);
  const [asked, setAsked] = useState<FoundWallet>();
  const [error, setError] = useState<unknown>();
  const [secret, setSecret] = useState<Secret>();
  const open = useRef(false);
  useEffect(() => {
    open.current = true;
    return () => {
      open.current = false;
    };
  }, []);
  useEffect(() => () => secret?.wipe(), [secret]);
  const wiped = useSecret(secret);

  async function ask(wallet: FoundWallet) {
    setAsked(wallet);
    setError(undefined);
    let key: MainKeyHandle | undefined;
    try {
      key = await keyOfAccount(wallet.provider, account, publicClient);
      const shown = await key.reveal();
      // Nothing else would wipe what comes after the dialog was left.
      if (open.current) setSecret(shown);
      else shown.wipe();
    } catch (thrown) {
      setError(thrown);
    } finally {
      key?.close();
      setAsked(undefined);
    }
  }

  return (
    <Dialog
      open
      size="480"
      title="Copy Private Key"
      onClose={onClose}
      sealed={secret !== undefined && !wiped}
      busy={asked !== undefined}
      footer={secret === undefined ? undefined : <Button onPress={onClose}>Done</Button>}
    >
      <div className={css.stack}>
        <Note kind="bad" title="This key can withdraw everything.">
          Nobody can revoke it. Give bots a subkey instead.
        </Note>
        {secret === undefined ? (
          <>
            <Checkbox label="I know what this key can do" checked={isUnderstood} onChange={setUnderstood} />
            {isUnderstood && asked === undefined && (
              <>
                <p>Your wallet will ask for the signature it is made from.</p>
                <ChooseWallet onChoose={(wallet) => void ask(wallet)} />
              </>
            )}
            {asked !== undefined && <p role="status">Waiting for your wallet… Open it if nothing appeared.</p>}
            {error !== undefined && <WalletRefusal error={error} />}
          </>
        ) : (
          <SecretBox secret={secret} label="Main private key" gone="Close this, and ask your wallet again." />
        )}
      </div>
    </Dialog>
  );
}

function WalletRefusal({ error }: { readonly error: unknown }) {
  const words = problemWords(problemOf(error, { wasAsked: true }));
  return words === undefined ? <Refusal error={error} /> : <Note kind="bad" title={words} live />;
}
