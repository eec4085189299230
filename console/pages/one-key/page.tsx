// One key: what it is, what it did, and what can be done with it.
import { useEffect, useRef, useState } from 'react';
import { Link, useParams } from 'wouter';
import { badgeOf, type KeyKind, type ListedKey, listPathOf } from '../../app/keys/listed-key.ts';
import { useKey } from '../../app/keys/use-keys.ts';
import { useAbout } from '../../app/server/use-about.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Contained } from '../../parts/contained.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Live } from '../../parts/live.tsx';
import { useNow } from '../../parts/minute.ts';
import { Name } from '../../parts/name.tsx';
import { Page } from '../../parts/page.tsx';
import { ReadFailed } from '../../parts/read-failed.tsx';
import { ShortId } from '../../parts/short-id.tsx';
import { Skeleton } from '../../parts/skeleton.tsx';
import { VisuallyHidden } from '../../parts/visually-hidden.tsx';
import { toNs } from '../../words/times.ts';
import { type Acting, KeyButtons, KeyDialogs } from './key-actions.tsx';
import { KeyCards } from './key-cards.tsx';
import css from './page.module.css';
import { Rename } from './rename.tsx';

export default function OneKeyPage() {
  const { kind: path, id = '' } = useParams<{ kind: string; id: string }>();
  const kind: KeyKind = path === 'subkeys' ? 'subkey' : 'token';
  const { key, isUnknown, error, again } = useKey(kind, id);
  const back = <Back kind={kind} />;
  if (key !== undefined) {
    return (
      <>
        {back}
        <OneKey key={key.id} of={key} />
        {error !== undefined && <ReadFailed error={error} onAgain={again} />}
      </>
    );
  }
  if (isUnknown) {
    return (
      <>
        {back}
        <Page title="There is no such key.">
          <p>This account has no key of this id.</p>
        </Page>
      </>
    );
  }
  return (
    <>
      {back}
      <Page title={kind === 'token' ? 'Read-only key' : 'Subkey'}>
        {error === undefined ? <Skeleton rows={4} /> : <ReadFailed error={error} onAgain={again} />}
      </Page>
    </>
  );
}

const Back = ({ kind }: { kind: KeyKind }) => (
  <Link href={listPathOf(kind)} className={css.back}>
    <Icon name="back" />
    {kind === 'token' ? 'Read-only keys' : 'Subkeys'}
  </Link>
);

function OneKey({ of: key }: { of: ListedKey }) {
  const isUsageKept = useAbout()?.usage ?? true;
  const badge = badgeOf(key, { now: toNs(useNow()), isUsageKept });
  const [isNaming, setNaming] = useState(false);
  const [acting, setActing] = useState<Acting>();
  const [said, setSaid] = useState('');
  const pencil = useRef<HTMLButtonElement>(null);
  const wasNaming = useRef(false);
  useEffect(() => {
    if (wasNaming.current && !isNaming) pencil.current?.focus();
    wasNaming.current = isNaming;
  }, [isNaming]);
  const isEnded = key.ended !== undefined;
  return (
    <Page
      title={key.name}
      heading={
        <span className={css.heading}>
          <Name>{key.name}</Name>
          <Badge kind={badge.kind}>{badge.words}</Badge>
        </span>
      }
      lead={
        isNaming ? undefined : (
          <span className={css.under}>
            <ShortId value={key.id} full copies />
            {!isEnded && (
              <span className={css.rename}>
                <Button
                  kind="quiet"
                  small
                  icon="pencil"
                  buttonRef={pencil}
                  onPress={() => {
                    setSaid('');
                    setNaming(true);
                  }}
                  aria-label={`Rename ${key.name}`}
                >
                  Rename
                </Button>
              </span>
            )}
          </span>
        )
      }
      actions={isEnded || isNaming ? undefined : <KeyButtons of={key} onAct={setActing} />}
    >
      {isNaming && (
        <Rename
          of={key}
          onLeave={(words = '') => {
            setNaming(false);
            setSaid(words);
          }}
        />
      )}
      <VisuallyHidden>
        <Live>{said}</Live>
      </VisuallyHidden>
      <KeyDialogs of={key} acting={acting} onClose={() => setActing(undefined)} />
      <Contained>
        <KeyCards of={key} isUsageKept={isUsageKept} />
      </Contained>
    </Page>
  );
}
