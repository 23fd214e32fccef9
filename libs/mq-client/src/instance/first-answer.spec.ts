import { describe, expect, it } from '@jest/globals';
import { firstAnswer } from './first-answer.js';

describe('firstAnswer', () => {
  const never = new Promise<string>(() => undefined);

  /** Asks servers that answer as `answers` says, and are late after no time at all. */
  async function ask(answers: Record<string, Promise<string>>) {
    const asked: string[] = [];
    const late: string[] = [];
    const answer = await firstAnswer(Object.keys(answers), {
      ask: (server) => {
        asked.push(server);
        return answers[server] ?? never;
      },
      nextAfterMs: 1,
      onLate: (server) => void late.push(server),
    }).catch((error: Error) => error.message);
    return { answer, asked, late };
  }

  it('asks one server when it answers', async () => {
    expect(await ask({ a: Promise.resolve('1'), b: never })).toEqual({ answer: '1', asked: ['a'], late: [] });
  });

  it('goes on when servers fail or are late, and takes the answer of a late one too', async () => {
    const failing = Promise.reject(new Error('refused'));
    expect(await ask({ a: failing, b: never, c: never, d: Promise.resolve('4') })).toEqual({
      answer: '4',
      asked: ['a', 'b', 'c', 'd'],
      late: ['b', 'c'],
    });
    let answerLate: (text: string) => void = () => undefined;
    const slow = new Promise<string>((resolve) => {
      answerLate = resolve;
    });
    const outcome = ask({ a: slow, b: never });
    setTimeout(() => answerLate('late'), 20);
    expect((await outcome).answer).toBe('late');
  });

  it('fails with the last error when all have failed', async () => {
    const failing = (text: string): Promise<string> => Promise.reject(new Error(text));
    expect(await ask({ a: failing('1'), b: failing('2') })).toMatchObject({ answer: '2', asked: ['a', 'b'] });
  });
});
