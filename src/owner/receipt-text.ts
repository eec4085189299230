// The receipt of what ended or was narrowed, in words.
import type { Receipt } from '../client/receipt.ts';

/** Empty where there is none: nothing was taken away. */
export function receiptText(receipt: Receipt | undefined): string {
  if (receipt === undefined) return '';
  const { nodes, ms, in_flight } = receipt;
  const where = nodes === 1 ? 'on 1 node' : `on ${nodes} nodes`;
  const flying = in_flight === 0 ? '' : `; ${in_flight} of its requests had left for the venue before`;
  return `; in force ${where} after ${ms} ms${flying}`;
}
