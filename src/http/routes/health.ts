// /healthz: the process answers. /readyz: it can decide and forward; a load balancer reads the status alone. The operator gets each
// problem as a sentence; a stranger gets the names of failing parts, and sees a degraded part as ok.
import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify';
import Type from 'typebox';
import { type Check, isReady, type Readiness } from '../../telemetry/readiness.ts';
import { closed, oneOf } from '../../wire/common.ts';

const AliveWire = Type.Object({ status: oneOf(['ok']) }, closed);
const readinessOf = (status: 'ready' | 'not ready') =>
  Type.Object({ status: oneOf([status]), checks: Type.Record(Type.String(), Type.String()) }, closed);
const ReadinessWires = { 200: readinessOf('ready'), 503: readinessOf('not ready') };

const aliveSchema = {
  tags: ['Health'],
  summary: 'The process answers',
  response: { 200: AliveWire },
  'x-extension': true,
} as const satisfies FastifySchema;
const readySchema = {
  tags: ['Health'],
  summary: 'It can decide; else 503, with the parts that fail',
  response: ReadinessWires,
  'x-extension': true,
} as const satisfies FastifySchema;

export function registerHealthRoutes(
  app: FastifyInstance,
  readiness: Readiness,
  told: (request: FastifyRequest) => 'names' | 'sentences',
): void {
  app.get('/healthz', { schema: aliveSchema }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send('{"status":"ok"}'),
  );

  app.get('/readyz', { schema: readySchema }, async (request, reply) => {
    const found = await readiness();
    const ready = isReady(found);
    const describe = told(request) === 'names' ? named : inWords;
    const checks = Object.fromEntries(Object.entries(found).map(([name, check]) => [name, describe(check)]));
    return reply
      .code(ready ? 200 : 503)
      .type('application/json; charset=utf-8')
      .send(JSON.stringify({ status: ready ? 'ready' : 'not ready', checks }));
  });
}

const named = ({ state }: Check): string => (state === 'failing' ? 'failing' : 'ok');

const inWords = (check: Check): string => (check.state === 'ok' ? 'ok' : `${check.state}: ${check.problem}`);
