// Who asked for an operator request, for the audit log. Attached only after the bearer was checked.
import type { IncomingMessage } from 'node:http';
import type { OperatorAct } from '../credentials/operator-act.ts';

const attached = Symbol('act');

interface WithAct {
  [attached]?: OperatorAct;
}

export const attachAct = (request: IncomingMessage & WithAct, act: OperatorAct): void => {
  request[attached] = act;
};

/** Throws when the bearer was not checked: such a request must never be served. */
export function actOf(request: { readonly raw: IncomingMessage & WithAct }): OperatorAct {
  const act = request.raw[attached];
  if (act === undefined) throw new Error('a request reached an operator route without passing the bearer check');
  return act;
}
