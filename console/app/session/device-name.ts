// What this browser is called in the list of devices.

const browsers: readonly (readonly [name: string, form: RegExp])[] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Opera', /\bOPR\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|CriOS|Chromium|HeadlessChrome)\//],
  ['Safari', /\bSafari\//],
];

const systems: readonly (readonly [name: string, form: RegExp])[] = [
  ['Android', /\bAndroid\b/],
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b/],
  ['Linux', /\bLinux\b/],
];

/** `Firefox on Linux`, of the browser's user agent. */
export function deviceName(userAgent: string): string {
  const found = (list: typeof browsers) => list.find(([, form]) => form.test(userAgent))?.[0];
  const [browser, system] = [found(browsers) ?? 'Browser', found(systems)];
  return system === undefined ? browser : `${browser} on ${system}`;
}
