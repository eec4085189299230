// + Add New Key: the form, and what follows once the key is made.
import { useState } from 'react';
import type { ListedKey } from '../../app/keys/listed-key.ts';
import { useReturn } from '../../parts/opener.ts';
import type { SnippetKind } from '../../words/snippets.ts';
import { AddDialog } from './add-dialog.tsx';
import { AfterMaking } from './after-making.tsx';
import type { Made } from './use-making.ts';

export interface AddKeyProps {
  kind: SnippetKind;
  open: boolean;
  /** A key whose name and addresses are taken over. */
  like?: ListedKey | undefined;
  onClose: () => void;
}

export function AddKey({ kind, open, like, onClose }: AddKeyProps) {
  const [was, setWas] = useState(false);
  const [opening, setOpening] = useState(0);
  const [made, setMade] = useState<Made>();
  const [again, setAgain] = useState(0);
  if (open !== was) {
    setWas(open);
    if (open) {
      setOpening(opening + 1);
      setMade(undefined);
    }
  }
  const sendAgain = () => {
    setMade(undefined);
    setAgain(again + 1);
  };
  const giveFocusBack = useReturn(open);
  // The dialog of the secret was opened by a button that is gone: focus goes to what opened the form.
  const close = () => {
    onClose();
    giveFocusBack();
  };
  if (opening === 0) return null;
  return (
    <>
      <AddDialog
        key={opening}
        kind={kind}
        open={open && made === undefined}
        followed={made !== undefined}
        like={like}
        onClose={onClose}
        onMade={setMade}
        again={again}
      />
      {open && made !== undefined && <AfterMaking made={made} onClose={close} onAgain={sendAgain} />}
    </>
  );
}
