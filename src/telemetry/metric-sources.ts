// Where the figures of a scrape come from: the counters, and what each part of the service says about itself when it is asked.
// Nothing here is asked but at a scrape.
import type { AuditJournalStats } from '../audit/journal.ts';
import type { UpstreamStats } from '../gateway/upstream.ts';
import type { BearerCacheStats } from '../jwt/verify.ts';
import type { ChangesStats } from '../revocation/commit.ts';
import type { ViewStats } from '../revocation/view.ts';
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
  /** Bytes that the gateway keeps for others, by what they are: a closed list of ours. */
  readonly gatewayMemory: () => Readonly<Record<string, { readonly held: number; readonly total: number }>>;
  /** The memory of forwarded orders, where orders are verified. */
  readonly orderMarks?: (() => OrderMarksFigures) | undefined;
  readonly audit: () => AuditJournalStats;
  readonly changes: () => ChangesStats;
  readonly changeLog: () => Promise<{ readonly epoch: string; readonly position: bigint }>;
  /** How far our clock is ahead of the machine's. */
  readonly clockLeadSeconds: () => number;
  readonly signingKeys: () => Promise<readonly SigningKeyFigures[]>;
  readonly storage: () => Promise<StorageFigures>;
  readonly engine: () => EngineFigures;
  /** The queue in front of the verification of signatures, where there is one. */
  readonly verification?: (() => VerificationFigures) | undefined;
}

export interface SigningKeyFigures {
  readonly use: string;
  readonly state: string;
  readonly ageSeconds: number;
  /** Until age replaces it; negative when that is overdue, undefined when it never does or when the key signs no more. */
  readonly replacedInSeconds: number | undefined;
}

export interface OrderMarksFigures {
  readonly held: number;
  readonly capacity: number;
  /** Orders that were not forwarded for want of room. */
  readonly refused: number;
}

export interface StorageFigures {
  readonly databaseBytes: number;
  /** Of the write-ahead log. */
  readonly walBytes: number;
  /** What this process may still write to the file system of the data folder. */
  readonly freeBytes: number;
}

/** Of all engines of this process together. */
export interface EngineFigures {
  /** False: everything is computed in plain JavaScript. */
  readonly available: boolean;
  readonly tables: number;
  readonly tableBytes: number;
  readonly built: number;
  readonly evicted: number;
  readonly tableHits: number;
  readonly tableMisses: number;
  /** Questions left to the plain JavaScript curve, by why: a closed list of the verifier's. */
  readonly fallbacks: Readonly<Record<string, number>>;
}

export interface VerificationFigures {
  readonly depth: number;
  /** Clients with something in the queue. */
  readonly clients: number;
  /** Answered on the main thread. */
  readonly inline: number;
  /** Given to worker threads, and in how many batches. */
  readonly batched: number;
  readonly batches: number;
  /** Dropped, by reason: a closed list of the verifier's. */
  readonly shed: Readonly<Record<string, number>>;
  readonly threads: { readonly configured: number; readonly ready: number; readonly lost: number };
}
