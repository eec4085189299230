// Why one request was refused, and the one button that mends it.
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { type Explanation, explainInWords, isCode } from '../../../src/client/main.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { Button } from '../../parts/button.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Line } from '../../parts/line.tsx';
import { useNow } from '../../parts/minute.ts';
import { Note } from '../../parts/note.tsx';
import { useReturn } from '../../parts/opener.ts';
import { Refusal } from '../../parts/refusal.tsx';
import { Skeleton } from '../../parts/skeleton.tsx';
import { factsOf, requestIdForm, textOf } from './explanation-facts.ts';
import { Mend, type Mending, useMending } from './remedy.tsx';
import { causeOf, isEnding, whatEnded } from './what-ended.ts';
import css from './why.module.css';

interface WhyProps {
  /** Of the address: anybody's text. */
  readonly requestId: string;
  readonly onClose: () => void;
}

export function Why({ requestId, onClose }: WhyProps) {
  const { client } = useSignedIn();
  /** As it was when it was opened: a key that ends meanwhile takes nothing away that was typed. */
  const [opened, setOpened] = useState<Mending>();
  const [isMendOpen, setMendOpen] = useState(false);
  const isId = requestIdForm.test(requestId);
  const { data, error } = useQuery({
    queryKey: ['explanation', requestId],
    queryFn: ({ signal }) => client.explain(requestId, { signal }),
    enabled: isId,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const cause = useCause(data);
  const mending = useMending(data);
  const open = () => {
    setOpened(mending);
    setMendOpen(true);
  };
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
        followed={isMendOpen}
        footer={
          data === undefined ? undefined : (
            <>
              <CopyButton label="Copy as text" small={false} read={() => textOf(data, cause)} />
              {mending !== undefined && (
                <Button kind="primary" aria-haspopup="dialog" onPress={open}>
                  {mending.words}
                </Button>
              )}
            </>
          )
        }
      >
        {isUnknown ? <Unknown /> : error !== null && <Refusal error={error} />}
        {data === undefined && error === null && isId && <Skeleton rows={3} />}
        {data !== undefined && <Told explanation={data} cause={cause} />}
      </Dialog>
      {opened !== undefined && <Mend mending={opened} isOpen={isMendOpen} onClose={() => setMendOpen(false)} />}
    </>
  );
}

const Unknown = () => (
  <Note kind="neutral" title="No refusal with this id.">
    The last 500 of your account are kept for 7 days; requests that proved no key are only counted.
  </Note>
);

function Told({ explanation, cause }: { readonly explanation: Explanation; readonly cause: string }) {
  const { headline } = explainInWords(explanation);
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
        {cause}
      </Note>
      <Facts rows={rows} />
    </div>
  );
}

/** Its cause, with when and by whom the key was ended, the account signed out or locked. */
function useCause(explanation: Explanation | undefined): string {
  const { client } = useSignedIn();
  const now = useNow();
  const { data: row } = useQuery({
    queryKey: ['activity', 'what ended', explanation?.request_id],
    queryFn: ({ signal }) => (explanation === undefined ? null : whatEnded(client, explanation, signal)),
    enabled: explanation !== undefined && isEnding(explanation),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return explanation === undefined ? '' : causeOf(explanation, row, now);
}
