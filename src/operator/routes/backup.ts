// A backup, streamed to the operator's command. The server writes no file at a path from a request: a stolen operator bearer must not
// make it write anywhere.
import type { FastifyInstance } from 'fastify';
import type { Backups } from '../../backup/take.ts';
import { actOf } from '../act.ts';

/** How long the connection may be silent while the copy is made, before the first byte: a large database takes a while. */
const COPY_MS = 600_000;

export function registerBackupRoute(app: FastifyInstance, backups: Backups): void {
  app.post('/operator/v1/backup', async (request, reply) => {
    const { socket } = request.raw;
    const usual = socket.timeout;
    socket.setTimeout(COPY_MS);
    const { bytes, stream } = await backups.take(actOf(request)).finally(() => socket.setTimeout(usual ?? COPY_MS));
    return reply.type('application/octet-stream').header('Content-Length', bytes).send(stream);
  });
}
