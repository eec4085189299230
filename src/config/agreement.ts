// Which settings may not be in force together. Every rule refuses to start; none repairs a value or picks a winner.
import { isAbsolute, relative } from 'node:path';
import type { Config, SettingName } from './schema.ts';

interface Rule {
  /** What the rule reads; it is not asked while one of these has a problem of its own. */
  readonly about: readonly SettingName[];
  /** A complete sentence about what is wrong, or `undefined`. */
  broken(config: Config): string | undefined;
}

const mainnetSwitch =
  'a signature made for this service would then be valid on the live venue, and the reverse; set wire.allow_mainnet to true if you mean it';

/** paradex.trade and every host under it, but for its two public test environments. */
function isProductionDomain(domain: string): boolean {
  const [host = ''] = domain.split(':');
  return /(^|\.)paradex\.trade$/.test(host) && !/(^|\.)(testnet|nightly)\.paradex\.trade$/.test(host);
}

/** Another port of one host is no other host: access/host-routes.ts gives no venue to what resembles the console's. */
function leadsElsewhere(address: string, origin: string): boolean {
  if (address === '') return false;
  return origin === '' || new URL(address).hostname !== new URL(origin).hostname;
}

function isInside(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return !(path === '..' || /^\.\.[\\/]/.test(path) || isAbsolute(path));
}

const rules: readonly Rule[] = [
  {
    // Another machine must be able to tell our requests from those of others (docs/decisions.md "upstream").
    about: ['upstream.url', 'upstream.proof'],
    broken: (config) =>
      config['upstream.url'].kind === 'http' && !config['upstream.url'].loopback && config['upstream.proof'] === 'none'
        ? 'upstream.url: names another machine, which would believe identity headers from anybody; set upstream.proof to secret and upstream.secret'
        : undefined,
  },
  {
    about: ['upstream.proof', 'upstream.secret'],
    broken: (config) =>
      config['upstream.proof'] === 'secret' && config['upstream.secret'] === undefined
        ? 'upstream.secret: upstream.proof is secret, so this must be set'
        : undefined,
  },
  {
    about: ['upstream.proof', 'upstream.secret'],
    broken: (config) =>
      config['upstream.proof'] === 'none' && config['upstream.secret'] !== undefined
        ? 'upstream.proof: is none, so upstream.secret would never be sent; set it to secret'
        : undefined,
  },
  {
    about: ['upstream.request_headers'],
    broken: ({ 'upstream.request_headers': names }) =>
      names.includes('*') && names.length > 1
        ? 'upstream.request_headers: * is all of them, so that no name may stand beside it'
        : undefined,
  },
  {
    about: ['wire.starknet_chain_id', 'wire.allow_mainnet'],
    broken: (config) =>
      !config['wire.allow_mainnet'] && /MAIN(NET)?$/i.test(config['wire.starknet_chain_id'])
        ? `wire.starknet_chain_id: is a mainnet; ${mainnetSwitch}`
        : undefined,
  },
  {
    about: ['wire.l1_chain_id', 'wire.allow_mainnet'],
    broken: (config) =>
      !config['wire.allow_mainnet'] && config['wire.l1_chain_id'] === 1
        ? `wire.l1_chain_id: is Ethereum mainnet; ${mainnetSwitch}`
        : undefined,
  },
  {
    about: ['siwe.domains', 'wire.allow_mainnet'],
    broken: (config) =>
      !config['wire.allow_mainnet'] && config['siwe.domains'].some(isProductionDomain)
        ? `siwe.domains: names a production domain of paradex.trade; ${mainnetSwitch}`
        : undefined,
  },
  {
    // Its host is a domain of wallet logins, too.
    about: ['console.url', 'wire.allow_mainnet'],
    broken: (config) =>
      !config['wire.allow_mainnet'] &&
      config['console.url'] !== '' &&
      isProductionDomain(new URL(config['console.url']).host)
        ? `console.url: is a production domain of paradex.trade; ${mainnetSwitch}`
        : undefined,
  },
  {
    about: ['console.own_host', 'console.url'],
    broken: (config) =>
      config['console.own_host'] && config['console.url'] === ''
        ? 'console.url: must be set, because console.own_host is on and this says which host that is'
        : undefined,
  },
  {
    // What the console writes for a bot would name a host that has no venue.
    about: ['console.own_host', 'console.url', 'console.api_url'],
    broken: (config) =>
      config['console.own_host'] && !leadsElsewhere(config['console.api_url'], config['console.url'])
        ? 'console.api_url: must be set to another host than that of console.url, because console.own_host is on and bots find no venue there'
        : undefined,
  },
  {
    about: ['onboarding.allowlist'],
    broken: ({ 'onboarding.allowlist': list }) =>
      list.includes('*') && list.length > 1
        ? 'onboarding.allowlist: * is anyone, so that nothing may stand beside it'
        : undefined,
  },
  {
    // A backup of the data must not contain the key to it (docs/decisions.md "base data folder").
    about: ['master_key.file', 'data.folder'],
    broken: (config) =>
      isInside(config['data.folder'], config['master_key.file'])
        ? 'master_key.file: must not be inside data.folder, so that copies of the data do not contain the key to it'
        : undefined,
  },
  {
    about: ['server.port', 'operator.port'],
    broken: (config) =>
      config['operator.port'] !== 0 && config['operator.port'] === config['server.port']
        ? 'operator.port: must not be server.port; leave it out for the one after it'
        : undefined,
  },
  {
    about: ['server.port', 'operator.port'],
    broken: (config) =>
      config['operator.port'] === 'auto' && config['server.port'] === 65_535
        ? 'operator.port: must be set, because there is none after server.port 65535'
        : undefined,
  },
  {
    // With one token for both, a reader of figures could lock and revoke every account.
    about: ['metrics.token', 'operator.token'],
    broken: (config) =>
      config['metrics.token'] !== undefined && config['metrics.token'].reveal() === config['operator.token']?.reveal()
        ? 'metrics.token: must not be operator.token, which may do everything'
        : undefined,
  },
  {
    // A key per second would make jwks.json and the database grow without end.
    about: ['signing_keys.max_age'],
    broken: (config) =>
      config['signing_keys.max_age'] !== 0 && config['signing_keys.max_age'] < 3600
        ? 'signing_keys.max_age: must be 0 (never) or at least 3600'
        : undefined,
  },
  {
    about: ['signing_keys.max_age', 'signing_keys.publish_delay'],
    broken: (config) =>
      config['signing_keys.max_age'] !== 0 && config['signing_keys.max_age'] < config['signing_keys.publish_delay']
        ? 'signing_keys.max_age: must not be less than signing_keys.publish_delay'
        : undefined,
  },
  {
    // Half a pair would mean plain HTTP to somebody who asked for TLS.
    about: ['tls.cert', 'tls.key'],
    broken: (config) => {
      const [given, missing] = config['tls.cert'] === '' ? ['tls.key', 'tls.cert'] : ['tls.cert', 'tls.key'];
      return (config['tls.cert'] === '') !== (config['tls.key'] === '')
        ? `${missing}: must be set, because ${given} is; the two belong together`
        : undefined;
    },
  },
];

/** One sentence for each rule that the settings break, leaving out the rules about settings in `unusable`. */
export function disagreements(config: Config, unusable: ReadonlySet<SettingName>): readonly string[] {
  return rules.flatMap((rule) => {
    if (rule.about.some((name) => unusable.has(name))) return [];
    return rule.broken(config) ?? [];
  });
}
