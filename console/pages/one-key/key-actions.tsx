// What can be done with a key, most used first.
import type { ListedKey } from '../../app/keys/listed-key.ts';
import { Button } from '../../parts/button.tsx';
import { AddKey } from '../add/add-key.tsx';
import { ChangeAddresses } from './change-addresses.tsx';
import { DeleteKey } from './delete-key.tsx';
import { ReplaceKey } from './replace-key.tsx';

export type Acting = 'addresses' | 'replace' | 'like' | 'delete';

interface ActionsProps {
  readonly of: ListedKey;
  readonly onAct: (acting: Acting) => void;
}

export const KeyButtons = ({ of: key, onAct }: ActionsProps) => (
  <>
    <Button onPress={() => onAct('addresses')} aria-haspopup="dialog">
      Change addresses
    </Button>
    {key.kind === 'token' ? (
      <Button onPress={() => onAct('replace')} aria-haspopup="dialog">
        Replace
      </Button>
    ) : (
      <Button onPress={() => onAct('like')} aria-haspopup="dialog">
        Copy settings to a new key
      </Button>
    )}
    <Button danger onPress={() => onAct('delete')} aria-haspopup="dialog" aria-label={`Delete ${key.name}`}>
      Delete
    </Button>
  </>
);

/** They outlive their buttons, so that focus has somewhere to go when a key ends. */
export function KeyDialogs({ of: key, acting, onClose }: Pick<ActionsProps, 'of'> & DialogsProps) {
  const targetOf = (what: Acting) => (acting === what ? key : undefined);
  return (
    <>
      <ChangeAddresses target={targetOf('addresses')} onClose={onClose} />
      <ReplaceKey target={targetOf('replace')} onClose={onClose} />
      <AddKey kind={key.kind} open={acting === 'like'} like={key} onClose={onClose} />
      <DeleteKey target={targetOf('delete')} onKeep={onClose} onDeleted={onClose} />
    </>
  );
}

interface DialogsProps {
  readonly acting: Acting | undefined;
  readonly onClose: () => void;
}
