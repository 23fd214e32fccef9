import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { ConfigurationError } from '../errors.js';
import { configField } from './fields.js';
import { describeConfig, loadConfig } from './load-config.js';
import { Secret } from './secret.js';
import { processFields, scaledMs, serviceFields } from './service-fields.js';

const fields = {
  httpPort: configField.port({ default: 3001, reason: 'for buyers' }),
  stockRpc: configField.hostPorts({ default: '127.0.0.1:4002', reason: 'where stock is' }),
  tokenSecret: configField.secret({ minLength: 8, reason: 'signs tokens' }),
  redisUrl: configField.optional(configField.secretUrl({ protocols: ['redis'], reason: 'fast path' })),
  demoData: configField.boolean({ default: false, reason: 'seeds' }),
};

const problemsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    loadConfig(fields, environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
};

describe('loadConfig', () => {
  it('reads variables named after the fields, and fills in defaults', () => {
    const config = loadConfig(fields, {
      HTTP_PORT: '0',
      STOCK_RPC: '10.0.0.1:4002, [::1]:4102',
      TOKEN_SECRET: 'v7Gx!2kQ9#pLm4Zt',
      DEMO_DATA: '',
    });
    expect(config.httpPort).toBe(0);
    expect(config.stockRpc).toEqual([
      { host: '10.0.0.1', port: 4002 },
      { host: '::1', port: 4102 },
    ]);
    expect(config.tokenSecret.reveal()).toBe('v7Gx!2kQ9#pLm4Zt');
    expect(config.redisUrl).toBeUndefined();
    expect(config.demoData).toBe(false);
  });

  it('names every problem at once, with the reason of the variable and never a secret', () => {
    const problems = problemsOf({
      HTTP_PORT: '70000',
      STOCK_RPC: 'stock',
      TOKEN_SECRET: 'short',
      REDIS_URL: 'http://user:hunter2@cache',
      DEMO_DATA: 'yes',
    });
    expect(problems).toHaveLength(5);
    expect(problems.join('\n')).toContain(
      'HTTP_PORT must be a whole number from 0 to 65535, but is "70000" (for buyers)',
    );
    expect(problems.join('\n')).not.toMatch(/hunter2|short/);
  });

  it.each(['', '-1', '1.5', '0x10', '1e3', ' '])('does not take %p for a port', (text) => {
    const problems = problemsOf({ HTTP_PORT: text, TOKEN_SECRET: 'v7Gx!2kQ9#pLm4Zt' });
    expect(problems).toHaveLength(text === '' ? 0 : 1);
  });

  describe('durations', () => {
    const durations = {
      ...processFields(),
      quickMs: configField.integer({ default: 10, reason: 'test' }),
      slowMs: configField.integer({ default: 100, reason: 'test' }),
      verySlowMs: configField.integer({ default: 1_000, reason: 'test' }),
    };
    const rules = [
      { field: 'slowMs', atLeast: ['quickMs'], reason: 'slow is slower' },
      { field: 'verySlowMs', atLeast: ['slowMs', 'quickMs'], reason: 'very slow is slower than both' },
    ] as const;
    const problemsWith = (environment: Record<string, string>): readonly string[] => {
      try {
        loadConfig(durations, environment, rules);
        return [];
      } catch (error) {
        return (error as ConfigurationError).problems;
      }
    };

    it('that no timer can wait for are refused by name, all at once, also those that TIME_SCALE makes so long', () => {
      expect(problemsWith({ VERY_SLOW_MS: '2147483647' })).toEqual([]);
      expect(problemsWith({ SLOW_MS: '2147483648', VERY_SLOW_MS: '99999999999' })).toEqual([
        'SLOW_MS=2147483648 must be from 0 to 2147483647 ms',
        'VERY_SLOW_MS=99999999999 must be from 0 to 2147483647 ms',
      ]);
      expect(problemsWith({ VERY_SLOW_MS: '214748365', TIME_SCALE: '0.1' })).toEqual([
        'VERY_SLOW_MS=214748365 divided by TIME_SCALE=0.1 must be from 0 to 2147483647 ms',
      ]);
      expect(problemsWith({ VERY_SLOW_MS: '214748365', TIME_SCALE: '1000' })).toEqual([]);
      expect(problemsWith({ TIME_SCALE: '0.001' })).toHaveLength(1);
    });

    it('that contradict each other are refused, all at once', () => {
      expect(problemsWith({ QUICK_MS: '200', VERY_SLOW_MS: '250' })).toEqual([
        'SLOW_MS=100 must be at least QUICK_MS=200: slow is slower',
        'VERY_SLOW_MS=250 must be at least SLOW_MS=100 + QUICK_MS=200: very slow is slower than both',
      ]);
      expect(problemsWith({ QUICK_MS: 'soon', VERY_SLOW_MS: '1' })).toHaveLength(1);
    });
  });

  it.each([
    ['letters of another alphabet', 'ключ-который-никто-не-угадает'],
    ['an umlaut', 'schlüssel-fürs-konto-4711'],
    ['a line break', 'v7Gx!2kQ9#pLm\n4Zt8'],
    ['a control character', 'v7Gx!2kQ9#pLm\u00004Zt8'],
    ['a soft hyphen', 'v7Gx!2kQ9#pLm\u00ad4Zt8'],
  ])('takes no key with %s that travels in a header', (_what, key) => {
    const keys = { merchantKey: configField.headerSecrets({ minLength: 16, max: 2, reason: 'shown' }) };
    const load = (text: string) => () => loadConfig(keys, { MERCHANT_KEY: text });
    for (const text of [key, `v7Gx!2kQ9#pLm4Zt8,${key}`])
      expect(load(text)).toThrow('MERCHANT_KEY must be printable ASCII, because it travels in a header (shown)');
    expect(load(' v7Gx!2kQ9#pLm 4Zt8 , ~second/key=+:2kQ9#pLm ')).not.toThrow();
  });

  it('describes itself', () => {
    expect(describeConfig(fields)).toContain('TOKEN_SECRET (required): signs tokens');
    expect(describeConfig(fields)).toContain('REDIS_URL (optional): fast path');
    expect(describeConfig(serviceFields({ http: 3001, rpc: 4001, internal: 5001 }))).toContain(
      'RPC_PORT (default 4001)',
    );
  });
});

