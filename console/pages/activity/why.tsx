// Why one request was refused, and the one button that mends it.
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { dateOf, type Explanation, explainInWords, isCode } from '../../../src/client/main.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { Button } from '../../parts/button.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Line } from '../../parts/line.tsx';
import { Note } from '../../parts/note.tsx';
import { useReturn } from '../../parts/opener.ts';
import { Refusal } from '../../parts/refusal.tsx';
import { Skeleton } from '../../parts/skeleton.tsx';
import { factsOf, historyOf, historyText, requestIdForm, textOf } from './explanation-facts.ts';
import { Mend, useMending } from './remedy.tsx';
import css from './why.module.css';

interface WhyProps {
  /** Of the address: anybody's text. */
  readonly requestId: string;
  readonly onClose: () => void;
}

export function Why({ requestId, onClose }: WhyProps) {
  const { client } = useSignedIn();
  const [isMendOpen, setMendOpen] = useState(false);
  const isId = requestIdForm.test(requestId);
  const { data, error } = useQuery({
    queryKey: ['explanation', requestId],
    queryFn: ({ signal }) => client.explain(requestId, { signal }),
    enabled: isId,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const history = useHistory(data);
  const mending = useMending(data);
  const giveFocusBack = useReturn(true);
  const close = () => {
    onClose();
    giveFocusBack();
  };
  const isUnknown = !isId || isCode(error, 'NOT_FOUND');
  return (
    <>
      <Dialog
        open={!isMendOpen}
        title="Why this was refused"
        about={isId ? <span className={css.id}>{requestId}</span> : undefined}
        onClose={close}
        footer={
          data === undefined ? undefined : (
            <>
              <CopyButton label="Copy as text" small={false} read={() => textOf(data, history)} />
              {mending !== undefined && (
                <Button kind="primary" aria-haspopup="dialog" onPress={() => setMendOpen(true)}>
                  {mending.words}
                </Button>
              )}
            </>
          )
        }
      >
        {isUnknown ? <Unknown /> : error !== null && <Refusal error={error} />}
        {data === undefined && error === null && isId && <Skeleton rows={3} />}
        {data !== undefined && <Told explanation={data} history={history} />}
      </Dialog>
      {mending !== undefined && <Mend mending={mending} isOpen={isMendOpen} onClose={() => setMendOpen(false)} />}
    </>
  );
}

const Unknown = () => (
  <Note kind="neutral" title="No refusal with this id.">
    The last 500 of your account are kept for 7 days; requests that proved no key are only counted.
  </Note>
);

function Told({ explanation, history }: { readonly explanation: Explanation; readonly history: string | undefined }) {
  const { headline, cause } = explainInWords(explanation);
  const rows = factsOf(explanation).map(([label, lines]): [string, ReactNode] => [
    label,
    lines.map((line, at) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a fact neither move nor change.
      <div key={at} className={at > 0 && label === 'Came from' ? css.hop : undefined}>
        <Line words={line} />
      </div>
    )),
  ]);
  return (
    <div className={css.told}>
      <Note kind="bad" title={`${headline}.`}>
        <div>
          {history !== undefined && `${history} `}
          {cause}
        </div>
      </Note>
      <Facts rows={rows} />
    </div>
  );
}

/** When and by whom the key was deleted, the account signed out or locked: the refusal itself does not say. */
function useHistory(explanation: Explanation | undefined): string | undefined {
  const { client } = useSignedIn();
  const history = explanation === undefined ? undefined : historyOf(explanation);
  const { data } = useQuery({
    queryKey: ['activity', 'history', explanation?.request_id],
    queryFn: async ({ signal }) => {
      if (explanation === undefined || history === undefined) return null;
      const { kind, id } = explanation.credential;
      const to = dateOf(explanation.at + 1_000_000n);
      const asked = {
        action: history.actions,
        limit: 1,
        signal,
        ...(to === undefined ? {} : { to }),
        ...(history.ofCredential ? { credential: `${kind}:${id}` } : {}),
      };
      const { results } = await client.activity.list(asked).page();
      return results[0] ?? null;
    },
    enabled: history !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (history === undefined || data === undefined || data === null) return undefined;
  return historyText(history, data.at, data.actor);
}
