// Every metric: its name, labels, meaning, and how it is read. docs/metrics.md and the checks of the dashboard and the alert rules come
// from this table. Values of labels come from closed lists of ours.
import type { MetricSources } from './metric-sources.ts';
import { problemLevel } from './readiness.ts';
import type { Distribution, PairTally, Tally } from './tally.ts';

/** Values of the labels, in their order, and the figure. */
export type Row<Figure> = readonly [labels: readonly string[], figure: Figure];
/** Undefined: no sample now. */
type Samples<Figure> = Figure | readonly Row<Figure>[] | undefined;
type Read<Figure> = (sources: MetricSources) => Samples<Figure> | Promise<Samples<Figure>>;

interface Described {
  /** The part of the service that it is about, as docs/metrics.md groups them. */
  readonly group: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly help: string;
}

export type Metric =
  | (Described & { readonly type: 'counter' | 'gauge'; readonly read: Read<number> })
  | (Described & { readonly type: 'histogram'; readonly read: Read<Distribution> });

type Text = readonly [name: string, help: string];

const ofTally = <Key extends string>(tally: Tally<Key>): Row<number>[] =>
  [...tally.entries].map(([key, count]) => [[key], count]);
const ofPairs = <A extends string, B extends string>(tally: PairTally<A, B>): Row<number>[] =>
  tally.pairs().map(([first, second, count]) => [[first, second], count]);

/** Keys come oldest first; the newest active one of a use is the one that signs. */
const newestOfUse = (rows: readonly Row<number>[]): readonly Row<number>[] => [
  ...new Map(rows.map((row) => [row[0].join(), row])).values(),
];

function inGroup(group: string) {
  const simple =
    (type: 'counter' | 'gauge') =>
    ([name, help]: Text, labels: readonly string[], read: Read<number>): Metric => ({
      ...{ group, type, name: `countersign_${name}`, help, labels, read },
    });
  return {
    counter: simple('counter'),
    gauge: simple('gauge'),
    histogram: ([name, help]: Text, labels: readonly string[], read: Read<Distribution>): Metric => ({
      ...{ group, type: 'histogram', name: `countersign_${name}`, help, labels, read },
    }),
  };
}

const service = inGroup('Service');
const requests = inGroup('Requests');
const gateway = inGroup('Gateway');
const credentials = inGroup('Logins and changes');
const memory = inGroup('Memory');
const store = inGroup('Store');
const keys = inGroup('Signing keys');
const engine = inGroup('Stark-curve engine');
const verification = inGroup('Verification queue');

