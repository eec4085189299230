// What an ending did, as the operator's answers say it beside the header.
import Type, { type Static } from 'typebox';
import type { Changed } from '../revocation/commit.ts';

export const ReceiptWire = Type.Object({ nodes: Type.Integer(), ms: Type.Integer(), in_flight: Type.Integer() });

export const receiptOf = ({ receipt }: Changed<unknown>): Static<typeof ReceiptWire> => ({
  nodes: receipt?.nodes ?? 1,
  ms: receipt?.ms ?? 0,
  in_flight: receipt?.inFlight ?? 0,
});
