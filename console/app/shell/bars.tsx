// The bar across the top of a page: one at a time, the weightiest first.
import type { ReactNode } from 'react';
import { Button } from '../../parts/button.tsx';
import { classNames } from '../../parts/class-names.ts';
import { useFocusLeft } from '../../parts/focus-left.ts';
import { Icon } from '../../parts/icon.tsx';
import tones from '../../parts/tone.module.css';
import { isReadOut } from '../../words/countdown.ts';
import { clock, duration, hourAndMinute, toNs } from '../../words/times.ts';
import css from './bars.module.css';

/** Each is there as long as it holds. */
export interface BarsProps {
  /** No answer arrives. `since`: the last good answer, Unix ms. */
  offline?: { host: string; since: number | undefined; onTry: () => void } | undefined;
  /** `seconds`: until it is asked again; undefined while it is. */
  restarting?: { seconds: number | undefined; onTry: () => void } | undefined;
  /** Seconds until what was refused for too many requests is asked again. */
  turn?: number | undefined;
  /** Seconds until the idle limit, in steps of ten. */
  idle?: { seconds: number; onStay: () => void } | undefined;
  /** When the device ends, Unix ms. */
  ends?: { at: number; onSignIn: () => void } | undefined;
  locked?: boolean | undefined;
  /** How far this machine's clock is ahead of the server's, seconds; below 0 it is behind. */
  skewSeconds?: number | undefined;
}

interface Bar {
  tone: 'warn' | 'bad';
  words: ReactNode;
  button?: { label: string; onPress: () => void };
}

const CLOCK_OFF_SECONDS = 60;

/** Seconds that count down: seen at each, read out at some, or at none. */
function Count({ seconds, silent = false }: { seconds: number; silent?: boolean }) {
  return <span aria-live={!silent && isReadOut(seconds) ? undefined : 'off'}>{`${seconds} s`}</span>;
}

function weightiest(props: BarsProps): Bar | undefined {
  const { offline, restarting, turn, idle, ends, locked, skewSeconds = 0 } = props;
  if (offline !== undefined) {
    const from = offline.since === undefined ? '' : ` What you see is from ${clock(toNs(offline.since))}.`;
    return {
      tone: 'bad',
      words: `No connection to ${offline.host}.${from}`,
      button: { label: 'Try again', onPress: offline.onTry },
    };
  }
  if (restarting !== undefined) {
    return {
      tone: 'bad',
      words:
        restarting.seconds === undefined ? (
          'The server is not answering. Trying again…'
        ) : (
          <>
            The server is not answering. Trying again in <Count seconds={restarting.seconds} silent />.
          </>
        ),
      button: { label: 'Try now', onPress: restarting.onTry },
    };
  }
  if (idle !== undefined) {
    return {
      tone: 'warn',
      words: (
        <>
          Still there? You will be signed out in <Count seconds={idle.seconds} />.
        </>
      ),
      button: { label: 'Stay signed in', onPress: idle.onStay },
    };
  }
  if (turn !== undefined) {
    return {
      tone: 'warn',
      words: (
        <>
          Too many requests. Going on in <Count seconds={turn} />.
        </>
      ),
    };
  }
  if (ends !== undefined) {
    return {
      tone: 'warn',
      words: `You will be signed out at ${hourAndMinute(toNs(ends.at))}. Sign in again to stay.`,
      button: { label: 'Sign in again', onPress: ends.onSignIn },
    };
  }
  if (locked === true) {
    return {
      tone: 'bad',
      words: 'Your venue has locked this account. Nothing can be used until it unlocks it; nothing is lost.',
    };
  }
  if (Math.abs(skewSeconds) > CLOCK_OFF_SECONDS) {
    const way = skewSeconds > 0 ? 'ahead' : 'behind';
    return {
      tone: 'warn',
      words: `This computer's clock is ${duration(skewSeconds)} ${way}. It works here; bots on it may be refused.`,
    };
  }
  return undefined;
}

/** How high it is, for `scroll-padding`: it never covers what has focus. */
function tellHeight(place: HTMLElement | null): () => void {
  const { style } = document.documentElement;
  const watch = new ResizeObserver(() => style.setProperty('--bar', `${place?.offsetHeight ?? 0}px`));
  if (place !== null) watch.observe(place);
  return () => {
    watch.disconnect();
    style.removeProperty('--bar');
  };
}

function BarButton({ label, onPress }: NonNullable<Bar['button']>) {
  const button = useFocusLeft();
  return (
    <Button small buttonRef={button} onPress={onPress}>
      {label}
    </Button>
  );
}

export function Bars(props: BarsProps) {
  const bar = weightiest(props);
  return (
    <div ref={tellHeight} className={css.place}>
      {/* An open dialog hides whatever is around it from voices, but for what says that it is live. */}
      <div role="status" aria-live="polite">
        {bar !== undefined && (
          <div className={classNames(css.bar, tones[bar.tone])}>
            <Icon name="warning" />
            <span className={css.words}>{bar.words}</span>
            {bar.button !== undefined && <BarButton {...bar.button} />}
          </div>
        )}
      </div>
    </div>
  );
}