export const metrics: readonly Metric[] = [
  service.gauge(
    ['build_info', 'Always 1; the labels say which release runs on which Node.js.'],
    ['version', 'node'],
    (s) => [[[s.build.version, s.build.node], 1]],
  ),
  service.gauge(
    ['problem', 'What /readyz says of each part: 0 it is well, 1 it is degraded, 2 the service is not ready.'],
    ['component'],
    async (s) =>
      Object.entries(await s.readiness()).map(([component, finding]) => [[component], problemLevel(finding)]),
  ),
  service.counter(['operator_denied_total', 'Requests to the operator API without its bearer.'], ['reason'], (s) =>
    ofTally(s.counters.operatorDenied),
  ),
  service.counter(
    [
      'log_lines_lost_total',
      'Log lines dropped because standard output did not take them: a full disk, or a reader that is gone or does not read.',
    ],
    [],
    (s) => s.log().lost,
  ),
  service.counter(
    [
      'request_lines_total',
      'Lines about forwarded requests (log.requests): written, or dropped because there were more than log.requests_per_minute (too_many) or because standard output was behind (log_behind).',
    ],
    ['result'],
    (s) => ofTally(s.counters.requestLines),
  ),

  requests.counter(
    ['decisions_total', 'Decisions about requests, by reason (docs/errors.md); none where it is allow.'],
    ['decision', 'reason'],
    (s) => ofPairs(s.counters.decisions),
  ),
  requests.counter(
    [
      'errors_total',
      'Errors by their code: of our own routes, after the decision, and of requests that came to none. Denied requests are in decisions_total.',
    ],
    ['code'],
    (s) => ofTally(s.counters.errors),
  ),
  requests.counter(
    [
      'connections_closed_unheard_total',
      'Connections closed for want of room: new ones while all others were at work, by http.max_connections (too_many) or http.max_connections_per_address (too_many_from_address); those without a request for longest, for a new one (silent); beyond the rate limit handshakes (too_many_handshakes); how often there was no descriptor left, so that the system closed new ones (no_descriptor).',
    ],
    ['reason'],
    (s) => ofTally(s.counters.closedUnheard),
  ),
  requests.gauge(
    ['requests_in_flight', 'Requests that have come and whose answers have not ended.'],
    [],
    (s) => s.counters.underWay,
  ),
  requests.histogram(
    [
      'request_duration_seconds',
      'From arrival to the end of the answer. surface: who answered, the door (refused before it went further), ours or the venue. outcome: the status class, or broken when the client did not get the whole answer.',
    ],
    ['surface', 'outcome'],
    (s) =>
      Object.entries(s.counters.requests).flatMap(([surface, classes]) =>
        Object.entries(classes).map(([outcome, distribution]): Row<Distribution> => [[surface, outcome], distribution]),
      ),
  ),
  requests.histogram(
    ['decision_duration_seconds', 'From arrival to the decision, of allowed requests.'],
    [],
    (s) => s.counters.deciding,
  ),
  requests.counter(
    ['rate_limited_total', 'Requests refused by a rate limit, by its bucket and by whose it was.'],
    ['bucket', 'scope'],
    (s) => ofPairs(s.counters.rateLimited),
  ),
  requests.gauge(
    ['rate_limit_keys', 'Addresses, accounts and credentials that the rate limits remember, over all limits.'],
    [],
    (s) => s.rateLimitKeys(),
  ),
  requests.gauge(['live_requests', 'Allowed requests under way, which a revocation would cut.'], [], (s) =>
    s.liveRequests(),
  ),

  gateway.histogram(
    [
      'before_venue_seconds',
      'From arrival until the head left for the venue: our part, the wait for a connection, and the upload of a body.',
    ],
    [],
    (s) => s.counters.beforeVenue,
  ),
  gateway.histogram(
    ['venue_head_seconds', "From there until the venue's own head came."],
    [],
    (s) => s.counters.venueHead,
  ),
  gateway.counter(
    [
      'exchanges_total',
      'Forwarded requests by how they ended; reason is of those that were refused or cut, else none.',
    ],
    ['outcome', 'reason'],
    (s) => ofPairs(s.counters.exchanges),
  ),
  gateway.gauge(
    ['venue_failures_in_a_row', 'Forwarded requests refused because of the venue since it last answered one.'],
    [],
    (s) => s.counters.venueFailuresInARow,
  ),
  gateway.gauge(['venue_connections', 'Connections to the venue.'], ['state'], (s) => {
    const { busy, idle } = s.upstream();
    return [
      [['busy'], busy],
      [['idle'], idle],
    ];
  }),
  gateway.gauge(
    ['venue_connections_max', 'Most exchanges with the venue at one time (upstream.connections).'],
    [],
    (s) => s.upstream().connections,
  ),
  gateway.gauge(
    ['venue_streams', 'Of the busy connections, those held at the pace of a client that uploads.'],
    [],
    (s) => s.upstream().streaming,
  ),
  gateway.gauge(['venue_streams_max', 'The most of them.'], [], (s) => s.upstream().streams),
  gateway.gauge(
    [
      'gateway_memory_bytes',
      'Memory in use for request bodies that wait for the venue, and for its answers that wait for their readers.',
    ],
    ['what'],
    (s) => Object.entries(s.gatewayMemory()).map(([what, { held }]): Row<number> => [[what], held]),
  ),
  gateway.gauge(['gateway_memory_max_bytes', 'The most of it (half of upstream.memory each).'], ['what'], (s) =>
    Object.entries(s.gatewayMemory()).map(([what, { total }]): Row<number> => [[what], total]),
  ),
  gateway.gauge(['venue_queue', 'Requests that wait for a connection.'], [], (s) => s.upstream().waiting),
  gateway.gauge(
    [
      'venue_queue_max',
      'The most of them: upstream.queue with a session, as many without, and of both a sixteenth more that are streamed.',
    ],
    [],
    (s) => s.upstream().maxWaiting,
  ),
  gateway.counter(
    ['venue_queue_refusals_total', 'Requests answered 503 because too many waited for a connection.'],
    [],
    (s) => s.upstream().turnedAway,
  ),
  gateway.counter(
    ['venue_failures_total', 'Exchanges in which the venue could not be reached or broke off.'],
    [],
    (s) => s.upstream().failures,
  ),
  gateway.gauge(
    ['order_marks', 'Forwarded orders that are remembered, so that none is forwarded twice.'],
    [],
    (s) => s.orderMarks?.().held,
  ),
  gateway.gauge(['order_marks_max', 'The most of them (orders.max_marks).'], [], (s) => s.orderMarks?.().capacity),
  gateway.counter(
    ['order_mark_refusals_total', 'Orders answered 503 because there was no room to remember them.'],
    [],
    (s) => s.orderMarks?.().refused,
  ),

  credentials.counter(
    ['logins_total', 'Logins by what was proven with and by result: ok or the code of the error.'],
    ['kind', 'result'],
    (s) => ofPairs(s.counters.logins),
  ),
  credentials.counter(
    [
      'proven_logins_refused_total',
      'Logins refused though their signature was good, by the code: from an address outside the list, of a locked account, after a sign-out.',
    ],
    ['code'],
    (s) => ofTally(s.counters.provenRefusals),
  ),
  credentials.counter(
    ['changes_total', 'Changes of credentials, accounts and signing keys that were written and applied.'],
    ['action'],
    (s) => ofTally(s.counters.changes),
  ),
  credentials.histogram(
    ['change_duration_seconds', 'From the beginning of a change to its acknowledgement: written and applied.'],
    [],
    (s) => s.counters.changing,
  ),
  credentials.histogram(
    ['revocation_barrier_seconds', 'From commit to the last acknowledgement, as the receipt says it.'],
    [],
    (s) => s.counters.barrier,
  ),
  credentials.counter(
    ['revocation_in_flight_total', 'Requests that had already left for the venue when their credential ended.'],
    [],
    (s) => s.counters.revokedInFlight,
  ),
  credentials.counter(
    ['changes_not_written_total', 'Changes that the store did not write; the caller got 503.'],
    [],
    (s) => s.changes().failures,
  ),
  credentials.gauge(
    [
      'unwritten_denials',
      'Credentials and accounts that only this process denies, because the change could not be written. They live again after a restart.',
    ],
    [],
    (s) => s.changes().unwritten,
  ),

  memory.gauge(['view_entries', 'Credentials whose current state is in memory.'], [], (s) => s.view().entries),
  memory.gauge(['view_capacity', 'The most of them (memory.entries).'], [], (s) => s.view().capacity),
  memory.gauge(['view_filling', 'Reads of such a state under way.'], [], (s) => s.view().filling),
  memory.counter(
    ['view_lookups_total', 'Decisions that found the state in memory, and those that had to read it.'],
    ['result'],
    (s) => {
      const { hits, fills } = s.view();
      return [
        [['hit'], hits],
        [['fill'], fills],
      ];
    },
  ),
  memory.counter(
    ['view_rereads_total', 'Reads repeated because a change came in between.'],
    [],
    (s) => s.view().rereads,
  ),
  memory.counter(['view_evictions_total', 'States forgotten for want of room.'], [], (s) => s.view().evictions),
  memory.gauge(['bearer_cache_entries', 'Verified bearers that are remembered.'], [], (s) => s.bearerCache().entries),
  memory.gauge(['bearer_cache_capacity', 'The most of them (memory.entries).'], [], (s) => s.bearerCache().capacity),
  memory.counter(
    ['bearer_cache_lookups_total', 'Bearers that were remembered, and those whose signature was checked.'],
    ['result'],
    (s) => {
      const { hits, misses } = s.bearerCache();
      return [
        [['hit'], hits],
        [['miss'], misses],
      ];
    },
  ),

  store.gauge(['audit_rows_waiting', 'Rows of the audit log that wait to be written.'], [], (s) => s.audit().waiting),
  store.counter(
    ['audit_rows_written_total', 'Rows about logins and refusals that were written.'],
    [],
    (s) => s.audit().written,
  ),
  store.counter(
    [
      'audit_rows_lost_total',
      'Rows about logins and refusals that could not be written. Changes are written with their row or not at all.',
    ],
    [],
    (s) => s.audit().lost,
  ),
  store.gauge(
    ['explanations_waiting', 'Refused requests whose explanation waits to be written.'],
    [],
    (s) => s.explanations().waiting,
  ),
  store.counter(
    ['explanations_written_total', 'Refused requests that their owners can ask about.'],
    [],
    (s) => s.explanations().written,
  ),
  store.counter(
    ['explanations_dropped_total', 'Refused requests that were neither kept nor counted, as too many were unlike.'],
    [],
    (s) => s.explanations().dropped,
  ),
  store.gauge(
    ['usage_waiting', 'Credentials and days whose counts of requests wait to be written, and further addresses.'],
    [],
    (s) => s.usage().waiting,
  ),
  store.counter(
    ['usage_write_failures_total', 'Attempts to write them that failed: they are kept and tried again.'],
    [],
    (s) => s.usage().failures,
  ),
  store.counter(
    ['usage_dropped_total', 'Requests that were not counted, because as many credentials as memory.entries wait.'],
    [],
    (s) => s.usage().dropped,
  ),
  store.gauge(['change_log_position', 'Number of the last change in the log.'], [], async (s) =>
    Number((await s.changeLog()).position),
  ),
  store.gauge(
    ['change_log_epoch_info', 'Always 1; the label changes when a database is restored.'],
    ['epoch'],
    async (s) => [[[(await s.changeLog()).epoch], 1]],
  ),
  store.gauge(
    [
      'clock_lead_seconds',
      "How far the clock of decisions is ahead of the machine's: above 0, the machine's was set back; below 0, it jumped ahead and is not believed yet.",
    ],
    [],
    (s) => s.clockLeadSeconds(),
  ),
  store.gauge(['database_bytes', 'Size of the database and of its write-ahead log.'], ['file'], async (s) => {
    const { databaseBytes, walBytes } = await s.storage();
    return [
      [['database'], databaseBytes],
      [['wal'], walBytes],
    ];
  }),
  store.gauge(
    ['data_free_bytes', 'Room left where the data folder is.'],
    [],
    async (s) => (await s.storage()).freeBytes,
  ),

  keys.gauge(['signing_keys', 'JWT signing keys by use and state.'], ['use', 'state'], async (s) => {
    const counts = new Map<string, [string, string, number]>();
    for (const { use, state } of await s.signingKeys()) {
      const row = counts.get(`${use} ${state}`) ?? [use, state, 0];
      row[2] += 1;
      counts.set(`${use} ${state}`, row);
    }
    return [...counts.values()].map(([use, state, count]): Row<number> => [[use, state], count]);
  }),
  keys.gauge(['signing_key_age_seconds', 'Age of the key that signs.'], ['use'], async (s) =>
    newestOfUse(
      (await s.signingKeys())
        .filter(({ state }) => state === 'active')
        .map(({ use, ageSeconds }): Row<number> => [[use], ageSeconds]),
    ),
  ),
  keys.gauge(
    [
      'signing_key_replaced_in_seconds',
      'Until its successor is published, by age; below 0 that is overdue. Absent while keys are not replaced by age.',
    ],
    ['use'],
    async (s) =>
      newestOfUse(
        (await s.signingKeys()).flatMap(({ use, replacedInSeconds }): Row<number>[] =>
          replacedInSeconds === undefined ? [] : [[[use], replacedInSeconds]],
        ),
      ),
  ),

  engine.gauge(
    ['engine_available', '1 while signatures are verified by the engine, 0 while they are in plain JavaScript.'],
    [],
    (s) => (s.verifier().engineAvailable ? 1 : 0),
  ),
  engine.counter(
    ['engine_verifications_total', "Verifications with a table of the signer's key, and without."],
    ['table'],
    (s) => {
      const { tableHits, tableMisses } = s.verifier().engine;
      return [
        [['hit'], tableHits],
        [['miss'], tableMisses],
      ];
    },
  ),
  engine.counter(
    [
      'engine_fallbacks_total',
      'Questions left to the plain JavaScript curve: undecided, which the engine could not answer, and no_engine, all while there is none.',
    ],
    ['reason'],
    (s) => Object.entries(s.verifier().fallbacks).map(([reason, count]): Row<number> => [[reason], count]),
  ),
  engine.gauge(['engine_tables', 'Keys that have a table now.'], [], (s) => s.verifier().engine.tables),
  engine.gauge(['engine_table_bytes', 'Memory of the tables.'], [], (s) => s.verifier().engine.tableBytes),
  engine.counter(['engine_tables_built_total', 'Tables built.'], [], (s) => s.verifier().engine.built),
  engine.counter(
    ['engine_tables_evicted_total', 'Tables given up for those of other keys.'],
    [],
    (s) => s.verifier().engine.evicted,
  ),

  verification.gauge(['verification_queue', 'Signatures that wait to be verified.'], [], (s) => s.verifier().depth),
  verification.gauge(['verification_clients', 'Clients that wait for them.'], [], (s) => s.verifier().clients),
  verification.counter(
    ['verifications_total', 'Signatures given to the main thread and to worker threads.'],
    ['where'],
    (s) => {
      const { inline, batched } = s.verifier();
      return [
        [['main'], inline],
        [['workers'], batched],
      ];
    },
  ),
  verification.counter(
    ['verification_batches_total', 'Batches given to worker threads.'],
    [],
    (s) => s.verifier().batches,
  ),
  verification.counter(
    ['verification_shed_total', 'Signatures dropped unverified; the client got 503.'],
    ['reason'],
    (s) => Object.entries(s.verifier().shed).map(([reason, count]): Row<number> => [[reason], count]),
  ),
  verification.histogram(
    ['verification_wait_seconds', 'How long a signature waited.'],
    [],
    (s) => s.counters.verificationWait,
  ),
  verification.histogram(
    ['verification_compute_seconds', 'How long its verification took.'],
    [],
    (s) => s.counters.verificationCompute,
  ),
  verification.gauge(
    ['verification_threads', 'Worker threads: those configured, and those ready for work.'],
    ['state'],
    (s) => {
      const { configured, ready } = s.verifier().threads;
      return [
        [['configured'], configured],
        [['ready'], ready],
      ];
    },
  ),
  verification.counter(
    ['verification_threads_lost_total', 'Worker threads that ended before their time.'],
    [],
    (s) => s.verifier().threads.lost,
  ),
];
