// The first module: whether this browser, at this address, can hold keys. Nothing else is loaded before that is certain.
import './hand-off-fragment.ts';
import '../parts/tokens.css';
import '../parts/base.css';
import './cannot.css';
import { handOff, isHandOff, loadPage } from './page-files.ts';
import { readDevice } from './session/device-store.ts';

/** `JSON.parse` tells a number's own digits: nanoseconds arrive whole. Browsers that do so have module workers too. */
function readsExactNumbers(): boolean {
  let source: unknown;
  JSON.parse('1', function (this: unknown, _key: string, value: unknown, context?: { source?: string }) {
    source = context?.source;
    return value;
  } as (this: unknown, key: string, value: unknown) => unknown);
  return source === '1';
}

async function signsWithP256(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
    return true;
  } catch {
    return false;
  }
}

/** index.html has the words in templates, so that they are in no other document. */
function cannot(why: 'insecure' | 'old'): void {
  const words = document.getElementById(why);
  if (words instanceof HTMLTemplateElement) document.getElementById('console')?.replaceWith(words.content);
}

async function open(): Promise<void> {
  if (!isSecureContext) return cannot('insecure');
  if (!readsExactNumbers() || typeof Worker !== 'function') return cannot('old');
  const kept = isHandOff(location.pathname) ? undefined : readDevice();
  if (!(await signsWithP256())) return cannot('old');
  const main = import('./main.tsx');
  // Which page it will be is known before there is anything that shows it.
  const page = kept?.then((device) => loadPage(location.pathname, device !== undefined)) ?? handOff.load();
  page.catch(() => undefined);
  await (await main).show(page);
}

// Not awaited here: files of the pages may import this one's.
open().catch(reportError);
