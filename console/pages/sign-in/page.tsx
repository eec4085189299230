// Sign in: which way, and the steps of it.
import { type ReactNode, Suspense, useEffect } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useReadAbout } from '../../app/server/use-about.ts';
import { useSession } from '../../app/session/session.tsx';
import { Mark } from '../../app/shell/mark.tsx';
import { shownLater } from '../../app/shown-later.tsx';
import { Button } from '../../parts/button.tsx';
import { Note } from '../../parts/note.tsx';
import { Page } from '../../parts/page.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { Skeleton } from '../../parts/skeleton.tsx';
import { Choose, type Way } from './choose.tsx';
import { outWords } from './out-words.ts';
import css from './sign-in.module.css';
import { Buttons, Step } from './step.tsx';
import * as ways from './ways.ts';

const WithWallet = shownLater(ways.withWallet);
const WithKey = shownLater(ways.withKey);
const WithNew = shownLater(ways.withNew);

export default function SignInPage() {
  const search = useSearch();
  const [, navigate] = useLocation();
  const session = useSession();
  const query = new URLSearchParams(search);
  const way = wayOf(query.get('with'));
  const hrefOf = (next: Way | undefined): string => {
    const to = new URLSearchParams(query);
    if (next === undefined) to.delete('with');
    else to.set('with', next);
    return to.size === 0 ? '/sign-in' : `/sign-in?${to}`;
  };
  const back = () => navigate(hrefOf(undefined));
  useEffect(ways.loadWays, []);
  const why = session.state === 'out' ? outWords(session.because, session) : undefined;
  return (
    <main className={css.page}>
      <div className={css.brand}>
        <Mark />
        Countersign
      </div>
      <Page
        title="Sign in"
        heading={`Sign in to ${location.host}`}
        lead="See, add and delete the keys of your trading account."
        at={`/sign-in ${way ?? ''}`}
      >
        {why !== undefined && way === undefined && (
          <div className={css.said}>
            <Note kind="neutral" live>
              {why}
            </Note>
          </div>
        )}
        <Suspense>
          <Steps way={way} hrefOf={hrefOf} onBack={back} />
        </Suspense>
      </Page>
    </main>
  );
}

const wayOf = (text: string | null): Way | undefined =>
  text === 'wallet' || text === 'key' || text === 'new' ? text : undefined;

/** It comes with what stands above it, so that nothing moves. */
const Foot = () => (
  <p className={css.foot}>
    Check the address above before you sign: it must be the one your venue gave you. Nobody from the venue will ever ask
    for your private key.
  </p>
);

interface StepsProps {
  way: Way | undefined;
  hrefOf: (way: Way) => string;
  onBack: () => void;
}

function Steps({ way, hrefOf, onBack }: StepsProps) {
  const { data: about, error, isFetching, refetch } = useReadAbout();
  const above = (step: ReactNode) => (
    <>
      {step}
      <Foot />
    </>
  );
  if (way === 'key') return above(<WithKey onBack={onBack} />);
  const isOff =
    (way === 'wallet' && about?.siwe_domain === null) ||
    (way === 'new' && about !== undefined && about.onboarding !== 'anyone');
  if (way === undefined || isOff) return above(<Choose about={about} hrefOf={hrefOf} />);
  if (about === undefined) {
    return (
      <Step title={way === 'wallet' ? 'Ethereum wallet' : 'New account'} onBack={onBack}>
        {error === null || isFetching ? (
          <Skeleton rows={2} />
        ) : (
          <>
            <Refusal error={error} />
            <Buttons>
              <Button onPress={() => void refetch()}>Try again</Button>
            </Buttons>
          </>
        )}
      </Step>
    );
  }
  if (way === 'new') return above(<WithNew onBack={onBack} />);
  return above(
    <WithWallet venue={{ chainId: about.l1_chain_id, derivation: about.wallet_derivation }} onBack={onBack} />,
  );
}
