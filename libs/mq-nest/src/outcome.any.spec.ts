import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { describeFailure, readFailureProperties, toFailureProperties } from './outcome.js';

const now = new Date('2026-01-02T03:04:05.678Z');
/** What separates properties on the wire. */
const SEPARATORS = ['\u0001', '\u0002'];
const PROPERTIES_BYTES_MAX = 20_000;

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});
const text = fc.string({ unit: 'binary', maxLength: 3_000 });
const part = fc.oneof(
  anything,
  text,
  fc.string({ unit: fc.constantFrom('\ud800', '\udc00', '\u0001', '\u0002', '\u0000') }),
);

/** An error whose parts are anything, and whose cause may be itself. */
const anyError = fc
  .record({ message: part, stack: part, name: part, cause: part, constructor: part }, { requiredKeys: [] })
  .chain((parts) => fc.boolean().map((isOwnCause) => ({ parts, isOwnCause })))
  .map(({ parts, isOwnCause }) => {
    const error = Object.assign(new Error('x'), parts);
    if (isOwnCause) error.cause = error;
    return error;
  });

describe('the reason of any failure', () => {
  it('can be written as properties and read again, whatever was thrown', () => {
    fc.assert(
      fc.property(fc.oneof(anything, text, anyError), (thrown) => {
        const reason = describeFailure(thrown, 'stock', now);
        expect(reason.errorClass).not.toBe('');
        const properties = toFailureProperties(reason);
        const all = Object.values(properties).join('');
        expect(SEPARATORS.some((separator) => all.includes(separator))).toBe(false);
        expect(Buffer.byteLength(all)).toBeLessThan(PROPERTIES_BYTES_MAX);
        // Text that is no valid UTF-16 would come back changed.
        const written = JSON.parse(Buffer.from(JSON.stringify(properties)).toString()) as Record<string, string>;
        expect(readFailureProperties(written)).toEqual(reason);
        expect(Buffer.from(all).toString()).toBe(all);
      }),
      { numRuns: 300 },
    );
  });
});
