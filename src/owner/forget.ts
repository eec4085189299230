// Forgets keys of this machine that have ended at the server. The addresses stay, for the next login.
import { changeProfiles } from './profiles.ts';
import type { Profile } from './profiles-text.ts';
import type { Shell } from './shell.ts';

export async function forgetDevices(shell: Shell, isOver: (profile: Profile) => boolean): Promise<void> {
  await changeProfiles(shell.env, ({ current, byName }) => ({
    current,
    byName: new Map(
      [...byName].map(([name, profile]) => {
        if (!isOver(profile)) return [name, profile] as const;
        const { url, account } = profile;
        return [name, { url, account }] as const;
      }),
    ),
  }));
}
