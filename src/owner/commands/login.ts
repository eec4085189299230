// countersign login: the main key makes a key of this machine, which can look and end, and is forgotten.
import { hostname } from 'node:os';
import { type Client, createClient } from '../../client/create-client.ts';
import { exportedDeviceKey, newDeviceKey } from '../../client/device-key.ts';
import { CountersignError, isCode } from '../../client/errors.ts';
import { sentenceOf } from '../../client/refusal-words.ts';
import { connectAsOwner } from '../connection.ts';
import { requireKeySource } from '../main-key.ts';
import { isOpenToAll, type Place, placeOf, typedOrigin } from '../place.ts';
import { changeProfiles, profilesPath, readProfiles, requireProfileName } from '../profiles.ts';
import type { Profiles } from '../profiles-text.ts';
import type { Run, Shell } from '../shell.ts';
import { WrongUse } from '../stops.ts';
import { members } from '../table.ts';
import { duration, millisOf, moment, secondsOf, typedDuration } from '../times.ts';

const DEFAULT_SECONDS = 8 * 3600;
/** Of a device at any server. */
const LEAST_SECONDS = 300;

export const login: Run = async (shell) => {
  const typedLife = shell.value('for');
  const seconds = typedLife === undefined ? undefined : secondsOf(typedLife, 'for');
  requireKeySource(shell);
  const before = readProfiles(shell.env);
  const { url, name, profile } = wantedPlace(shell, before);
  requireProfileName(name);
  // Whether the file can be written is known before a key is made for it.
  await changeProfiles(shell.env, (same) => same);

  const life = await lifeOf(shell, url, seconds);
  shell.note(`Signs this machine in at ${url} and writes ${profilesPath(shell.env)}:`);
  shell.note(
    `the addresses of the server and the account, and a key of this machine that can look and end, for ${duration(life)}. ` +
      'Never a main key, subkey or token.',
  );
  if (isOpenToAll(url))
    shell.note('The connection is not encrypted (http): who is on the way can read and use what is sent.');

  const { client } = await connectAsOwner(shell, { url, name, profile, bearer: undefined });
  const { account } = await onboarded(shell, client);
  if (profile !== undefined && profile.account !== account) throw otherAccount(name);
  const key = await newDeviceKey({ extractable: true });
  const { value: made } = await client.devices.add(
    { name: machineName(), public_key: key.public_key, lifetime_seconds: life, idle_seconds: life },
    { signal: shell.signal },
  );
  const device = {
    id: made.id,
    expires_at: new Date(millisOf(made.expires_at)).toISOString(),
    key: await exportedDeviceKey(key),
  };
  try {
    await changeProfiles(shell.env, ({ byName }) => {
      const found = byName.get(name);
      if (found !== undefined && (found.account !== account || found.url !== url)) throw otherAccount(name);
      return { current: name, byName: new Map([...byName, [name, { url, account, device }]]) };
    });
  } catch (error) {
    await client.devices.end(made.id).catch((failure: unknown) => {
      shell.note(
        `the key ${made.id} could not be ended again (${sentenceOf(failure)}): ${shell.program} devices end ${made.id}`,
      );
    });
    throw error;
  }
  // The one that it replaces is of no more use to anybody here.
  if (profile?.device !== undefined) await client.devices.end(profile.device.id).catch(() => undefined);

  if (shell.has('json')) await shell.json(made);
  else {
    const pairs = [
      ['profile', name],
      ['server', url],
      ['account', account],
      ['device', `${made.id} "${made.name}"`],
      ['until', moment(made.expires_at, shell.now())],
    ] as const;
    await shell.out(members(pairs, shell.width));
  }
  return 0;
};

/** The profile need not be there yet: `--profile` names it. */
function wantedPlace(shell: Shell, profiles: Profiles): Omit<Place, 'name' | 'bearer'> & { readonly name: string } {
  const named = shell.value('profile') ?? shell.env.COUNTERSIGN_PROFILE;
  const typed = shell.value('url') ?? shell.env.COUNTERSIGN_URL;
  if (typed === undefined || typed === '') {
    if (profiles.byName.size === 0)
      throw new WrongUse('login: --url is missing: the address of the server, like https://keys.venue.example');
    const { url, name, profile } = placeOf(shell, profiles);
    return { url, name: name ?? new URL(url).host, profile };
  }
  const url = typedOrigin(typed);
  const name = named === undefined || named === '' ? new URL(url).host.replace(/[[\]]/g, '') : named;
  const profile = profiles.byName.get(name);
  if (profile !== undefined && profile.url !== url)
    throw new WrongUse(`the profile ${name} is of ${profile.url}; give this one another name with --profile`);
  return { url, name, profile };
}

/** For how long, in seconds: as it was typed, or the usual. Throws WrongUse for what the server would refuse once the main key was given. */
async function lifeOf(shell: Shell, url: string, typed: number | undefined): Promise<number> {
  if (typed !== undefined && typed < LEAST_SECONDS)
    throw new WrongUse(`login: a machine is signed in for ${duration(LEAST_SECONDS)} at least`);
  const longest = await longestLife(shell, url);
  if (longest === undefined) return typed ?? DEFAULT_SECONDS;
  if (typed === undefined) return Math.min(DEFAULT_SECONDS, longest);
  if (typed <= longest) return typed;
  throw new WrongUse(
    `login: ${url} signs a machine in for ${duration(longest)} at most; give --for ${typedDuration(longest)} or less`,
  );
}

/** Of a device, as the server says it. Undefined: it says nothing, or is none, and answers the login itself. */
async function longestLife(shell: Shell, url: string): Promise<number | undefined> {
  try {
    const { limits } = await createClient({ url }).account.about({ signal: shell.signal });
    const isThere = typeof limits === 'object' && limits !== null && 'device_seconds' in limits;
    const seconds = isThere ? Number(limits.device_seconds) : Number.NaN;
    return Number.isSafeInteger(seconds) && seconds > 0 ? seconds : undefined;
  } catch (error) {
    if (error instanceof CountersignError) return undefined;
    throw error;
  }
}

const otherAccount = (name: string): WrongUse =>
  new WrongUse(`the profile ${name} is of another account; give this one another name with --profile`);

/** Makes the account only when asked to. */
async function onboarded(shell: Shell, client: Client): Promise<{ readonly account: string }> {
  const { signal } = shell;
  try {
    return await client.account.self({ signal });
  } catch (error) {
    if (!isCode(error, 'NOT_ONBOARDED')) throw error;
    if (!shell.has('onboard')) {
      if (!shell.terminal.isThere) throw error;
      const answer = await shell.terminal.line('This account is not known there yet. Type yes to make it: ');
      if (answer !== 'yes') throw error;
    }
  }
  await client.account.onboard({ signal });
  return client.account.self({ signal });
}

/** What the list of devices shows. */
const machineName = (): string => `countersign on ${hostname()}`.replace(/[^A-Za-z0-9 ._-]/g, '-').slice(0, 64);
