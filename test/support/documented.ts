// Whether an answer of ours is one that docs/openapi.json describes: its status, its media type, every member of its body.
// `call` asks for every answer that it gets, so that the document is held by all that the tests see.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseRouteTable } from '../../src/access/parse-route-table.ts';
import { createRouteMatcher } from '../../src/access/route-matcher.ts';
import paradex from '../../src/access/routes/paradex.json' with { type: 'json' };
import { parseTarget } from '../../src/access/target.ts';

const documentText = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
const matchRoute = createRouteMatcher(parseRouteTable(paradex));

// The document is no schema, but has some in it.
const ajv = new Ajv2020({ strict: false, validateSchema: false, formats: { int64: true, uuid: true } });
ajv.addSchema(JSON.parse(documentText), 'openapi');

export interface Answered {
  readonly status: number;
  readonly contentType: string | null;
  readonly text: string;
}

/** Why the answer is none that the document describes; undefined when it is one, or when the operation is none of ours. */
export function undocumented(method: string, target: string, answer: Answered): string | undefined {
  const parsed = parseTarget(target);
  const match = parsed.kind === 'target' ? matchRoute(method, parsed.segments) : { kind: 'unknown' as const };
  if (match.kind !== 'route' || match.route.servedBy !== 'us') return undefined;
  const { path } = match.route;
  const where = `${method} ${path} ${answer.status}`;
  const operation = ['paths', path, method.toLowerCase()];
  const found = resolved([...operation, 'responses', String(answer.status)]);
  if (found === undefined) return `${where} is not described`;
  const [type = ''] = (answer.contentType ?? '').split(';');
  const content = nodeAt([...found, 'content']);
  if (content === undefined) return answer.text === '' ? undefined : `${where} has a body`;
  if (nodeAt([...found, 'content', type]) === undefined) return `${where} is described, but not as ${type}`;
  if (type !== 'application/json') return undefined;
  const validate = ajv.getSchema(`openapi#/${[...found, 'content', type, 'schema'].map(pointerPart).join('/')}`);
  if (validate === undefined) return `${where} has no schema`;
  return validate(JSON.parse(answer.text)) ? undefined : `${where}: ${ajv.errorsText(validate.errors)}: ${answer.text}`;
}

const document: unknown = JSON.parse(documentText);

function nodeAt(members: readonly string[]): unknown {
  return members.reduce<unknown>(
    (node, member) =>
      typeof node === 'object' && node !== null ? Object.getOwnPropertyDescriptor(node, member)?.value : undefined,
    document,
  );
}

/** The place, or the one that it refers to. */
function resolved(members: readonly string[]): readonly string[] | undefined {
  const node = nodeAt(members);
  if (typeof node !== 'object' || node === null) return undefined;
  return '$ref' in node && typeof node.$ref === 'string' ? node.$ref.slice(2).split('/') : members;
}

const pointerPart = (member: string): string => encodeURIComponent(member.replaceAll('~', '~0').replaceAll('/', '~1'));
