/** "0x4a1f…c92d", "3f0c…81aa": the first four and the last four after `0x`; what is not longer than that stays whole. */
export function shortId(value: string): string {
  const prefix = value.startsWith('0x') ? '0x' : '';
  const rest = value.slice(prefix.length);
  return rest.length <= 9 ? value : `${prefix}${rest.slice(0, 4)}…${rest.slice(-4)}`;
}
