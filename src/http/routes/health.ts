// /healthz: the process answers. /readyz: it can decide and forward; if not, it says what is wrong.
import type { FastifyInstance } from 'fastify';

/** Name and problem of everything a request needs; no problem = undefined. */
export type Readiness = () => Promise<Readonly<Record<string, string | undefined>>>;

export function registerHealthRoutes(app: FastifyInstance, readiness: Readiness): void {
  app.get('/healthz', async (_request, reply) => reply.type('application/json; charset=utf-8').send('{"status":"ok"}'));

  app.get('/readyz', async (_request, reply) => {
    const checks = await readiness();
    const ready = Object.values(checks).every((problem) => problem === undefined);
    const named = Object.fromEntries(Object.entries(checks).map(([name, problem]) => [name, problem ?? 'ok']));
    return reply
      .code(ready ? 200 : 503)
      .type('application/json; charset=utf-8')
      .send(JSON.stringify({ status: ready ? 'ready' : 'not ready', checks: named }));
  });
}
