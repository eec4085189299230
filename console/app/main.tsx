// The page itself; start.ts has seen that this browser can hold keys.
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { isHandOff, loadRest, type PageFile } from './page-files.ts';
import { sessionKnown } from './session/session.tsx';

/** Once this page is there, the others are loaded. */
const REST_MS = 1500;

/** `page`: on its way. Where it does not come the router says so. */
export async function show(page: Promise<PageFile>): Promise<void> {
  const place = document.getElementById('console');
  if (place === null) throw new Error('index.html has no #console');
  const file = page.catch(() => undefined);
  if (!isHandOff(location.pathname)) {
    const session = await sessionKnown();
    if (session.state === 'in') (await file)?.readAhead?.(session.client);
  }
  await file;
  createRoot(place).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
  // What fails here is asked for again by whoever goes there.
  setTimeout(() => loadRest(location.pathname).catch(() => undefined), REST_MS);
}
