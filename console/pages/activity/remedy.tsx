// The one button that mends a refusal, and the dialog that it opens: that of the key which was refused.
import { useQuery } from '@tanstack/react-query';
import { type Client, type Explanation, explainInWords, type Remedy } from '../../../src/client/main.ts';
import { type ListedKey, ofSubkey, ofToken } from '../../app/keys/listed-key.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { nowMs } from '../../words/now.ts';
import { toNs } from '../../words/times.ts';
import { AddKey } from '../add/add-key.tsx';
import { ChangeAddresses } from '../one-key/change-addresses.tsx';
import { buttonWords } from './remedy-words.ts';

export interface Mending {
  readonly remedy: Remedy;
  readonly key: ListedKey;
  /** Of the button. */
  readonly words: string;
}

/** Undefined where nothing of the owner's mends it, and until its key is known. */
export function useMending(explanation: Explanation | undefined): Mending | undefined {
  const { client } = useSignedIn();
  const { kind = '', id = '' } = explanation?.credential ?? {};
  const remedy = explanation === undefined ? undefined : explainInWords(explanation).remedy;
  const { data: key } = useQuery({
    queryKey: [kind === 'token' ? 'tokens' : 'subkeys', 'row', id],
    queryFn: ({ signal }) => keyOfRow(client, `${kind}:${id}`, signal),
    enabled: remedy !== undefined && (kind === 'token' || kind === 'subkey'),
  });
  if (remedy === undefined || key === undefined || key === null) return undefined;
  const isOfList = remedy.kind === 'add_address' || remedy.kind === 'change_addresses';
  // The list of a key that has ended lets nobody in.
  if (isOfList && key.ended !== undefined) return undefined;
  return { remedy, key, words: buttonWords(remedy) };
}

interface MendProps {
  readonly mending: Mending;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function Mend({ mending: { remedy, key }, isOpen, onClose }: MendProps) {
  switch (remedy.kind) {
    case 'add_address':
      return <ChangeAddresses target={isOpen ? key : undefined} add={remedy.address} onClose={onClose} />;
    case 'change_addresses':
      return <ChangeAddresses target={isOpen ? key : undefined} onClose={onClose} />;
    case 'add_subkey':
      return <AddKey kind="subkey" open={isOpen} like={key} onClose={onClose} />;
    case 'add_a_key_like_it':
      return <AddKey kind={key.kind} open={isOpen} like={key} onClose={onClose} />;
  }
}

/** A refusal names the row of its credential, and calls want the id that its owner knows. */
async function keyOfRow(client: Client, row: string, signal: AbortSignal): Promise<ListedKey | null> {
  const options = { ended: true, limit: 500, signal };
  if (row.startsWith('subkey:')) {
    for await (const subkey of client.subkeys.list(options)) if (`subkey:${subkey.id}` === row) return ofSubkey(subkey);
    return null;
  }
  const now = toNs(nowMs());
  for await (const token of client.tokens.list(options)) {
    if (`token:${token.token_id}` === row) return ofToken(token, now);
  }
  return null;
}
