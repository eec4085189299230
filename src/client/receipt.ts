// The receipt of a change that ended or narrowed a credential, read from its header.
import type { Answer } from './call.ts';

export interface Receipt {
  /** Nodes that have applied the change. */
  readonly nodes: number;
  /** Milliseconds from commit to the last acknowledgement. */
  readonly ms: number;
  /** Requests of the credential that were with the venue already. */
  readonly in_flight: number;
}

export interface Changed<T> {
  readonly value: T;
  /** Undefined for a change that takes nothing away. */
  readonly receipt: Receipt | undefined;
}

const form = /^nodes=([0-9]{1,9}); ms=([0-9]{1,9}); in_flight=([0-9]{1,9})$/;

export function receiptOf({ headers }: Pick<Answer, 'headers'>): Receipt | undefined {
  const [, nodes, ms, inFlight] = form.exec(headers.get('Countersign-Revocation') ?? '') ?? [];
  if (nodes === undefined) return undefined;
  return { nodes: Number(nodes), ms: Number(ms), in_flight: Number(inFlight) };
}

export const changed = <T>(answer: Answer<T>): Changed<T> => ({ value: answer.body, receipt: receiptOf(answer) });
