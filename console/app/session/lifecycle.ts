// What the browser tells the page: that a person is there, that the page is left or comes back, that time goes by.
import { dropOwner } from '../owner/held-owner.ts';
import { followTabs, pauseReading, queryClient } from '../queries/query-client.ts';
import { wipeAllSecrets } from '../secret.ts';
import { readDevice } from './device-store.ts';
import { isSessionOver, keepInUse, leaveFor, openSession, presence, sessionState, tick } from './store.ts';

const ofAPerson = ['keydown', 'pointerdown', 'pointermove', 'touchstart', 'wheel'] as const;

let isStarted = false;

/** Once in the life of the page. */
export function startLifecycle(): void {
  if (isStarted) return;
  isStarted = true;
  for (const event of ofAPerson) {
    addEventListener(event, ({ isTrusted }) => isTrusted && onPerson(), { capture: true, passive: true });
  }
  addEventListener('pagehide', () => {
    wipeAllSecrets();
    dropOwner();
  });
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) onBack().catch(() => undefined);
  });
  document.addEventListener('visibilitychange', tick);
  setInterval(onSecond, 1000);
  followTabs();
  openSession().catch(() => undefined);
}

let isPaused = false;

function pause(next: boolean): void {
  if (isPaused !== next) pauseReading(next);
  isPaused = next;
}

function onPerson(): void {
  presence.moved();
  keepInUse();
  pause(false);
}

function onSecond(): void {
  tick();
  if (presence.isHeld) keepInUse();
  pause(presence.isResting && isSessionOver());
}

/** Out of the page cache: nothing can be pressed before it is known what is so now. */
async function onBack(): Promise<void> {
  document.body.inert = true;
  try {
    const session = sessionState();
    const kept = await readDevice();
    if (
      session.state === 'in' &&
      session.over !== true &&
      session.lapsed === undefined &&
      kept?.account !== session.account
    )
      leaveFor('elsewhere');
    else await queryClient.refetchQueries({ type: 'active' });
  } finally {
    document.body.inert = false;
  }
}
