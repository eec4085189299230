// Which server a command asks, and as whom: flags first, then COUNTERSIGN_URL, COUNTERSIGN_PROFILE and COUNTERSIGN_TOKEN, then the current
// profile. A device key is used at the server it was made at, and nowhere else.
import { originOf } from '../client/outgoing.ts';
import { readProfiles } from './profiles.ts';
import type { Profile, Profiles } from './profiles-text.ts';
import type { Shell } from './shell.ts';
import { NotSignedIn, WrongUse } from './stops.ts';

export interface Place {
  /** `https://keys.venue.example`. */
  readonly url: string;
  /** The profile at that server; undefined: none is signed in there. */
  readonly name: string | undefined;
  readonly profile: Profile | undefined;
  /** COUNTERSIGN_TOKEN: it stands before the profile, unless that was named by a flag. */
  readonly bearer: string | undefined;
}

/** Throws WrongUse for what is no address or profile, and NotSignedIn where nothing names a server. */
export function placeOf(shell: Shell, profiles: Profiles = readProfiles(shell.env)): Place {
  const { env } = shell;
  const flagged = shell.value('profile');
  const named = flagged ?? filled(env.COUNTERSIGN_PROFILE);
  if (named !== undefined && !profiles.byName.has(named)) {
    const known = [...profiles.byName.keys()].join(', ');
    throw new WrongUse(`there is no profile of that name${known === '' ? '' : `, only ${known}`}`);
  }
  const bearer = flagged === undefined ? filled(env.COUNTERSIGN_TOKEN) : undefined;
  const typed = shell.value('url') ?? (flagged === undefined ? filled(env.COUNTERSIGN_URL) : undefined);
  const wanted = typed === undefined ? undefined : typedOrigin(typed);
  const name = named ?? nameAt(profiles, wanted);
  const profile = name === undefined ? undefined : profiles.byName.get(name);
  if (wanted === undefined) {
    if (profile === undefined) throw new NotSignedIn(`not signed in: ${shell.program} login --url https://...`);
    return { url: profile.url, name, profile, bearer };
  }
  if (profile === undefined || profile.url === wanted) return { url: wanted, name, profile, bearer };
  throw new WrongUse(`the profile ${name} is of ${profile.url}, not of ${wanted}`);
}

/** `https://keys.venue.example` of what was typed. Throws WrongUse. */
export function typedOrigin(text: string): string {
  try {
    return originOf(text);
  } catch {
    throw new WrongUse('the address of a server is like https://keys.venue.example, without user, path or query');
  }
}

/** Whether what is sent there can be read on the way. */
export function isOpenToAll(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(?:localhost|127(?:\.[0-9]+){3}|\[::1\])$/.test(hostname);
}

function nameAt({ current, byName }: Profiles, url: string | undefined): string | undefined {
  const isThere = current !== undefined && byName.has(current);
  if (url === undefined) return isThere ? current : undefined;
  if (isThere && byName.get(current)?.url === url) return current;
  const at = [...byName].filter(([, profile]) => profile.url === url).map(([name]) => name);
  if (at.length > 1)
    throw new WrongUse(`there is more than one profile at ${url}; name one with --profile: ${at.join(', ')}`);
  return at[0];
}

const filled = (text: string | undefined): string | undefined => (text === undefined || text === '' ? undefined : text);
