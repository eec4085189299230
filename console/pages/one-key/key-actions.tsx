// What can be done with a key, most used first.
import { useState } from 'react';
import type { ListedKey } from '../../app/keys/listed-key.ts';
import { Button } from '../../parts/button.tsx';
import { AddKey } from '../add/add-key.tsx';
import { ChangeAddresses } from './change-addresses.tsx';
import { DeleteKey } from './delete-key.tsx';
import { ReplaceKey } from './replace-key.tsx';

export function KeyActions({ of: key }: { of: ListedKey }) {
  const [open, setOpen] = useState<'addresses' | 'replace' | 'like' | 'delete'>();
  const close = () => setOpen(undefined);
  return (
    <>
      <Button onPress={() => setOpen('addresses')} aria-haspopup="dialog">
        Change addresses
      </Button>
      {key.kind === 'token' ? (
        <Button onPress={() => setOpen('replace')} aria-haspopup="dialog">
          Replace
        </Button>
      ) : (
        <Button onPress={() => setOpen('like')} aria-haspopup="dialog">
          Copy settings to a new key
        </Button>
      )}
      <Button danger onPress={() => setOpen('delete')} aria-haspopup="dialog" aria-label={`Delete ${key.name}`}>
        Delete
      </Button>
      <ChangeAddresses target={open === 'addresses' ? key : undefined} onClose={close} />
      <ReplaceKey target={open === 'replace' ? key : undefined} onClose={close} />
      <AddKey kind={key.kind} open={open === 'like'} like={key} onClose={close} />
      <DeleteKey target={open === 'delete' ? key : undefined} onKeep={close} onDeleted={close} />
    </>
  );
}
