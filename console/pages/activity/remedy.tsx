// The one button that mends a refusal: it opens the dialog of the key that was refused.
import { useQuery } from '@tanstack/react-query';
import { type Client, type Explanation, explainInWords, type Remedy as Mends } from '../../../src/client/main.ts';
import { type ListedKey, ofSubkey, ofToken, pathOf } from '../../app/keys/listed-key.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { LinkButton } from '../../parts/link-button.tsx';
import { toNs } from '../../words/times.ts';

interface RemedyProps {
  readonly explanation: Explanation;
  /** Its dialog takes the place of the one that it stands in. */
  readonly onOpen: (isOpen: boolean) => void;
  readonly onDone: () => void;
}

export function Remedy({ explanation }: RemedyProps) {
  const { client } = useSignedIn();
  const { kind, id } = explanation.credential;
  const { remedy } = explainInWords(explanation);
  const { data: key } = useQuery({
    queryKey: [kind === 'token' ? 'tokens' : 'subkeys', 'row', id],
    queryFn: ({ signal }) => keyOfRow(client, `${kind}:${id}`, signal),
    enabled: remedy !== undefined && (kind === 'token' || kind === 'subkey'),
  });
  if (remedy === undefined || key === undefined || key === null) return null;
  if (key.ended !== undefined && remedy.kind !== 'add_a_key_like_it' && remedy.kind !== 'add_subkey') return null;
  return (
    <LinkButton kind="primary" href={pathOf(key)}>
      {buttonWords(remedy, key)}
    </LinkButton>
  );
}

/** A refusal names the row of its credential, and calls want the id that its owner knows. */
async function keyOfRow(client: Client, row: string, signal: AbortSignal): Promise<ListedKey | null> {
  const options = { ended: true, limit: 500, signal };
  if (row.startsWith('subkey:')) {
    for await (const subkey of client.subkeys.list(options)) if (`subkey:${subkey.id}` === row) return ofSubkey(subkey);
    return null;
  }
  const now = toNs(Date.now());
  for await (const token of client.tokens.list(options)) {
    if (`token:${token.token_id}` === row) return ofToken(token, now);
  }
  return null;
}

function buttonWords(remedy: Mends, { kind }: ListedKey): string {
  switch (remedy.kind) {
    case 'add_address':
      return `Add ${remedy.address}…`;
    case 'change_addresses':
      return 'Change addresses';
    case 'add_subkey':
      return 'Add a subkey';
    case 'add_a_key_like_it':
      return kind === 'subkey' ? 'Add a subkey like it' : 'Add a key like it';
  }
}
