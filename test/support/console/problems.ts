// What no visit of the console may cause, whatever else a test looks for: a violation of the policy, an error in the page or its console, and a
// request to anybody else than its own origin.
import type { Page } from 'playwright-core';

/** Answers with an error status, and answers that a test cut off, are part of what is tested: the browser writes them on its console. */
const TOLD_ANYWAY = /^Failed to load resource: /;

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
  await page.exposeFunction(
    'reportViolation',
    (what: string) => void problems.push(`violation of the policy: ${what}`),
  );
  await page.addInitScript(REPORTS_VIOLATIONS);
  return problems;
}
