// Save your key now: the one time that a secret is in the page. It is left by Done, or by deleting the key.
import { useRef, useState } from 'react';
import type { Secret } from '../../app/secret.ts';
import { AlertDialog } from '../../parts/alert-dialog.tsx';
import { Button } from '../../parts/button.tsx';
import { Dialog, DialogFootText } from '../../parts/dialog.tsx';
import { Live } from '../../parts/live.tsx';
import { Note } from '../../parts/note.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import type { SnippetKind } from '../../words/snippets.ts';
import { SecretToKeep } from './secret-to-keep.tsx';
import { useSecret } from './use-secret.ts';

export interface SaveSecretProps {
  kind: SnippetKind;
  name: string;
  /** Wiped here, when it is left. */
  secret: Secret;
  account: string;
  /** Unix nanoseconds; undefined or 0n: no end. */
  expiresAt?: bigint | undefined;
  /** Of a subkey. */
  publicKey?: string | undefined;
  onDone: () => void;
  /** Deletes the key, and closes this once it is certain; rejects with why it could not. */
  onAbandon: () => Promise<void>;
  /** What is said while it is deleted: that it is being found out whether it was. */
  progress?: string | undefined;
}

export function SaveSecret(props: SaveSecretProps) {
  const { kind, name, secret, account, expiresAt, publicKey, onDone } = props;
  const copy = useRef<HTMLButtonElement>(null);
  const [saved, setSaved] = useState(false);
  const [asking, setAsking] = useState(false);
  const wiped = useSecret(secret);
  const done = () => {
    secret.wipe();
    onDone();
  };
  return (
    <Dialog
      open
      sealed
      title={kind === 'token' ? 'Save your read-only key now' : 'Save your subkey now'}
      about="We do not keep it. Once you close this, nobody can show it again."
      onClose={() => undefined}
      initialFocus={copy}
      footer={
        <>
          <DialogFootText>Closing removes it from this page.</DialogFootText>
          <Button kind="quiet" onPress={() => setAsking(true)}>
            Close without saving
          </Button>
          <Button
            kind="primary"
            disabledBecause={saved || wiped ? undefined : 'First say that you have saved it: nobody can show it again.'}
            onPress={done}
          >
            Done
          </Button>
        </>
      }
    >
      {wiped ? (
        <Note kind="bad" title="It is no longer in this page." live>
          The page was left, and what it held was removed. If you have not saved it, close without saving: the key is
          deleted, and you make another.
        </Note>
      ) : (
        <SecretToKeep
          kind={kind}
          name={name}
          secret={secret}
          account={account}
          expiresAt={expiresAt}
          publicKey={publicKey}
          saved={saved}
          onSaved={setSaved}
          copyRef={copy}
        />
      )}
      <Abandon {...props} open={asking} onKeep={() => setAsking(false)} />
    </Dialog>
  );
}

function Abandon({
  open,
  onKeep,
  secret,
  onAbandon,
  progress,
}: SaveSecretProps & { open: boolean; onKeep: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<{ error: unknown }>();
  const abandon = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await onAbandon();
      secret.wipe();
    } catch (error) {
      setProblem({ error });
    } finally {
      setBusy(false);
    }
  };
  return (
    <AlertDialog
      open={open}
      title="Close without saving?"
      keep="Keep it open"
      action={busy ? 'Deleting…' : 'Close and delete'}
      busy={busy}
      onKeep={onKeep}
      onAct={() => void abandon()}
    >
      <p>Then nobody has this key. It would be deleted.</p>
      <Live>{progress}</Live>
      {problem !== undefined && <Refusal error={problem.error} />}
    </AlertDialog>
  );
}
