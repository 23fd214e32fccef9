// Jest runs tests in a vm context. An error that Node's core makes (fs, net, fetch, a socket of pg) comes from the outer realm, so
// `error instanceof Error` is false in a test although it is true in production. This file makes it true in tests too.
import { types } from 'node:util';

const ordinary = Function.prototype[Symbol.hasInstance];

const recognise = (constructor, isForeign) => {
  Object.defineProperty(constructor, Symbol.hasInstance, {
    configurable: true,
    value(candidate) {
      return ordinary.call(this, candidate) || (this === constructor && isForeign(candidate));
    },
  });
};

const hasConstructorNamed = (value, name) => {
  for (let proto = value; proto; proto = Object.getPrototypeOf(proto)) {
    if (proto.constructor?.name === name) return true;
  }
  return false;
};

recognise(Error, (value) => types.isNativeError(value) || hasConstructorNamed(value, 'DOMException'));
for (const kind of [TypeError, RangeError, SyntaxError, AggregateError]) {
  recognise(kind, (value) => types.isNativeError(value) && hasConstructorNamed(value, kind.name));
}
recognise(Map, types.isMap);
recognise(Set, types.isSet);
recognise(Date, types.isDate);
recognise(Promise, types.isPromise);
