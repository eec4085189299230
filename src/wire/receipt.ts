// The receipt of a change that ended or narrowed a credential: as a header of every answer, and as a member of the operator's.
import Type, { type Static } from 'typebox';
import type { Receipt } from '../domain/receipt.ts';

/** docs/decisions.md "answers". */
export const REVOCATION_HEADER = 'Countersign-Revocation';

/** Of a change that changed nothing a decision reads: done, and nothing was under way. */
const nothingToDo: Receipt = { nodes: 1, ms: 0, inFlight: 0 };

export function receiptToWire(receipt: Receipt | undefined): string {
  const { nodes, ms, inFlight } = receipt ?? nothingToDo;
  return `nodes=${nodes}; ms=${ms}; in_flight=${inFlight}`;
}

export const ReceiptWire = Type.Object({ nodes: Type.Integer(), ms: Type.Integer(), in_flight: Type.Integer() });

export function receiptOf({
  receipt = nothingToDo,
}: {
  readonly receipt: Receipt | undefined;
}): Static<typeof ReceiptWire> {
  return { nodes: receipt.nodes, ms: receipt.ms, in_flight: receipt.inFlight };
}
