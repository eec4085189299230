// The dialog of the form: it sends what was typed once, and says what happens meanwhile.
import { type ReactNode, useEffect, useEffectEvent, useRef, useState } from 'react';
import { isCode } from '../../../src/client/errors.ts';
import { useWrite } from '../../app/connection/connection.tsx';
import type { ListedKey } from '../../app/keys/listed-key.ts';
import { type Owner, OwnerField, useOwner } from '../../app/owner/owner.tsx';
import { AtWallet } from '../../app/owner/step-words.tsx';
import { useAbout } from '../../app/server/use-about.ts';
import { useCurrentAddress } from '../../app/server/use-self.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { focusFirstWrong } from '../../parts/first-wrong.ts';
import { Live } from '../../parts/live.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { nowMs } from '../../words/now.ts';
import type { SnippetKind } from '../../words/snippets.ts';
import { type Draft, type DraftProblems, isSameDraft, NO_PUBLIC_KEY, newDraft, readDraft } from './draft.ts';
import { KeyForm } from './key-form.tsx';
import { LostToken } from './lost-token.tsx';
import { type Made, type Making, useMaking } from './use-making.ts';

export interface AddDialogProps {
  kind: SnippetKind;
  open: boolean;
  /** The dialog of what was made takes its place. */
  followed: boolean;
  like: ListedKey | undefined;
  onClose: () => void;
  onMade: (made: Made) => void;
  /** Raised: what was sent before is sent again, where the owner need not type anything for it. */
  again: number;
}

type LostOne = Extract<Made, { is: 'lost token' }>;

export function AddDialog({ kind, open, followed, like, onClose, onMade, again }: AddDialogProps) {
  const owner = useOwner();
  const { client } = useSignedIn();
  const about = useAbout();
  const current = useCurrentAddress();
  const making = useMaking(owner);
  const deletion = useWrite('delete');
  const [empty] = useState(() => newDraft(kind, like));
  const [draft, setDraft] = useState(empty);
  const [isChecked, setChecked] = useState(false);
  const [lost, setLost] = useState<LostOne>();
  const { problems, asked } = readDraft(draft, nowMs(), about?.limits.allowlist_entries ?? 50);
  const { write } = making;
  const isBusy = write.isBusy || deletion.isBusy;

  const change = (next: Draft) => {
    if (write.error !== undefined) write.reset();
    setDraft(next);
  };

  async function send(): Promise<void> {
    setChecked(true);
    if (asked === undefined) return focusFirstWrong();
    const made =
      kind === 'token'
        ? await making.token(asked)
        : await making.subkey(asked, draft.place, about?.console_url ?? location.origin);
    if (made?.is === 'lost token') setLost(made);
    else if (made !== undefined) onMade(made);
  }

  async function sendIfNothingIsTyped(): Promise<void> {
    if (owner.needs === 'nothing' || owner.needs === 'wallet') await send();
  }

  const sendAgain = useEffectEvent(() => void sendIfNothingIsTyped());
  const sentBefore = useRef(again);
  useEffect(() => {
    if (sentBefore.current === again) return;
    sentBefore.current = again;
    sendAgain();
  }, [again]);

  async function deleteAndMakeAnother({ token }: LostOne): Promise<void> {
    const ended = await deletion.run(async () => (await client.tokens.revoke(token.lookup_id)).receipt);
    if (!ended.ok) return;
    setLost(undefined);
    await sendIfNothingIsTyped();
  }

  return (
    <Dialog
      open={open}
      followed={followed}
      title={kind === 'token' ? 'Add a read-only key' : 'Add a subkey'}
      about={
        kind === 'token'
          ? 'For a program that only looks.'
          : 'For a bot that trades. It cannot withdraw or make other keys.'
      }
      onClose={onClose}
      holds={!isSameDraft(draft, empty)}
      busy={isBusy}
      onSubmit={() => void send()}
      footer={
        <>
          <CancelButton making={making} isBusy={isBusy} onClose={onClose} />
          {lost === undefined && (
            <Button kind="primary" type="submit" busy={write.isBusy}>
              {runningWords(making, owner) ?? 'Sign and add'}
            </Button>
          )}
        </>
      }
    >
      <KeyForm
        kind={kind}
        draft={draft}
        onChange={change}
        problems={{ ...problems, ...refusedField(draft, write.error, problems) }}
        isChecked={isChecked}
        about={about}
        current={current}
      >
        <OwnerField owner={owner} />
        {lost !== undefined && (
          <LostToken
            name={lost.token.name}
            madeAt={lost.token.created_at}
            deletion={deletion}
            onDelete={() => void deleteAndMakeAnother(lost)}
          />
        )}
        <Live>{write.words}</Live>
        {isRefusalShown(draft, write.error, owner) && <Refusal error={write.error} />}
      </KeyForm>
    </Dialog>
  );
}

function CancelButton({ making, isBusy, onClose }: { making: Making; isBusy: boolean; onClose: () => void }) {
  if (making.canCancel) return <Button onPress={making.cancel}>Cancel</Button>;
  return (
    <Button onPress={onClose} disabledBecause={isBusy ? 'It was sent already.' : undefined}>
      Cancel
    </Button>
  );
}

function runningWords({ write, step }: Making, { walletName }: Owner): ReactNode {
  if (!write.isBusy) return undefined;
  if (write.state.is !== 'busy') return 'Checking…';
  if (step === 'sending') return 'Adding…';
  // A wallet is asked for its account and chain before it is asked to sign.
  const isAtWallet = step === 'waiting-for-wallet' || (step === undefined && walletName !== undefined);
  if (!isAtWallet) return 'Making the key…';
  return <AtWallet name={walletName} />;
}

/** What the server said of the public key that was brought along stands at its field. */
function refusedField(draft: Draft, error: unknown, problems: DraftProblems): DraftProblems {
  if (draft.place !== 'elsewhere' || problems.publicKey !== undefined) return {};
  if (isCode(error, 'NOT_UNIQUE')) return { publicKey: 'This public key is registered already.' };
  if (isCode(error, 'PUBLIC_KEY_INVALID')) return { publicKey: NO_PUBLIC_KEY };
  return {};
}

function isRefusalShown(draft: Draft, error: unknown, owner: Owner): boolean {
  if (error === undefined || owner.keyError !== undefined) return false;
  return refusedField(draft, error, {}).publicKey === undefined;
}
