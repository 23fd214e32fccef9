import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { ConfigurationError } from '../errors.js';
import { configField } from './fields.js';
import { loadConfig } from './load-config.js';
import { weaknessOf } from './secret-strength.js';
import { demoFields, serviceFields, tokenFields } from './service-fields.js';

const fields = {
  ...serviceFields({ http: 3001, rpc: 4001, internal: 5001 }),
  ...tokenFields(),
  callbackSecrets: configField.secrets({ minLength: 16, max: 2, reason: 'verify callbacks' }),
};
const hex = () => randomBytes(32).toString('hex');
const GOOD = { token: hex(), service: hex(), callback: hex(), database: hex() };
const problemsOf = (more: Record<string, string>): readonly string[] => {
  const environment = {
    TOKEN_SECRET: GOOD.token,
    SERVICE_SECRETS: `a:${GOOD.service}`,
    CALLBACK_SECRETS: GOOD.callback,
    DATABASE_URL: `postgres://shop:${GOOD.database}@127.0.0.1/shop`,
    ...more,
  };
  try {
    loadConfig(fields, environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
};

describe('a secret', () => {
  it.each([
    'demo-only-token-secret-change-me-please',
    'Demo-only-' + hex(),
    'tooshort',
    'hunter2hunter2',
    'a'.repeat(64),
    'ab'.repeat(32),
    'abcabcabcabcabcabcabcabcabcabcabcabc',
    'correcthorsecorrecthorse',
    '0123456789abcdef0123456789abcdef',
    '0123456789abcdefghijklmnopqrstuv',
    '98765432109876543210987654321098',
    'changeme-changeme-please-change',
    'CHANGE_ME_PLEASE_CHANGE_ME_NOW!!',
    'password1234567890',
    'replace-this-with-a-long-random-string',
    'super-secret-jwt-token-with-at-least-32-characters-long',
    'my-production-secret-2024',
    'your-secret-key-must-be-32-characters',
    'qwertyuiopasdfghjklzxcvbnm123456',
    ' '.repeat(32),
    '00000000000000000000000000000001',
  ])('is refused: %s', (text) => {
    expect(weaknessOf(text)).toMatch(/^is (weak|a secret of the demo)/);
  });

  it.each(['v7Gx!2kQ9#pLm4Zt', 'correct horse battery staple, and more', 'f3b1a9c07d5e2846f3b1a9c07d5e2847'])(
    'is accepted: %s',
    (text) => {
      expect(weaknessOf(text)).toBeUndefined();
    },
  );

  it('is accepted when it is random, in every usual form', () => {
    for (let round = 0; round < 300; round++) {
      const bytes = randomBytes(32);
      for (const text of [bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url').slice(0, 20)]) {
        expect({ text, weakness: weaknessOf(text) }).toEqual({ text, weakness: undefined });
      }
    }
  });
});

describe('a process without DEMO_DATA', () => {
  it('starts with good secrets, and with the password of one user in two URLs', () => {
    expect(problemsOf({})).toEqual([]);
    expect(problemsOf({ MIGRATION_DATABASE_URL: `postgres://shop:${GOOD.database}@db/shop` })).toEqual([]);
    expect(problemsOf({ DATABASE_URL: 'postgres:///shop', REDIS_URL: 'redis://cache:6379' })).toEqual([]);
  });

  it('names every bad secret at once: in lists, beside ids and in URLs; and prints none', () => {
    const problems = problemsOf({
      TOKEN_SECRET: 'x'.repeat(40),
      SERVICE_SECRETS: `a:${GOOD.service},b:demo-only-service-secret-change-me-please`,
      CALLBACK_SECRETS: `${GOOD.callback},changeme-changeme-changeme`,
      DATABASE_URL: 'postgres://shop:hunter2@127.0.0.1/shop',
      MIGRATION_DATABASE_URL: 'postgres://owner:letmein%21@127.0.0.1/shop',
      REDIS_URL: 'redis://:redis@cache:6379',
      HTTP_PORT: 'x',
    });
    expect(new Set(problems.map((problem) => problem.split(' ')[0]))).toEqual(
      new Set([
        'CALLBACK_SECRETS',
        'DATABASE_URL',
        'HTTP_PORT',
        'MIGRATION_DATABASE_URL',
        'REDIS_URL',
        'SERVICE_SECRETS',
        'TOKEN_SECRET',
      ]),
    );
    expect(problems.join('\n')).not.toMatch(/hunter2|letmein|xxxx|changeme|demo-only|:redis/);
  });

  it('has another secret for each purpose', () => {
    expect(problemsOf({ CALLBACK_SECRETS: GOOD.token }).join()).toMatch(/has a secret that \w+ has, too/);
    expect(problemsOf({ SERVICE_SECRETS: `a:${GOOD.token}` })).toHaveLength(1);
    expect(problemsOf({ SERVICE_SECRETS: `a:${GOOD.service},b:${GOOD.service}` }).join()).toContain(
      'SERVICE_SECRETS has a secret twice',
    );
    expect(problemsOf({ MIGRATION_DATABASE_URL: `postgres://owner:${GOOD.database}@db/shop` })).toHaveLength(1);
  });
});

describe('DEMO_DATA', () => {
  it('accepts every secret', () => {
    expect(problemsOf({ DEMO_DATA: 'true', TOKEN_SECRET: 'demo-only-token-secret-change-me-please' })).toEqual([]);
  });

  it('is refused where NODE_ENV is production', () => {
    expect(problemsOf({ DEMO_DATA: 'true', NODE_ENV: 'production' }).join()).toMatch(
      /^DEMO_DATA must not be true where NODE_ENV is production/,
    );
    expect(problemsOf({ NODE_ENV: 'production' })).toEqual([]);
  });

  it('must be a field of a configuration whose secrets are checked', () => {
    const text = configField.secret({ reason: 'of a library that is used elsewhere' });
    expect(loadConfig({ text }, { TEXT: 'weak' }).text.reveal()).toBe('weak');
    expect(() => loadConfig({ text, ...demoFields() }, { TEXT: 'weak' })).toThrow('TEXT is weak');
  });
});
