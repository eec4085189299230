// Headers of the console's documents and files: with them a browser runs no script but ours, shows the page in no frame, and asks no
// other origin for anything.

const policyOf = (directives: Readonly<Record<string, string>>): string =>
  Object.entries(directives)
    .map(([name, value]) => (value === '' ? name : `${name} ${value}`))
    .join('; ');

/** `data:` pictures are icons of wallets. The policy of Trusted Types makes the address of the worker, and nothing else. */
const ofDocuments = policyOf({
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'font-src': "'self'",
  'connect-src': "'self'",
  'worker-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
  'require-trusted-types-for': "'script'",
  'trusted-types': 'countersign-worker',
});

/** A worker has the policy of its own file: the one that holds a main key can load modules of ours, and talk to nobody. */
const ofFiles = policyOf({
  'default-src': "'none'",
  'script-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
  'require-trusted-types-for': "'script'",
  'trusted-types': "'none'",
});

const off = [
  'accelerometer',
  'autoplay',
  'browsing-topics',
  'camera',
  'clipboard-read',
  'display-capture',
  'encrypted-media',
  'fullscreen',
  'gamepad',
  'geolocation',
  'gyroscope',
  'hid',
  'identity-credentials-get',
  'idle-detection',
  'local-fonts',
  'magnetometer',
  'microphone',
  'midi',
  'otp-credentials',
  'payment',
  'picture-in-picture',
  'publickey-credentials-create',
  'publickey-credentials-get',
  'screen-wake-lock',
  'serial',
  'storage-access',
  'sync-xhr',
  'usb',
  'window-management',
  'xr-spatial-tracking',
];

const ofAll = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

export const documentHeaders: Readonly<Record<string, string>> = {
  ...ofAll,
  'Content-Security-Policy': ofDocuments,
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Origin-Agent-Cluster': '?1',
  'Permissions-Policy': [...off.map((feature) => `${feature}=()`), 'clipboard-write=(self)'].join(', '),
  'Cache-Control': 'no-store',
};

/** Of a file beside the document, whose name says nothing of its bytes. */
export const fileHeaders: Readonly<Record<string, string>> = {
  ...ofAll,
  'Content-Security-Policy': ofFiles,
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'no-store',
};

/** Of a file with a hash in its name: other bytes have another name. */
export const assetHeaders: Readonly<Record<string, string>> = {
  ...fileHeaders,
  'Cache-Control': 'public, max-age=31536000, immutable',
};
