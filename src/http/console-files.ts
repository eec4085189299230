// The built console, as it is served: read whole at start, so that a build beside a server mixes no two of them.
import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Coding } from './kit/content-coding.ts';

export interface ConsoleFile {
  /** Content-Type. */
  readonly type: string;
  readonly bytes: Buffer;
  /** Undefined where the file is compressed as it is. Made when it is first asked for, off this thread. */
  readonly coded: ((coding: Coding) => Promise<Buffer>) | undefined;
}

export interface ConsoleFiles {
  /** What every path of the console answers. */
  readonly document: ConsoleFile;
  /** Files beside the document, by name. */
  readonly beside: ReadonlyMap<string, ConsoleFile>;
  /** Files whose names hold a hash of their bytes. */
  readonly assets: ReadonlyMap<string, ConsoleFile>;
}

const text = new Map([
  ['.css', 'text/css; charset=utf-8'],
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.svg', 'image/svg+xml; charset=utf-8'],
]);
const compressed = new Map([
  ['.png', 'image/png'],
  ['.woff2', 'font/woff2'],
]);

const DOCUMENT = 'index.html';

const ASSETS = 'assets';

/** How long a start waits for a build that is being put into its place, and how often it looks. */
const SETTLES_MS = 5_000;
const AGAIN_MS = 20;

type ReadFile = (path: string) => Buffer;

/**
 * The files of one build: where the folder changes while it is read, it is read again. Undefined where the console was not built: `folder`
 * has no document, or goes on changing. Files of other kinds than a page has are left out.
 */
export async function readConsole(
  folder: string,
  readFile: ReadFile = (path) => readFileSync(path),
): Promise<ConsoleFiles | undefined> {
  const until = performance.now() + SETTLES_MS;
  while (performance.now() < until) {
    const before = stateOf(folder);
    const files = ifThere(() => filesIn(folder, readFile));
    if (before === stateOf(folder)) return files;
    await pause(AGAIN_MS);
  }
  return undefined;
}

function filesIn(folder: string, readFile: ReadFile): ConsoleFiles | undefined {
  const beside = filesOf(folder, readFile);
  const document = beside.get(DOCUMENT);
  if (document === undefined) return undefined;
  beside.delete(DOCUMENT);
  return { document, beside, assets: filesOf(join(folder, ASSETS), readFile) };
}

/** Which files there are, and of when: two that are equal had the same bytes in between. */
function stateOf(folder: string): string {
  const stateAt = (path: string): string => {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    return `${path} ${stat?.ino} ${stat?.size} ${stat?.mtimeNs}`;
  };
  const places = [folder, join(folder, ASSETS)];
  const files = places.flatMap((place) => entriesOf(place).map(({ name }) => join(place, name)));
  return [...places, ...files].map(stateAt).join('\n');
}

function filesOf(folder: string, readFile: ReadFile): Map<string, ConsoleFile> {
  return new Map(
    entriesOf(folder).flatMap((entry) => {
      const file = entry.isFile() ? fileAt(join(folder, entry.name), readFile) : undefined;
      return file === undefined ? [] : [[entry.name, file] as const];
    }),
  );
}

function entriesOf(folder: string): readonly Dirent[] {
  return ifThere(() => readdirSync(folder, { withFileTypes: true })) ?? [];
}

function ifThere<Read>(read: () => Read): Read | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function fileAt(path: string, readFile: ReadFile): ConsoleFile | undefined {
  const ending = extname(path);
  const type = text.get(ending) ?? compressed.get(ending);
  if (type === undefined) return undefined;
  const bytes = readFile(path);
  return { type, bytes, coded: text.has(ending) ? keptCodings((coding) => compress[coding](bytes)) : undefined };
}

// Beyond 9 it takes ten times as long for 6 % less: a second for the whole console.
const BROTLI_QUALITY = 9;

/** Each is made once. One that could not be made is made anew when it is next asked for. */
export function keptCodings(make: (coding: Coding) => Promise<Buffer>): (coding: Coding) => Promise<Buffer> {
  const kept = new Map<Coding, Promise<Buffer>>();
  return (coding) => {
    const known = kept.get(coding);
    if (known !== undefined) return known;
    const made = make(coding);
    kept.set(coding, made);
    made.catch(() => kept.delete(coding));
    return made;
  };
}

const compress: Readonly<Record<Coding, (bytes: Buffer) => Promise<Buffer>>> = {
  br: (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: {
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  gzip: (bytes) => promisify(gzip)(bytes, { level: 9 }),
};
