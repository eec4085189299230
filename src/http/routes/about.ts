// GET /countersign/v1/about: which release this is, what is switched on, and how much of it. Public, and nothing of it is a secret.
import type { FastifyInstance, FastifySchema } from 'fastify';
import type { Config } from '../../config/schema.ts';
import { MAX_ALLOWLIST_ENTRIES } from '../../domain/allowlist.ts';
import { AboutWire } from '../../wire/about.ts';

/** The members that the console decides. */
export type AboutConsole = Pick<AboutWire, 'console' | 'console_url' | 'api_url' | 'hand_off' | 'wallet_derivation'>;

export interface AboutDeps {
  readonly config: Config;
  readonly console: AboutConsole;
  readonly version: string;
  /** Domains that a wallet's message may name; read at each request, as our own port is added once it is bound. */
  readonly siweDomains: readonly string[];
}

const schema = {
  tags: ['Start here'],
  summary: 'Which release this is, what is switched on, and the limits of an account',
  response: { 200: AboutWire },
  'x-extension': true,
} as const satisfies FastifySchema;

export function registerAboutRoute(app: FastifyInstance, { config, console, version, siweDomains }: AboutDeps): void {
  const always = {
    version,
    starknet_chain_id: config['wire.starknet_chain_id'],
    l1_chain_id: String(config['wire.l1_chain_id']),
    limits: {
      tokens: config['tokens.max_live'],
      subkeys: config['subkeys.max_live'],
      pending_subkeys: config['subkeys.max_pending'],
      pending_seconds: config['subkeys.pending_life'],
      devices: config['devices.max_live'],
      device_seconds: config['devices.max_life'],
      allowlist_entries: MAX_ALLOWLIST_ENTRIES,
    },
    onboarding: onboardingOf(config['onboarding.allowlist']),
    terminal_tokens: config['terminal_token.enabled'],
    usage: config['usage.keep_days'] > 0,
    ...console,
  } satisfies Omit<AboutWire, 'siwe_domain'>;

  app.get('/countersign/v1/about', { schema }, async ({ headers: { host } }): Promise<AboutWire> => {
    const isAccepted = host !== undefined && siweDomains.includes(host);
    return { ...always, siwe_domain: isAccepted ? host : null };
  });
}

const onboardingOf = (allowlist: readonly string[]): AboutWire['onboarding'] =>
  allowlist.includes('*') ? 'anyone' : allowlist.length > 0 ? 'listed' : 'nobody';
