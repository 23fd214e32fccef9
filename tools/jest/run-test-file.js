// Runs one compiled test file in this process: node run-test-file.js <file> <pattern of test names>. Sends the results to the parent.
import { pathToFileURL } from 'node:url';
import { addEventHandler, getState, run } from 'jest-circus';
import { expect } from 'expect';

const [file, testNamePattern] = process.argv.slice(2);
// The parent was killed. Nobody waits for results, and what this file has started must end.
process.once('disconnect', () => process.exit(1));

// A rejection or exception that nothing handles fails the file, as it ends the process in production.
const unhandled = [];
for (const event of ['uncaughtException', 'unhandledRejection'])
  process.on(event, (error) => unhandled.push(String(error?.stack ?? error)));

addEventHandler((event) => {
  if (event.name === 'test_start') expect.setState({ currentTestName: event.test.name, assertionCalls: 0 });
});

// Jest's 5 s are too short for a test that starts programs while another file runs beside it.
globalThis[Symbol.for('TEST_TIMEOUT_SYMBOL')] = 30_000;

async function results() {
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    return { loadError: String(error?.stack ?? error) };
  }
  if (testNamePattern) getState().testNamePattern = new RegExp(testNamePattern, 'i');
  const { testResults, unhandledErrors } = await run();
  const sent = testResults.map(({ testPath, status, errors, duration, startedAt, invocations, location }) => {
    return { testPath, status, errors, duration, startedAt, invocations, location };
  });
  return { testResults: sent, unhandledErrors: [...unhandledErrors, ...unhandled] };
}

const message = await results();
// Whatever the file has left open does not delay the next file. Programs that it started end with this process.
process.send(message, () => process.exit(0));
