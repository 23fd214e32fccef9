import { describe, expect, it } from '@jest/globals';
import { HeaderFieldError } from '../errors.js';
import { HeaderSchema, optional, required } from './header-schema.js';

const schema = new HeaderSchema({
  topic: required.string,
  queueId: required.int,
  offset: required.long,
  order: optional.boolean,
  maxBytes: optional.int,
});

describe('a header schema', () => {
  it('writes text and reads it back, without what is absent', () => {
    const fields = schema.encode({ topic: 'T', queueId: -1, offset: 2 ** 40, order: true, maxBytes: undefined });
    expect(fields).toEqual({ topic: 'T', queueId: '-1', offset: '1099511627776', order: 'true' });
    expect(schema.decode({ ...fields, unknown: 'x' })).toEqual({
      topic: 'T',
      queueId: -1,
      offset: 2 ** 40,
      order: true,
    });
  });

  it('reads booleans as Java does', () => {
    const read = (order: string): boolean | undefined =>
      schema.decode({ topic: 'T', queueId: '1', offset: '1', order }).order;
    expect(['TRUE', 'true', '1', 'yes', ''].map(read)).toEqual([true, true, false, false, false]);
  });

  it('reads the largest int64 as the largest safe integer', () => {
    expect(schema.decode({ topic: 'T', queueId: '1', offset: '9223372036854775807' }).offset).toBe(
      Number.MAX_SAFE_INTEGER,
    );
  });

  it.each([
    [{ queueId: '1', offset: '1' }, 'topic'],
    [{ topic: 'T', queueId: '1.5', offset: '1' }, 'queueId'],
    [{ topic: 'T', queueId: '2147483648', offset: '1' }, 'queueId'],
    [{ topic: 'T', queueId: '1', offset: '' }, 'offset'],
    [{ topic: 'T', queueId: '1', offset: '99999999999999999999' }, 'offset'],
    [undefined, 'topic'],
  ])('refuses %j and names the field', (fields, name) => {
    expect(() => schema.decode(fields as Record<string, string> | undefined)).toThrow(HeaderFieldError);
    expect(() => schema.decode(fields as Record<string, string> | undefined)).toThrow(`<${name}>`);
  });

  it('does not read what an object inherits', () => {
    expect(() => new HeaderSchema({ constructor: required.string }).decode({})).toThrow(HeaderFieldError);
  });
});
