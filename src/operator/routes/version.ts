// Which release answers.
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';

export interface Version {
  readonly version: string;
  readonly node: string;
}

const VersionWire = Type.Object({ version: Type.String(), node: Type.String() });

export function registerVersionRoute(app: FastifyInstance, version: Version): void {
  app.get('/operator/v1/version', { schema: { response: { 200: VersionWire } } }, async () => version);
}
