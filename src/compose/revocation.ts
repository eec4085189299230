// Revocation on one node, around a store: the denials that could not be written, the view, the live exchanges, and the one way to
// commit a change.
import type { Config } from '../config/schema.ts';
import type { Clock } from '../domain/time.ts';
import type { Keyring } from '../jwt/keyring.ts';
import { createApply, type Subscriber, subscribersInOrder } from '../revocation/applied.ts';
import { createBarrier } from '../revocation/barrier.ts';
import { createChanges } from '../revocation/commit.ts';
import { createDenials } from '../revocation/denials.ts';
import { createLiveRegistry } from '../revocation/live.ts';
import { createUnwritten } from '../revocation/unwritten.ts';
import type { createView, View } from '../revocation/view.ts';
import type { Store } from '../store/store.ts';
import { countChanges } from '../telemetry/observe.ts';
import type { Monitoring } from './monitoring.ts';

export interface RevocationParts<MadeView> extends Pick<Monitoring, 'log' | 'counters'> {
  /** The store without the denials, which are applied here. */
  readonly stored: Pick<Store, 'transaction' | 'position' | 'facts' | 'whenLost'>;
  readonly clock: Clock;
  readonly keyring: Pick<Keyring, 'add' | 'retire'>;
  readonly onEnded?: Parameters<typeof createChanges>[0]['onEnded'];
  readonly makeView: (deps: Parameters<typeof createView>[0]) => MadeView;
  /** Reorders or drops subscribers of a change; by default they stay as they are. */
  readonly arrange?: (subscribers: readonly Subscriber[]) => readonly Subscriber[];
}

export function composeRevocation<MadeView extends View & Pick<ReturnType<typeof createView>, 'refuseAll'>>(
  settings: Pick<Config, 'memory.entries'>,
  parts: RevocationParts<MadeView>,
) {
  const { stored, clock, keyring, log, counters, onEnded, makeView, arrange = asTheyAre } = parts;
  const denials = createDenials({ clock });
  const live = createLiveRegistry({ clock });
  const view = makeView({ read: stored.facts, denials, capacity: settings['memory.entries'] });
  void stored.whenLost.then((why) => {
    view.refuseAll(why);
    log.fatal({ event: 'store_lost', err: why });
    live.cutEverybody('store_lost');
  });
  const apply = createApply(arrange(subscribersInOrder({ keyring, view, live })));
  const changes = countChanges(
    createChanges({
      store: stored,
      denials,
      unwritten: createUnwritten({ store: stored, denials, keyring, view, live }),
      barrier: createBarrier({ apply, clock }),
      onStoreFailure(error, deniedWhole) {
        log.error({ event: 'change_not_written', err: error });
        for (const account of deniedWhole) log.error({ event: 'account_denied_whole', account });
      },
      ...(onEnded === undefined ? {} : { onEnded }),
    }),
    counters,
  );
  return { denials, live, view, apply, changes };
}

const asTheyAre = (subscribers: readonly Subscriber[]): readonly Subscriber[] => subscribers;
