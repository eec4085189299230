// Key Management: what can get into the account, from where, and when it was last used.
import { useState } from 'react';
import { useParams } from 'wouter';
import type { Client } from '../../../src/client/main.ts';
import { startWatch } from '../../app/connection/watch.ts';
import { type KeyKind, listPathOf } from '../../app/keys/listed-key.ts';
import { type KeyList as Keys, readKeysAhead, useKeys } from '../../app/keys/use-keys.ts';
import { Button } from '../../parts/button.tsx';
import { Contained } from '../../parts/contained.tsx';
import { Page } from '../../parts/page.tsx';
import { TabLinks } from '../../parts/tab-links.tsx';
import { useNarrow } from '../../parts/use-narrow.ts';
import { AddKey } from '../add/add-key.tsx';
import { KeyList } from './key-list.tsx';

const tabs = [
  { kind: 'token', label: 'Read-only', title: 'Read-only keys' },
  { kind: 'subkey', label: 'Subkeys', title: 'Subkeys' },
] as const satisfies readonly { readonly kind: KeyKind; readonly label: string; readonly title: string }[];

export function readAhead(client: Client): void {
  startWatch();
  readKeysAhead(client);
}

export default function KeysPage() {
  const { kind: path } = useParams<{ kind: string }>();
  const kind: KeyKind = path === 'subkeys' ? 'subkey' : 'token';
  const narrow = useNarrow();
  const [isAdding, setAdding] = useState(false);
  const lists = {
    token: useKeys('token', { ended: false }),
    subkey: useKeys('subkey', { ended: false }),
  };
  return (
    <Page
      title={tabs.find((tab) => tab.kind === kind)?.title ?? 'Keys'}
      heading="Key Management"
      at="/keys"
      lead={
        narrow
          ? 'Give each program its own key.'
          : 'Keys let programs use your account without your main key. Give each program its own, so you can end one without touching the others.'
      }
      actions={
        // An empty list has the primary one.
        <Button
          kind={lists[kind].keys?.length === 0 ? 'plain' : 'primary'}
          onPress={() => setAdding(true)}
          aria-haspopup="dialog"
          aria-keyshortcuts="n"
        >
          + Add New Key
        </Button>
      }
    >
      <TabLinks
        label="Kinds of keys"
        tabs={tabs.map((tab) => ({
          href: listPathOf(tab.kind),
          label: tab.label,
          count: countOf(lists[tab.kind]),
          current: tab.kind === kind,
        }))}
      />
      <Contained>
        <KeyList key={kind} kind={kind} live={lists[kind]} onAdd={() => setAdding(true)} />
      </Contained>
      <AddKey kind={kind} open={isAdding} onClose={() => setAdding(false)} />
    </Page>
  );
}

/** As far as it is known: a list is read 100 at a time. */
const countOf = ({ keys, hasMore }: Keys): string | undefined => keys && `${keys.length}${hasMore ? '+' : ''}`;
