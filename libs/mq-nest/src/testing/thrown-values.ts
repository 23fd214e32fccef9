/** What a handler may throw, by what is odd about it. A description of a failure must not fail for any of them. */
export const THROWN_VALUES: readonly (readonly [what: string, make: () => unknown])[] = [
  ['a text', () => 'no stock'],
  ['null', () => null],
  ['undefined', () => undefined],
  ['a symbol', () => Symbol('no stock')],
  ['a function', () => () => 'no stock'],
  ['an array of arrays', () => circularArray()],
  ['an object without prototype', () => Object.assign(Object.create(null) as object, { message: 'np' })],
  ['an object whose JSON throws', () => ({ toJSON: raise, toString: raise, [Symbol.toPrimitive]: raise })],
  [
    'a million of fields',
    () => Object.fromEntries(Array.from({ length: 1_000_000 }, (_, index) => [`f${index}`, index])),
  ],
  ['a revoked proxy', () => revoked({})],
  ['a revoked proxy of an error', () => revoked(new Error('no stock'))],
  ['a proxy whose every trap throws', () => new Proxy(new Error('no stock'), trapsThatThrow)],
  ['a circular cause', () => chained()],
  ['a cause that is a revoked proxy', () => new Error('no stock', { cause: revoked({}) })],
  ['a cause whose getter throws', () => withGetter('cause')],
  ['a message that is an object', () => Object.assign(new Error('x'), { message: { code: 1 } })],
  ['a message that is a symbol', () => Object.assign(new Error('x'), { message: Symbol('m') })],
  ['a message whose getter throws', () => withGetter('message')],
  ['a stack whose getter throws', () => withGetter('stack')],
  ['a name whose getter throws', () => withGetter('name')],
  ['a constructor whose getter throws', () => withGetter('constructor')],
  ['a constructor that has a name that is no text', () => Object.assign(new Error('x'), { constructor: { name: 7 } })],
  ['no constructor', () => Object.assign(new Error('x'), { constructor: undefined })],
  ['fields that cannot be changed', () => Object.freeze(new Error('x'))],
  [
    'a huge message, stack and cause',
    () => new Error('y'.repeat(5_000_000), { cause: new Error('z'.repeat(5_000_000)) }),
  ],
  ['control characters', () => new Error('a\u0000b\u0001c\u0002d\u001b[2J\u009b2J\ud800e\udc00\r\n')],
  [
    'many errors',
    () =>
      new AggregateError(
        Array.from({ length: 10_000 }, (_, index) => new Error(`e${index}`)),
        'all failed',
      ),
  ],
];

function raise(): never {
  throw new TypeError('no');
}

function withGetter(field: string): Error {
  return Object.defineProperty(new Error('x'), field, { get: raise });
}

function chained(): Error {
  const outer = new Error('outer');
  outer.cause = new Error('inner', { cause: outer });
  return outer;
}

function circularArray(): unknown[] {
  const array: unknown[] = [];
  array.push(array);
  return array;
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const trapsThatThrow: ProxyHandler<object> = {
  get: raise,
  has: raise,
  getPrototypeOf: raise,
  ownKeys: raise,
  set: raise,
};
