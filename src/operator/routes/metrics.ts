// The figures of this process, for Prometheus to read.
import type { FastifyInstance } from 'fastify';
import type { MetricsPage } from '../../telemetry/exposition.ts';

export const METRICS_PATH = '/metrics';

export function registerMetricsRoute(app: FastifyInstance, page: MetricsPage): void {
  app.get(METRICS_PATH, async (_request, reply) => reply.type(page.contentType).send(await page.text()));
}