describe('secrets with ids', () => {
  const keyed = { serviceSecrets: configField.keyedSecrets({ minLength: 32, max: 2, reason: 'signs calls' }) };
  const secret = (letter: string) => letter.repeat(32);
  const wrong = (text: string): string => {
    try {
      loadConfig(keyed, { SERVICE_SECRETS: text });
    } catch (error) {
      return String(error);
    }
    throw new Error('it was taken');
  };

  it('are read in their order; a secret may contain colons', () => {
    const { serviceSecrets } = loadConfig(keyed, { SERVICE_SECRETS: `new:${secret('n')}:x, old-1:${secret('o')}` });
    expect(serviceSecrets.map(({ id, secret: value }) => [id, value.reveal()])).toEqual([
      ['new', `${secret('n')}:x`],
      ['old-1', secret('o')],
    ]);
    expect(JSON.stringify(serviceSecrets) + inspect(serviceSecrets, { depth: 9 })).not.toMatch(/nnnn|oooo/);
  });

  it.each([
    ['', 'required'],
    [secret('x'), 'must be id:secret'],
    [`Upper:${secret('x')}`, 'must be id:secret'],
    [`an-id-of-seventeen:${secret('x')}`, 'must be id:secret'],
    ['a:xxxx', 'at least 32 characters after each id'],
    [`a:${secret('x')},a:${secret('y')}`, 'another id for each secret'],
    [`a:${secret('x')},b:${secret('y')},c:${secret('z')}`, 'at most 2 entries'],
  ])('%p is refused, and the message has no secret in it', (text, problem) => {
    expect(wrong(text)).toContain(problem);
    expect(wrong(text)).not.toContain('xxxx');
  });
});

describe('a secret', () => {
  it('is not printed by anything that prints', () => {
    const secret = new Secret('hunter2');
    const printed = [
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }),
      inspect(secret, { depth: 9, showHidden: true }),
    ];
    for (const text of printed) expect(text).not.toContain('hunter2');
    expect(secret.reveal()).toBe('hunter2');
  });
});

describe('the clock knob', () => {
  it.each([
    [1_800_000, 1, 1_800_000],
    [1_800_000, 3_600, 500],
    [10, 1_000, 1],
  ])('%i ms at scale %i are %i ms', (durationMs, scale, expected) => {
    expect(scaledMs(durationMs, scale)).toBe(expected);
  });
});
