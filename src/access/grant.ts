// The grant of a request for which nobody needs permission.
import type { Grant } from '../domain/grant.ts';

/** A request nobody needs permission for: nothing can take it back. */
export const openGrantForAnyone = (): Grant => ({
  kind: 'allow',
  principal: undefined,
  refusal: () => undefined,
  onCut: () => undefined,
  headSent: () => undefined,
  release: () => undefined,
});
