// What a test gets from `@jest/globals` when native-runner.js runs it.
import { expect } from 'expect';
import { ModuleMocker } from 'jest-mock';

export { afterAll, afterEach, beforeAll, beforeEach, describe, it, test } from 'jest-circus';
export { expect };

const mocker = new ModuleMocker(globalThis);

/** Modules are not mocked: an end-to-end test runs the real ones. */
export const jest = {
  fn: mocker.fn.bind(mocker),
  spyOn: mocker.spyOn.bind(mocker),
  setTimeout: (ms) => {
    globalThis[Symbol.for('TEST_TIMEOUT_SYMBOL')] = ms;
  },
};
