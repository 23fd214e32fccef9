import { describe, expect, it } from '@jest/globals';

import { applyAttributeChange } from './topic-attributes.js';

describe('a change of topic attributes', () => {
  it('adds, replaces and removes', () => {
    expect(applyAttributeChange({}, '+message.type=FIFO')).toEqual({ 'message.type': 'FIFO' });
    expect(applyAttributeChange({ 'message.type': 'FIFO' }, '+message.type=DELAY')).toEqual({
      'message.type': 'DELAY',
    });
    expect(applyAttributeChange({ 'message.type': 'FIFO' }, '-message.type')).toEqual({});
    expect(applyAttributeChange({ 'message.type': 'FIFO' }, '')).toEqual({ 'message.type': 'FIFO' });
  });

  it.each(['+unknown=1', '+message.type=SOMETIMES', 'message.type=FIFO', '+__proto__=x', '+message.type'])(
    'refuses %s',
    (change) => {
      expect(() => applyAttributeChange({}, change)).toThrow(RangeError);
    },
  );
});
