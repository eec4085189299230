// Which routes the server itself answers, and which it forwards to the venue. What it refuses of its own has acted on nothing; of the venue's,
// nobody here can say.

const own =
  /^\/(?:countersign\/v1\/.+|v[12]\/(?:v2\/)?(?:auth(?:\/[^/]+)?|onboarding)|v1\/account\/(?:keys\/subkeys|tokens)(?:\/.+)?|v1\/account\/terminal-token|v1\/system\/(?:config|time)|v1\/jwks\.json)\/?$/;

/** `pathname`: without the query. */
export const isOwnRoute = (pathname: string): boolean => own.test(pathname);
