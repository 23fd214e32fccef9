import type { Answer } from './rpc-connection.js';
import type { Outcome } from './rpc-metrics.js';

export function outcomeOf(answer: Answer): Outcome {
  if (answer === 'broken') return 'broken';
  if ('err' in answer) return 'fault';
  const { response } = answer;
  return typeof response === 'object' && response !== null && 'ok' in response && response.ok === false
    ? 'refused'
    : 'ok';
}
