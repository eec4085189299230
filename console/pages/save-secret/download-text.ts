// A file made in the page, for the reader to keep. Its address says nothing of it, and is gone soon.
import { createSecret } from '../../app/secret.ts';

/** Safari reads a file after the press that asks for it: one that is gone at once is never saved. */
const READ_MS = 10_000;

export function downloadText(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // Gone sooner where every secret goes: at sign-out, and with the page that is left.
  const kept = createSecret(address);
  const timer = setTimeout(() => kept.wipe(), READ_MS);
  kept.onWiped(() => {
    clearTimeout(timer);
    URL.revokeObjectURL(address);
  });
}
