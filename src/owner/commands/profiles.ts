// countersign profiles: where this machine is signed in.
import { changeProfiles, profilesPath, readProfiles } from '../profiles.ts';
import type { Profile } from '../profiles-text.ts';
import type { Run, Shell } from '../shell.ts';
import { WrongUse } from '../stops.ts';
import { table } from '../table.ts';
import { relative } from '../times.ts';

/** Device keys are left out. */
export const listProfiles: Run = async (shell) => {
  const { current, byName } = readProfiles(shell.env);
  if (shell.has('json')) {
    const results = [...byName].map(([name, { url, account, device }]) => ({
      name,
      current: name === current,
      url,
      account,
      device: device === undefined ? null : { id: device.id, expires_at: device.expires_at },
    }));
    await shell.json({ results });
    return 0;
  }
  if (byName.size === 0) shell.note(`there is none in ${profilesPath(shell.env)}`);
  const rows = [...byName].map(([name, profile]) => [
    `${name}${name === current ? ' (current)' : ''}`,
    profile.url,
    profile.account,
    signedIn(profile, shell),
  ]);
  const columns = [
    { title: 'PROFILE' },
    { title: 'SERVER', atLeast: 16 },
    { title: 'ACCOUNT', atLeast: 10 },
    { title: 'SIGNED IN', atLeast: 8 },
  ];
  await shell.out(table(columns, rows, shell.width, shell.bold));
  return 0;
};

export const useProfile: Run = async (shell) => {
  const name = shell.argument(0);
  await changeProfiles(shell.env, (before) => {
    requireThere(before.byName, name);
    return { ...before, current: name };
  });
  shell.note(`${name} is the current profile`);
  return 0;
};

export const removeProfile: Run = async (shell) => {
  const name = shell.argument(0);
  let removed: Profile | undefined;
  await changeProfiles(shell.env, ({ current, byName }) => {
    requireThere(byName, name);
    removed = byName.get(name);
    const left = new Map([...byName].filter(([one]) => one !== name));
    return { current: current === name ? undefined : current, byName: left };
  });
  shell.note(`${name} is removed`);
  if (removed?.device !== undefined && Date.parse(removed.device.expires_at) > shell.now())
    shell.note(
      `its key is gone from here; the server ends it by itself ${untilOf(removed.device.expires_at, shell.now())}`,
    );
  return 0;
};

function requireThere(byName: ReadonlyMap<string, Profile>, name: string): void {
  if (!byName.has(name)) throw new WrongUse('there is no profile of that name; see profiles list');
}

function signedIn({ device }: Profile, shell: Shell): string {
  if (device === undefined) return 'no';
  return Date.parse(device.expires_at) > shell.now() ? `ends ${untilOf(device.expires_at, shell.now())}` : 'ran out';
}

const untilOf = (text: string, now: number): string => relative(BigInt(Date.parse(text)) * 1_000_000n, now);
