// The decision about a request, and every use case that makes, changes or ends a credential.
import { defaultLoginAge } from '../config/derived.ts';
import { createActivateSubkey } from '../credentials/activate-subkey.ts';
import { createEndSelf } from '../credentials/end-self.ts';
import { createIssueTerminalToken } from '../credentials/issue-terminal-token.ts';
import { createLogin } from '../credentials/login.ts';
import { createManageSubkeys } from '../credentials/manage-subkeys.ts';
import { createManageTokens } from '../credentials/manage-tokens.ts';
import { createOnboard } from '../credentials/onboard.ts';
import { createSessionOpening } from '../credentials/open-session.ts';
import { createProveOwner } from '../credentials/owner-proof.ts';
import { createRegisterSubkey } from '../credentials/register-subkey.ts';
import { createReportLeaked } from '../credentials/report-leaked.ts';
import { createRotateToken } from '../credentials/rotate-token.ts';
import { createSignOut } from '../credentials/sign-out.ts';
import { createWalletProofs } from '../credentials/wallet-proof.ts';
import { createIssuer } from '../jwt/issue.ts';
import { createReadBearer } from '../jwt/verify.ts';
import { countLogins } from '../telemetry/observe.ts';
import type { Verifier } from '../verification/verifier.ts';
import { composeAccess } from './access.ts';
import type { Core } from './core.ts';
import { derivationHashes } from './derivation-hashes.ts';
import { composeDevices } from './devices.ts';
import type { Limits } from './limits.ts';
import type { Monitoring } from './monitoring.ts';
import type { Slice } from './slice.ts';

export interface AuthorityParts
  extends Pick<Core, 'store' | 'clock' | 'keyring' | 'live' | 'view' | 'journal' | 'changes'>,
    Pick<Limits, 'countedLimiter'>,
    Pick<Monitoring, 'counters'> {
  readonly verifier: Verifier;
}

export type Authority = ReturnType<typeof composeAuthority>;

export function composeAuthority(
  config: Slice<
    | 'devices'
    | 'jwt'
    | 'login'
    | 'memory'
    | 'onboarding'
    | 'siwe'
    | 'subkeys'
    | 'terminal_token'
    | 'tokens'
    | 'usage'
    | 'wire'
  >,
  parts: AuthorityParts,
) {
  const { store, clock, keyring, view, journal, changes, verifier, counters } = parts;
  const limiter = parts.countedLimiter;
  const { verifyBearer, authorize } = composeAccess(config, parts);
  const futureToleranceSeconds = config['login.future_tolerance'];
  // The loopback names of our own port are added once it is bound.
  const siweDomains = [...config['siwe.domains']];
  const wallets = createWalletProofs({
    clock,
    verifier,
    settings: {
      domains: siweDomains,
      chainId: config['wire.l1_chain_id'],
      futureToleranceSeconds,
      maxLoginAgeSeconds: config['login.max_age'],
    },
  });
  const issuer = createIssuer({ keyring, issuer: config['jwt.issuer'] });
  const loginDeps = {
    store,
    view,
    clock,
    verifier,
    wallets,
    issuer,
    keyring,
    journal,
    limiter,
    settings: {
      maxAgeSeconds: config['login.max_age'],
      defaultAgeSeconds: defaultLoginAge(config),
      futureToleranceSeconds,
      plainSubkey: config['login.plain_subkey'],
      singleUse: config['login.single_use'],
    },
  };
  const login = createLogin(loginDeps);
  return {
    verifyBearer,
    authorize,
    issuer,
    /** Domains a wallet login may name. */
    siweDomains,
    hashes: derivationHashes(config),
    login: countLogins(login, counters),
    onboard: createOnboard({
      store,
      changes,
      clock,
      verifier,
      wallets,
      settings: {
        open: config['onboarding.allowlist'].includes('*'),
        allowlist: new Set(config['onboarding.allowlist'].flatMap((entry) => (entry === '*' ? [] : [entry]))),
        issuedAtRequired: config['onboarding.siwe_issued_at_required'],
      },
    }),
    subkeys: {
      store,
      clock,
      register: createRegisterSubkey({
        store,
        changes,
        clock,
        verifier,
        wallets,
        settings: {
          signatureRequired: config['subkeys.require_signature'],
          maxLive: config['subkeys.max_live'],
          maxPending: config['subkeys.max_pending'],
          pendingLifeSeconds: config['subkeys.pending_life'],
          reregisterRevoked: config['subkeys.reregister_revoked'],
          futureToleranceSeconds,
        },
      }),
      activate: createActivateSubkey({ store, changes, clock, verifier, settings: { futureToleranceSeconds } }),
      manage: createManageSubkeys({ store, changes, clock }),
    },
    emergency: {
      signOut: createSignOut({ changes, clock, settings: { futureToleranceSeconds } }),
      proveOwner: createProveOwner({
        store,
        clock,
        verifier,
        wallets,
        journal,
        limiter,
        settings: { maxAgeSeconds: config['login.max_age'], futureToleranceSeconds },
      }),
      endSelf: createEndSelf({ changes, clock }),
      reportLeaked: createReportLeaked({
        verifyBearer,
        readBearer: createReadBearer({ keyring, issuer: config['jwt.issuer'] }),
        changes,
        clock,
      }),
      limiter,
      clock,
    },
    devices: composeDevices(config, {
      ...{ store, clock, journal, changes, counters },
      session: createSessionOpening(loginDeps),
    }),
    tokens: {
      store,
      clock,
      manage: createManageTokens({ store, changes, clock, issuer, settings: { maxLive: config['tokens.max_live'] } }),
      rotate: createRotateToken({ changes, clock, issuer }),
      issueTerminalToken: createIssueTerminalToken({
        issuer,
        journal,
        clock,
        settings: { enabled: config['terminal_token.enabled'] },
      }),
    },
  };
}
