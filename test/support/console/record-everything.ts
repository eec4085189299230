// All places in which a page could leave a secret, written down during a whole visit: what was sent and answered, addresses, history, storage, caches,
// channels, the console, and every change of the document.
import type { Page, Request } from 'playwright-core';

export type RecordedKind =
  | 'request line'
  | 'request header'
  | 'request body'
  | 'answer header'
  | 'answer body'
  | 'address'
  | 'history'
  | 'title'
  | 'console'
  | 'channel'
  | 'to a worker'
  | 'from a worker'
  | 'local storage'
  | 'session storage'
  | 'cookie'
  | 'cache'
  | 'IndexedDB'
  | 'document'
  /** What a field holds, which is not in the document's text. */
  | 'field';

export interface Recorded {
  readonly kind: RecordedKind;
  /** Of the visit, as `step` names it. */
  readonly step: string;
  /** `POST /v1/auth` of what was sent and answered, else empty. */
  readonly of: string;
  readonly text: string;
}

export interface Recording {
  readonly all: readonly Recorded[];
  /** What follows belongs to this step. Takes a snapshot of the document and of all storage. */
  step(name: string): Promise<void>;
  /** Where any of these texts stands, each place once: `request body of POST /v1/auth, at sign-in`. Waits for answers under way. */
  where(texts: readonly string[]): Promise<readonly string[]>;
}

const UNREAD_MS = 2000;

/** Runs before every script of a page. Workers are heard from the page's side. */
const LISTENS = `{
  const tell = (kind, value) => { recordSomething(kind, typeof value === 'string' ? value : written(value)); };
  const written = (value) => {
    const seen = new Set();
    return String(JSON.stringify(value, (name, member) => {
      if (typeof member === 'bigint') return String(member) + ' 0x' + member.toString(16);
      if (ArrayBuffer.isView(member) && !(member instanceof DataView)) return Array.from(member, String);
      if (typeof member !== 'object' || member === null) return member;
      if (seen.has(member)) return undefined;
      seen.add(member);
      if (member instanceof Map || member instanceof Set) return [...member];
      return member;
    }));
  };
  const around = (prototype, name, kind, pick) => {
    const before = prototype[name];
    prototype[name] = function (...given) {
      tell(kind, pick(given));
      return before.apply(this, given);
    };
  };
  around(History.prototype, 'pushState', 'history', (given) => written(given));
  around(History.prototype, 'replaceState', 'history', (given) => written(given));
  around(BroadcastChannel.prototype, 'postMessage', 'channel', ([message]) => written(message));
  around(Worker.prototype, 'postMessage', 'to a worker', ([message]) => written(message));
  // What stands in the document for a moment is in no snapshot.
  new MutationObserver((changes) => tell('document', changes.map(({ type, target, attributeName, addedNodes }) => {
    if (type === 'attributes') return attributeName + '=' + target.getAttribute(attributeName);
    if (type === 'characterData') return target.data;
    return [...addedNodes].map((node) => node.outerHTML ?? node.textContent).join('\\n');
  }).join('\\n'))).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  addEventListener('storage', (event) => tell('local storage', event.key + '=' + event.newValue));
  const listen = Worker.prototype.addEventListener;
  const Heard = class extends Worker {
    constructor(...given) {
      super(...given);
      listen.call(this, 'message', ({ data }) => tell('from a worker', written(data)));
    }
  };
  Object.defineProperty(window, 'Worker', { value: Heard });
}`;

const SNAPSHOT = `(async () => {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const found = [];
  const add = (kind, text) => { if (text !== '') found.push([kind, text]); };
  add('title', document.title);
  add('document', document.documentElement.outerHTML);
  for (const field of document.querySelectorAll('input, textarea, select')) add('field', field.value);
  for (const [kind, storage] of [['local storage', localStorage], ['session storage', sessionStorage]])
    for (let i = 0; i < storage.length; i += 1) add(kind, storage.key(i) + '=' + storage.getItem(storage.key(i)));
  add('cookie', document.cookie);
  add('history', JSON.stringify(history.state) ?? '');
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const answer = await cache.match(request);
      add('cache', name + ' ' + request.url + ' ' + (answer === undefined ? '' : await answer.text()));
    }
  }
  for (const { name } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      const objects = database.transaction(store).objectStore(store);
      const [keys, values] = await Promise.all([done(objects.getAllKeys()), done(objects.getAll())]);
      const written = (member, value) =>
        value instanceof CryptoKey ? { type: value.type, extractable: value.extractable, usages: value.usages } : value;
      add('IndexedDB', name + ' ' + store + ' ' + JSON.stringify([keys, values], written));
    }
    database.close();
  }
  return found;
})()`;

/** Before the page is opened. */
export async function recordEverything(page: Page): Promise<Recording> {
  const all: Recorded[] = [];
  const underWay = new Set<Promise<unknown>>();
  let step = 'before anything';
  const add = (kind: RecordedKind, text: string, of = '', at = step) => {
    if (text !== '') all.push({ kind, step: at, of, text });
  };
  const follow = (work: Promise<unknown>) => {
    // A page that was left has no answer any more, and an answer whose body the page never reads does not end.
    const given = new Promise((resolve) => setTimeout(resolve, UNREAD_MS).unref());
    const settled = Promise.race([work.catch(() => undefined), given]).finally(() => underWay.delete(settled));
    underWay.add(settled);
  };

  await page.exposeFunction('recordSomething', (kind: RecordedKind, text: string) => add(kind, text));
  await page.addInitScript(LISTENS);
  page.on('framenavigated', (frame) => add('address', frame.url()));
  page.on('console', (message) => add('console', message.text()));
  page.on('pageerror', (error) => add('console', `${error.message}\n${error.stack ?? ''}`));
  page.on('request', (request) => {
    const at = step;
    const of = nameOf(request);
    add('request line', `${request.method()} ${request.url()}`, of);
    add('request body', request.postData() ?? '', of);
    follow(request.allHeaders().then((headers) => add('request header', linesOf(headers), of, at)));
  });
  page.on('response', (response) => {
    const at = step;
    const of = nameOf(response.request());
    follow(response.allHeaders().then((headers) => add('answer header', linesOf(headers), of, at)));
    follow(
      response
        .finished()
        .then(() => response.text())
        .then((text) => add('answer body', text, of, at)),
    );
  });

  return {
    all,
    async step(name) {
      await Promise.all(underWay);
      for (const [kind, text] of await page.evaluate<[RecordedKind, string][]>(SNAPSHOT)) add(kind, text);
      step = name;
    },
    async where(texts) {
      await Promise.all(underWay);
      for (const [kind, text] of await page.evaluate<[RecordedKind, string][]>(SNAPSHOT)) add(kind, text);
      const found = all.filter(({ text }) => texts.some((one) => text.toLowerCase().includes(one.toLowerCase())));
      return [...new Set(found.map(({ kind, of, step: at }) => `${kind}${of === '' ? '' : ` of ${of}`}, at ${at}`))];
    },
  };
}

/** Without the query: places are listed by it. */
const nameOf = (request: Request): string => `${request.method()} ${new URL(request.url()).pathname}`;

const linesOf = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
