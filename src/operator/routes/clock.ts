// The kept time beside the machine's clock; accepting the machine's when the kept time is wrong.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import type { Static } from 'typebox';
import type { AcceptClock } from '../../credentials/accept-clock.ts';
import { type KeptClock, leadSeconds } from '../../domain/time.ts';
import { clockCheck } from '../../telemetry/readiness.ts';
import { AcceptedWire, ClockWire } from '../../wire/clock.ts';
import { REVOCATION_HEADER, receiptToWire } from '../../wire/receipt.ts';
import { actOf } from '../act.ts';

export function registerClockRoutes(
  server: FastifyInstance,
  { clock, acceptClock }: { readonly clock: KeptClock; readonly acceptClock: AcceptClock },
): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();

  app.get('/operator/v1/clock', { schema: { response: { 200: ClockWire } } }, async () => clockToWire(clock));

  app.post('/operator/v1/clock/accept', { schema: { response: { 200: AcceptedWire } } }, async (request, reply) => {
    const done = await acceptClock(actOf(request));
    if (done === undefined) {
      return {
        ...clockToWire(clock),
        accepted: false,
        from: 0n,
        valid_after: 0n,
        revoked_subkeys: 0,
        revoked_tokens: 0,
        ended_devices: 0,
      };
    }
    reply.header(REVOCATION_HEADER, receiptToWire(done.receipt));
    const { from, validAfter, revoked } = done.result;
    return {
      ...clockToWire(clock),
      accepted: true,
      from,
      valid_after: validAfter,
      revoked_subkeys: revoked.subkeys,
      revoked_tokens: revoked.tokens,
      ended_devices: revoked.devices,
    };
  });
}

function clockToWire(clock: KeptClock): Static<typeof ClockWire> {
  const lead = leadSeconds(clock);
  const check = clockCheck(lead);
  const state = check.state === 'ok' ? 'ok' : `${check.state}: ${check.problem}`;
  return { kept: clock.now(), machine: clock.machine(), lead_seconds: lead, state };
}
