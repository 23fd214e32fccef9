import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import * as contracts from './index.js';

/** What PostgreSQL cannot hold, as a whole text and inside of one. */
const BAD = ['\0', '\ud800', '\udc00', 'a\0', '\0a', 'a\ud83d', '\ud83d a', '\ude00\ud83d'];
/** Texts that formats accept, so that a format which looks at the beginning only is found. */
const GOOD = [
  'teapot',
  '1250',
  'EUR',
  '0190b1f0-0000-7000-8000-000000000001',
  '2026-01-01T00:00:00.000Z',
  'http://127.0.0.1/a',
  '',
];

type Found = readonly [path: string, schema: z.ZodType];

/** Every schema of a text below `schema`. */
function* textsIn(path: string, schema: z.ZodType): Generator<Found> {
  const definition = schema.def as unknown as Record<string, unknown> & { readonly type: string };
  if (definition.type === 'string') yield [path, schema];
  for (const [name, part] of Object.entries(definition)) {
    if (name === 'shape') {
      for (const [member, inner] of Object.entries(part as Record<string, z.ZodType>))
        yield* textsIn(`${path}.${member}`, inner);
    } else if (part instanceof z.ZodType) yield* textsIn(path, part);
    else if (Array.isArray(part)) {
      for (const inner of part) if (inner instanceof z.ZodType) yield* textsIn(path, inner);
    }
  }
}

function* schemasOf(name: string, value: unknown): Generator<Found> {
  if (value instanceof z.ZodType) yield [name, value];
  else if (typeof value === 'object' && value !== null) {
    for (const [member, part] of Object.entries(value))
      if (part instanceof z.ZodType) yield [`${name}.${member}`, part];
  }
}

const roots = Object.entries(contracts).flatMap(([name, value]) => Array.from(schemasOf(name, value)));
const texts = roots.flatMap(([name, schema]) => Array.from(textsIn(name, schema)));

describe('every text of every message, call and answer', () => {
  it('is found by this walk', () => {
    const paths = texts.map(([path]) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['orderCancelled.schema.reason', 'orderCancelled.schema.items.goodsId']),
    );
    expect(paths.length).toBeGreaterThan(40);
  });

  it.each(texts)('%s is text that PostgreSQL can hold', (_path, schema) => {
    const accepted = [...BAD, ...GOOD.flatMap((good) => BAD.map((bad) => good + bad))].filter(
      (value) => schema.safeParse(value).success,
    );
    expect(accepted).toEqual([]);
  });
});

it('a text may hold everything else', () => {
  for (const value of ['', 'Grüße', '😀', '\u0001\uffff', '\ud83d\ude00'])
    expect(contracts.text().parse(value)).toBe(value);
});
