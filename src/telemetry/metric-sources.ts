// The sources of a scrape: the counters, and functions that ask each part of the service. They are called at a scrape alone.
import type { AuditJournalStats } from '../audit/journal.ts';
import type { ExplainerStats } from '../explain/explainer.ts';
import type { UpstreamStats } from '../gateway/upstream.ts';
import type { BearerCacheStats } from '../jwt/verify.ts';
import type { OrderMarksStats } from '../orders/marks.ts';
import type { ChangesStats } from '../revocation/commit.ts';
import type { ViewStats } from '../revocation/view.ts';
import type { UsageStats } from '../usage/usage.ts';
import type { VerifierStats } from '../verification/verifier.ts';
import type { Counters } from './counters.ts';
import type { OutputStats } from './output.ts';
import type { Readiness } from './readiness.ts';

export interface MetricSources {
  readonly counters: Counters;
  readonly build: { readonly version: string; readonly node: string };
  readonly readiness: Readiness;
  /** Of standard output, where the log goes. */
  readonly log: () => OutputStats;
  /** Keys that the rate limiter remembers. */
  readonly rateLimitKeys: () => number;
  /** Allowed requests under way. */
  readonly liveRequests: () => number;
  readonly view: () => ViewStats;
  readonly bearerCache: () => BearerCacheStats;
  readonly upstream: () => UpstreamStats;
  /** Bytes that the gateway buffers, by kind: a closed list of ours. */
  readonly gatewayMemory: () => Readonly<Record<string, { readonly held: number; readonly total: number }>>;
  /** The memory of forwarded orders, where orders are verified. */
  readonly orderMarks?: (() => OrderMarksStats) | undefined;
  readonly audit: () => AuditJournalStats;
  readonly usage: () => UsageStats;
  readonly explanations: () => ExplainerStats;
  readonly changes: () => ChangesStats;
  readonly changeLog: () => Promise<{ readonly epoch: string; readonly position: bigint }>;
  /** How far our clock is ahead of the machine's. */
  readonly clockLeadSeconds: () => number;
  readonly signingKeys: () => Promise<readonly SigningKeyFigures[]>;
  readonly storage: () => Promise<StorageFigures>;
  /** The verifier of signatures: its queue, its threads and their engines. */
  readonly verifier: () => VerifierFigures;
}

export type VerifierFigures = Pick<
  VerifierStats,
  | 'depth'
  | 'clients'
  | 'inline'
  | 'batched'
  | 'batches'
  | 'shed'
  | 'threads'
  | 'engine'
  | 'engineAvailable'
  | 'fallbacks'
>;

export interface SigningKeyFigures {
  readonly use: string;
  readonly state: string;
  readonly ageSeconds: number;
  /** Until age replaces it; negative when that is overdue, undefined when it never does or when the key signs no more. */
  readonly replacedInSeconds: number | undefined;
}

export interface StorageFigures {
  readonly databaseBytes: number;
  /** Of the write-ahead log. */
  readonly walBytes: number;
  /** Bytes that this process may still write to the file system of the data folder. */
  readonly freeBytes: number;
}
