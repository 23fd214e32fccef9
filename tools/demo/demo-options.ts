import { parseArgs } from 'node:util';

export interface DemoOptions {
  readonly once: boolean;
  readonly compose: boolean;
  readonly freePorts: boolean;
  /** Undefined: the twelve orders pass fast, and then a person has 2 minutes to pay. */
  readonly timeScale: number | undefined;
}

/** tools/commands.mjs has checked the words that a person typed. */
export function parseDemoOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: 'boolean', default: false },
      compose: { type: 'boolean', default: false },
      'free-ports': { type: 'boolean', default: false },
      'time-scale': { type: 'string' },
    },
  });
  const scale = values['time-scale'];
  return {
    once: values.once,
    compose: values.compose,
    freePorts: values['free-ports'],
    timeScale: scale === undefined ? undefined : Number(scale),
  };
}
