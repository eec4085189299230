import { expect } from 'vitest';
import type { RawAnswer } from './raw-http.ts';

const REQUEST_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The error form of docs/wire.md section 11 by its bytes: nothing before, between or after. */
export function expectRawRefusal(answer: RawAnswer, status: number, code: string): void {
  expect(`${answer.status} ${answer.body}`).toContain(`${status} {"error":"${code}","message":"`);
  expect(Object.keys(JSON.parse(answer.body))).toEqual(['error', 'message', 'data']);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('countersign-request-id')).toMatch(REQUEST_ID);
  expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(answer.body)));
}
