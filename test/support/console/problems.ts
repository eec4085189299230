// What no visit of the console may cause, whatever else a test looks for: a violation of the policy, an error in the page or its console, and a
// request to anybody else than its own origin.
import type { Page } from 'playwright-core';

/** Answers with an error status, and answers that a test cut off, are part of what is tested: the browser writes them on its console. */
const TOLD_ANYWAY = /^Failed to load resource: /;

const VIOLATION = 'violation of the policy';
const SAYS_VIOLATION = /Content Security Policy|'Trusted(?:HTML|Script|ScriptURL)'/i;

/** In whatever words: a test that expects problems of another kind looks for these first. */
export const isViolation = (problem: string): boolean => problem.startsWith(VIOLATION) || SAYS_VIOLATION.test(problem);

const REPORTS_VIOLATIONS = `addEventListener('securitypolicyviolation', (event) => {
  reportViolation(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample);
});`;

/** Before the page is opened. The list grows as the visit goes on. */
export async function watchProblems(page: Page, origin: string): Promise<string[]> {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(`error of the page: ${error.stack ?? error}`));
  page.on('crash', () => problems.push('the page crashed'));
  page.on('console', (message) => {
    const text = message.text();
    if (!['error', 'warning'].includes(message.type()) || TOLD_ANYWAY.test(text)) return;
    problems.push(`${message.type()} on the console: ${text}`);
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !/^(?:data|blob):/.test(url)) problems.push(`asked another origin: ${url}`);
  });
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.startsWith('/console') && response.status() >= 400) problems.push(`${response.status()} ${pathname}`);
  });
  await page.exposeFunction('reportViolation', (what: string) => void problems.push(`${VIOLATION}: ${what}`));
  await page.addInitScript(REPORTS_VIOLATIONS);
  await watchWorkers(page, problems);
  return problems;
}

/** A worker has a policy of its own and none of our listeners: what it was refused stands in the log that the browser keeps of its page. */
async function watchWorkers(page: Page, problems: string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  session.on('Log.entryAdded', ({ entry: { source, level, text } }) => {
    if (source !== 'worker' || !['error', 'warning'].includes(level) || TOLD_ANYWAY.test(text)) return;
    problems.push(SAYS_VIOLATION.test(text) ? `${VIOLATION} of a worker: ${text}` : `${level} in a worker: ${text}`);
  });
  await session.send('Log.enable');
}
