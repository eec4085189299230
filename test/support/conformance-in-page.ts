// Runs in a browser: the conformance of the client library against the server that the page's address names.
import { conform, type Ground, type Outcome } from './conformance.ts';

declare global {
  var conformed: Promise<readonly Outcome[]>;
}

const { location }: { readonly location?: { readonly hash: string } } = globalThis as { location?: { hash: string } };
const ground: Ground = JSON.parse(decodeURIComponent((location?.hash ?? '').slice(1)));
Object.assign(globalThis, { conformed: conform(ground) });
