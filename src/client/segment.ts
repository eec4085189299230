/** One part of a path. TypeError for what would name another route: nothing, or the dots that lead out of a path. */
export function segment(id: string): string {
  if (/^\.{0,2}$/.test(id)) throw new TypeError('that is no id');
  return encodeURIComponent(id);
}
