// The four places of the navigation, with the key that goes there after `g`.
import type { IconName } from '../../parts/icon.tsx';

export const places: readonly {
  /** Where the link goes. */
  href: string;
  /** What is under it. */
  under: string;
  label: string;
  /** On a phone. */
  short: string;
  icon: IconName;
  key: string;
}[] = [
  { href: '/keys/read-only', under: '/keys', label: 'Key Management', short: 'Keys', icon: 'key', key: 'k' },
  { href: '/activity', under: '/activity', label: 'Activity', short: 'Activity', icon: 'activity', key: 'a' },
  { href: '/devices', under: '/devices', label: 'Devices', short: 'Devices', icon: 'devices', key: 'd' },
  { href: '/wallet', under: '/wallet', label: 'Wallet', short: 'Wallet', icon: 'wallet', key: 'w' },
];

export const isAt = (path: string, under: string): boolean => path === under || path.startsWith(`${under}/`);
