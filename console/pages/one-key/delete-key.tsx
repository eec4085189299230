// Asks before a key is deleted, with what it is used for, and stays until it is certain that it was.
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Receipt } from '../../../src/client/main.ts';
import { useWrite } from '../../app/connection/connection.tsx';
import type { ListedKey } from '../../app/keys/listed-key.ts';
import { putKey, readKey, useKey, useRequestsToday } from '../../app/keys/use-keys.ts';
import { keysChanged } from '../../app/queries/query-client.ts';
import { useAbout } from '../../app/server/use-about.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { AlertDialog } from '../../parts/alert-dialog.tsx';
import { Name } from '../../parts/name.tsx';
import { Note } from '../../parts/note.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { useToast } from '../../parts/toast.tsx';
import { inUseWords, isInUse } from '../../words/keys.ts';
import { nowMs } from '../../words/now.ts';
import { deletedWords } from '../../words/receipts.ts';
import { toNs } from '../../words/times.ts';

interface DeleteKeyProps {
  /** The dialog is open while there is one. */
  readonly target: ListedKey | undefined;
  readonly onKeep: () => void;
  /** With the key as it is now: ended. */
  readonly onDeleted: (key: ListedKey) => void;
  /** Where focus goes once the key is deleted; else to what opened the dialog. */
  readonly focusAfter?: (() => HTMLElement | null | undefined) | undefined;
}

export function DeleteKey({ target, onKeep, onDeleted, focusAfter }: DeleteKeyProps) {
  const { client } = useSignedIn();
  const queries = useQueryClient();
  const write = useWrite('delete');
  const toast = useToast();
  // Words stay while the dialog closes.
  const [last, setLast] = useState(target);
  if (target !== undefined && target !== last) setLast(target);
  const [deleted, setDeleted] = useState<string>();

  async function del(key: ListedKey): Promise<void> {
    const { id } = key;
    const result = await write.run<Receipt | undefined>(async () => {
      const { receipt } = key.kind === 'token' ? await client.tokens.revoke(id) : await client.subkeys.revoke(id);
      return receipt;
    });
    if (!result.ok) return;
    const now: ListedKey = await readKey(client, key.kind, id).catch(() => key);
    const ended = now.ended ?? { how: 'revoked', at: toNs(nowMs()) };
    const gone: ListedKey = { ...now, ended };
    toast(deletedWords(now.ended?.at, result.value));
    setDeleted(id);
    putKey(queries, gone);
    onDeleted(gone);
    await keysChanged();
  }

  const close = () => {
    write.reset();
    onKeep();
  };
  return (
    <AlertDialog
      open={target !== undefined}
      title={
        <>
          Delete ‘<Name>{last?.name ?? ''}</Name>’?
        </>
      }
      keep="Keep it"
      action={write.isBusy ? 'Deleting…' : 'Delete key'}
      busy={write.isBusy}
      onKeep={close}
      onAct={() => target !== undefined && void del(target)}
      returnTo={() => (deleted === last?.id ? focusAfter?.() : undefined)}
    >
      <p>
        It is refused from its very next request. Sessions made with it end, and requests under way are cut. This cannot
        be undone.
      </p>
      {last !== undefined && <Use of={last} isAsked={target !== undefined && !write.isBusy} />}
      {last?.kind === 'subkey' && <p>Open orders stay open. Cancel them at the venue if you want them gone.</p>}
      <Progress words={write.words} />
      {write.error !== undefined && <Refusal error={write.error} />}
    </AlertDialog>
  );
}

/** What is certain stands in bold. */
function Progress({ words }: { words: string | undefined }) {
  if (words === undefined) return null;
  const [, bold, rest] = /^(Not deleted yet\.) (.*)$/.exec(words) ?? [];
  return (
    <Note kind="warn" title={bold} live>
      {rest ?? words}
    </Note>
  );
}

/** Of the last 24 hours, asked anew when the dialog opens. */
function Use({ of, isAsked }: { of: ListedKey; isAsked: boolean }) {
  const about = useAbout();
  const { lastUsedAt, lastUsedIp } = useKey(of.kind, of.id, { isAsked }).key ?? of;
  const [now] = useState(nowMs);
  const inUse = isInUse(lastUsedAt, now);
  const requests = useRequestsToday(of.row, isAsked && inUse);
  if (about?.usage === false) return <p>This venue does not record when keys are used.</p>;
  if (lastUsedAt === undefined) return <p>It was never used.</p>;
  if (!inUse) return null;
  return (
    <Note kind="bad" title="It is in use.">
      {inUseWords(lastUsedAt, requests, now)}
      {lastUsedIp !== undefined && (
        <>
          {' '}
          from <code>{lastUsedIp}</code>
        </>
      )}
      .
    </Note>
  );
}
