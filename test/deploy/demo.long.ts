import { it, jest } from '@jest/globals';
import { endDemoDuringStart } from './demo-process.js';

jest.setTimeout(120_000);

const WAYS = ['demo -9', 'parent -9', 'Ctrl-C'] as const;
const ROUNDS = 20;

it.each(Array.from({ length: ROUNDS }, (_, round) => [round, WAYS[round % WAYS.length]!] as const))(
  'round %i: the demo leaves no process (%s)',
  (_round, how) => endDemoDuringStart(how),
);
