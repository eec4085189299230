// Reads the raw request target once, so that what the route table matched is byte for byte what the venue receives.
// It never resolves or repairs, and decodes only to look: but for one trailing slash, a target that could be read in two ways is refused.

/** A target in origin form that has exactly one reading. */
export interface Target {
  readonly kind: 'target';
  /** Begins with `/`, no trailing slash (but for `/` itself), as received; always `'/' + segments.join('/')`. */
  readonly path: string;
  /** The parts between the slashes, none of them empty; `[]` for `/`. */
  readonly segments: readonly string[];
  /** Everything from the `?` on, byte for byte as received; empty when there was none. */
  readonly query: string;
  /** `path + query`: exactly what is forwarded. */
  readonly canonical: string;
}

export interface MalformedTarget {
  readonly kind: 'malformed';
  /** Why, as a fixed text that repeats nothing of the target: safe to show to the caller. */
  readonly malformed: string;
}

// RFC 3986 section 3.3 without `;`, behind which some servers see a parameter of the path and not the path.
const notOfPath = /[^A-Za-z0-9\-._~:@,!$&'()*+=%/]/;
const emptySegment = /\/\//;
// RFC 3986 section 5.2.4 knows `.` and `..`; longer runs are refused too, some file-backed servers climb on them.
const dotSegment = /\/\.+(?:\/|$)/;
// RFC 3986 section 3.4, plus `[`, `]` and `|`, which browsers and Node's fetch leave unencoded.
const notOfQuery = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/?[\]|%]/;
const brokenTriplet = /%(?![0-9A-Fa-f]{2})/;
const triplets = /(?:%[0-9A-Fa-f]{2})+/g;
// RFC 3986 section 2.3: encoded or not, an unreserved character is the same one, so it has two spellings. The others would end a
// segment, or be something else, for a server that decodes before it splits, or twice.
const mayNotBeEncoded = /[A-Za-z0-9\-._~/\\%;\p{Cc}]/u;

/**
 * Splits a raw request target (the second word of the request line) without changing a byte of it, save that one
 * trailing slash is removed from the path (docs/route-table.md). Never throws; the server bounds the length.
 */
export function parseTarget(rawTarget: string): Target | MalformedTarget {
  if (!rawTarget.startsWith('/')) return malformed('the request target must begin with "/"');
  const queryStart = rawTarget.indexOf('?');
  const rawPath = queryStart === -1 ? rawTarget : rawTarget.slice(0, queryStart);
  const query = queryStart === -1 ? '' : rawTarget.slice(queryStart);

  if (notOfPath.test(rawPath)) return malformed('the path contains a character that may not stand there');
  if (brokenTriplet.test(rawPath)) return malformed('the path contains a "%" that two hex digits do not follow');
  if (!encodesOneSpelling(rawPath)) return malformed('the path percent-encodes what may not be encoded there');
  if (emptySegment.test(rawPath)) return malformed('the path must not contain an empty segment');
  if (dotSegment.test(rawPath)) return malformed('the path must not contain a segment of dots');
  if (notOfQuery.test(query)) return malformed('the query contains a character that must be percent-encoded');
  if (brokenTriplet.test(query)) return malformed('the query contains a "%" that two hex digits do not follow');

  // Looked for after the checks above, so that `//` and `/v1/auth//` are refused and not shortened into something valid.
  const path = rawPath.length > 1 && rawPath.endsWith('/') ? rawPath.slice(0, -1) : rawPath;
  const segments = path === '/' ? [] : path.slice(1).split('/');
  if (segments.some((segment) => /^\.*$/.test(loosestReading(segment)))) {
    return malformed('the path must not contain a segment of blanks and dots');
  }
  return { kind: 'target', path, segments, query, canonical: path + query };
}

/** Whether the triplets of the path are UTF-8 (RFC 3629: in its shortest form) of characters that may be encoded. */
function encodesOneSpelling(path: string): boolean {
  if (!path.includes('%')) return true;
  try {
    return !(path.match(triplets) ?? []).some((run) => mayNotBeEncoded.test(decodeURIComponent(run)));
  } catch {
    return false;
  }
}

/**
 * What the loosest server makes of a segment that parseTarget accepted: decoded, `+` as a blank, look-alikes as what they look like,
 * without blanks around it, in small letters. Two segments that differ here are not the same to anybody.
 */
export function loosestReading(segment: string): string {
  if (!/[%+]/.test(segment)) return segment.toLowerCase();
  return decodeURIComponent(segment.replaceAll('+', ' ')).normalize('NFKC').trim().toLowerCase();
}

const malformed = (reason: string): MalformedTarget => ({ kind: 'malformed', malformed: reason });
