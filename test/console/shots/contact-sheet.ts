// All pictures of one width on one sheet, light beside dark, each with its name.
import type { Browser } from 'playwright-core';

export interface Taken {
  readonly name: string;
  /** PNG. */
  readonly light: Buffer;
  readonly dark: Buffer;
}

const escaped = (text: string): string => text.replace(/[&<]/g, (sign) => (sign === '&' ? '&amp;' : '&lt;'));

/** PNG. `across`: pairs in a row; `width`: of one picture on the sheet, in pixels. */
export async function contactSheet(
  browser: Browser,
  taken: readonly Taken[],
  { across, width }: { readonly across: number; readonly width: number },
): Promise<Buffer> {
  const image = (png: Buffer) => `<img width="${width}" src="data:image/png;base64,${png.toString('base64')}">`;
  const figures = taken.map(
    ({ name, light, dark }) =>
      `<figure><figcaption>${escaped(name)}</figcaption>${image(light)}${image(dark)}</figure>`,
  );
  const style = `body { margin: 16px; background: #8a8f98; font: 600 15px system-ui; display: grid; gap: 16px;
    grid-template-columns: repeat(${across}, max-content); align-items: start }
    figure { margin: 0 } figcaption { padding-bottom: 4px; color: #fff } img { vertical-align: top; margin-right: 4px }`;
  const page = await browser.newPage({ viewport: { width: across * (width + 4) * 2 + across * 16 + 32, height: 800 } });
  try {
    await page.setContent(`<!doctype html><style>${style}</style>${figures.join('')}`);
    return await page.screenshot({ fullPage: true });
  } finally {
    await page.close();
  }
}
