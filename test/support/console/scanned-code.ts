// What the camera of a phone reads: the pixels of the picture on the computer's screen.
import type { Browser, Page } from 'playwright-core';
import { readPicture } from './qr-reader.ts';

/** The link in the code that the page shows; its pixels are taken apart in an empty page. */
export async function scannedCode(browser: Browser, page: Page): Promise<string> {
  const code = page.getByRole('img', { name: /camera of your phone/ });
  // What draws it is loaded with it.
  await code.locator('path[d^="M"]').waitFor();
  const picture = await code.screenshot();
  const reader = await browser.newPage();
  const { width, height, dark } = await reader.evaluate<{
    width: number;
    height: number;
    dark: string;
  }>(`(async () => {
    const bytes = Uint8Array.from(atob('${picture.toString('base64')}'), (one) => one.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    let dark = '';
    for (let at = 0; at < data.length; at += 4) dark += data[at] < 128 ? '1' : '0';
    return { width, height, dark };
  })()`);
  await reader.close();
  return readPicture(width, height, (x, y) => dark[y * width + x] === '1');
}
