// The settings in force: those read at start, whatever files and environment say by now. No secret.
import type { FastifyInstance } from 'fastify';
import type { ShownSetting } from '../../config/shown.ts';
import { SettingsWire } from '../../wire/settings.ts';

export function registerSettingsRoute(app: FastifyInstance, settings: readonly ShownSetting[]): void {
  app.get('/operator/v1/settings', { schema: { response: { 200: SettingsWire } } }, async () => ({
    results: settings,
  }));
}
