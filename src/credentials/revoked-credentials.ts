// The change and its rows when subkeys, tokens and devices are ended at once: by a restore or an accepted clock.
import { type AccountId, credentialSubject, type Subject, storeSubject } from '../domain/credential.ts';
import type { EndedDevice, RevokedCredentials, RevokedSubkey, RevokedToken } from '../store/store.ts';
import type { OperatorAct } from './operator-act.ts';
import type { Recorded } from './record.ts';

export const revokedChange = (
  one: RevokedCredentials,
  action: 'account.revoked_by_restore' | 'account.revoked_by_clock',
  act: OperatorAct,
): Recorded => ({
  by: act,
  account: one.account,
  action,
  subject: storeSubject,
  subjects: revokedSubjects(one),
  detail: revokedDetail(one),
  narrows: true,
});

/** As audit rows list them: by the names that the owner knows. */
export const revokedDetail = ({
  subkeys,
  tokens,
  devices,
}: {
  readonly subkeys: readonly Pick<RevokedSubkey, 'publicKey'>[];
  readonly tokens: readonly Pick<RevokedToken, 'lookupId'>[];
  readonly devices: readonly EndedDevice[];
}) => ({
  subkeys: subkeys.map(({ publicKey }) => publicKey),
  tokens: tokens.map(({ lookupId }) => lookupId),
  devices: devices.map(({ deviceId }) => deviceId),
});

export const revokedSubjects = ({
  account,
  subkeys,
  tokens,
  devices,
}: {
  readonly account: AccountId;
  readonly subkeys: readonly Pick<RevokedSubkey, 'id'>[];
  readonly tokens: readonly Pick<RevokedToken, 'tokenId'>[];
  readonly devices: readonly EndedDevice[];
}): readonly Subject[] => [
  ...subkeys.map(({ id }) => credentialSubject({ account, kind: 'subkey', id: id.toString() })),
  ...tokens.map(({ tokenId }) => credentialSubject({ account, kind: 'token', id: tokenId })),
  ...deviceSubjects(account, devices),
];

export const deviceSubjects = (account: AccountId, devices: readonly EndedDevice[]): readonly Subject[] =>
  devices.map(({ deviceId }) => credentialSubject({ account, kind: 'device', id: deviceId }));
