import type { FastifyReply } from 'fastify';

/** Beside what the door has set: with cors.origins every answer varies on Origin. */
export function varyOn(reply: FastifyReply, name: string): void {
  const before = reply.raw.getHeader('Vary');
  reply.header('Vary', before === undefined ? name : `${before}, ${name}`);
}
