import { afterEach, describe, expect, it } from '@jest/globals';
import type { MessageExt } from '@rocketshop/mq-protocol';
import { silentLogger } from '../logger.js';
import { ConsumeDispatcher } from './consume-dispatcher.js';
import type { MessageListener } from './message-listener.js';
import { ProcessQueue } from './process-queue.js';
import type { SendBack } from './send-back.js';

type DispatcherOptions = ConstructorParameters<typeof ConsumeDispatcher>[2];

const queue = { topic: 'T', brokerName: 'broker-a', queueId: 0 };
const messages = (count: number): MessageExt[] =>
  Array.from(
    { length: count },
    (_, queueOffset) =>
      ({
        topic: 'T',
        queueOffset,
        body: Buffer.from('x'),
        sysFlag: 0,
        properties: {},
        reconsumeTimes: 0,
      }) as unknown as MessageExt,
  );

/** Records what was sent back, and answers as the test says. */
function recorder(answers = true) {
  const given: { offset: number; delayLevel: number }[] = [];
  const recording = {
    given,
    answers,
    give: async (message: MessageExt, _queue: unknown, delayLevel: number) => {
      given.push({ offset: message.queueOffset, delayLevel });
      return recording.answers;
    },
  };
  return recording;
}

const dispatchers: ConsumeDispatcher[] = [];
afterEach(() => dispatchers.splice(0).forEach((dispatcher) => dispatcher.stop()));

function dispatch(
  listener: MessageListener,
  count: number,
  options: Partial<DispatcherOptions> = {},
  sendBack: Pick<SendBack, 'give'> = recorder(),
) {
  const processQueue = new ProcessQueue(queue, 0);
  const dispatcher = new ConsumeDispatcher(
    listener,
    sendBack as SendBack,
    { consumeThreadMax: 20, consumeMessageBatchMaxSize: 1, consumeTimeoutMs: 60_000, localRetryDelayMs: 1, ...options },
    silentLogger,
    () => undefined,
  );
  dispatchers.push(dispatcher);
  dispatcher.submit(processQueue, processQueue.add(messages(count), count));
  return { processQueue, dispatcher };
}

describe('ConsumeDispatcher', () => {
  it('calls the listener for every message, with no more calls at once than allowed', async () => {
    let running = 0;
    let most = 0;
    const seen: number[] = [];
    const { processQueue, dispatcher } = dispatch(
      async ([message]) => {
        most = Math.max(most, (running += 1));
        await Promise.resolve();
        seen.push(message?.queueOffset ?? -1);
        running -= 1;
      },
      50,
      { consumeThreadMax: 4 },
    );
    await dispatcher.drained();
    expect([most, seen.length, processQueue.commitOffset]).toEqual([4, 50, 50]);
  });

  it('calls the listener with batches, and sends back the messages that it did not acknowledge', async () => {
    const sendBack = recorder();
    const { processQueue, dispatcher } = dispatch(
      (_batch, context) => {
        context.ackIndex = 1;
        context.delayLevelWhenNextConsume = 4;
      },
      6,
      { consumeMessageBatchMaxSize: 3 },
      sendBack,
    );
    await dispatcher.drained();
    expect(sendBack.given).toEqual([
      { offset: 2, delayLevel: 4 },
      { offset: 5, delayLevel: 4 },
    ]);
    expect(processQueue.commitOffset).toBe(6);
  });

  it.each<[string, MessageListener]>([
    ['RECONSUME_LATER', () => 'RECONSUME_LATER'],
    ['a rejection', () => Promise.reject(new Error('no'))],
    [
      'a throw',
      () => {
        throw new Error('no');
      },
    ],
  ])('sends a message back after %s', async (_name, listener) => {
    const sendBack = recorder();
    const { processQueue, dispatcher } = dispatch(listener, 1, {}, sendBack);
    await dispatcher.drained();
    expect(sendBack.given).toEqual([{ offset: 0, delayLevel: 0 }]);
    expect(processQueue.commitOffset).toBe(1);
  });

  it('consumes a message here again while no broker takes it back, and commits no offset behind it', async () => {
    const sendBack = recorder(false);
    const deliveries: number[] = [];
    let done = (): void => undefined;
    const consumed = new Promise<void>((resolve) => (done = resolve));
    const { processQueue, dispatcher } = dispatch(
      ([message]) => {
        deliveries.push(message?.reconsumeTimes ?? -1);
        if (deliveries.length < 3) return 'RECONSUME_LATER';
        done();
        return 'CONSUME_SUCCESS';
      },
      1,
      {},
      sendBack,
    );
    expect(processQueue.commitOffset).toBe(0);
    await consumed;
    await dispatcher.drained();
    expect(deliveries).toEqual([0, 1, 2]);
    expect(processQueue.commitOffset).toBe(1);
  });

  it('sends a message back after the consume timeout, whatever its listener answers later', async () => {
    const sendBack = recorder();
    let finish = (): void => undefined;
    const hanging = new Promise<void>((resolve) => (finish = resolve));
    const { processQueue, dispatcher } = dispatch(
      () => hanging.then(() => 'RECONSUME_LATER'),
      1,
      { consumeTimeoutMs: 1 },
      sendBack,
    );
    while (processQueue.commitOffset === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    finish();
    await dispatcher.drained();
    expect(sendBack.given).toEqual([{ offset: 0, delayLevel: 3 }]);
  });

  it('starts no call while paused, and drops the waiting messages when stopped', async () => {
    let calls = 0;
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const { processQueue, dispatcher } = dispatch(
      () => {
        calls += 1;
        return gate;
      },
      3,
      { consumeThreadMax: 1 },
    );
    dispatcher.pause();
    open();
    await dispatcher.drained();
    expect([calls, processQueue.commitOffset]).toEqual([1, 1]);
    dispatcher.stop();
    dispatcher.resume();
    await dispatcher.drained();
    expect([calls, processQueue.commitOffset]).toEqual([1, 1]);
  });

  it('sends a message whose body cannot be inflated to the dead letter queue, without a listener call', async () => {
    const sendBack = recorder();
    let calls = 0;
    const processQueue = new ProcessQueue(queue, 0);
    const { dispatcher } = dispatch(() => void (calls += 1), 0, {}, sendBack);
    const broken = { ...messages(1)[0], sysFlag: 1 } as MessageExt;
    dispatcher.submit(processQueue, processQueue.add([broken], 1));
    await dispatcher.drained();
    expect([calls, processQueue.commitOffset]).toEqual([0, 1]);
    expect(sendBack.given).toEqual([{ offset: 0, delayLevel: -1 }]);
  });

  it.each<[string, () => unknown]>([
    ['a revoked proxy', revokedProxy],
    ['an error whose message is a symbol', () => Object.assign(new Error('x'), { message: Symbol('m') })],
    [
      'an error whose message has no text',
      () => Object.assign(new Error('x'), { message: Object.create(null) as string }),
    ],
    ['an object without text', () => Object.create(null) as unknown],
    ['a symbol', () => Symbol('s')],
  ])('sends the message back, with the delay that was chosen, when the listener throws %s', async (_what, thrown) => {
    const sendBack = recorder();
    const listener: MessageListener = (_messages, context) => {
      context.delayLevelWhenNextConsume = 7;
      throw thrown();
    };
    const { processQueue } = dispatch(listener, 1, {}, sendBack);
    await until(() => processQueue.count === 0);
    expect(sendBack.given).toEqual([{ offset: 0, delayLevel: 7 }]);
  });

  it('consumes a message here again when something other than the listener fails', async () => {
    const calls: number[] = [];
    const failing = { give: () => Promise.reject(new Error('a fault of ours')) };
    const { processQueue } = dispatch(
      () => {
        if (calls.push(1) < 3) throw new Error('x');
      },
      1,
      {},
      failing,
    );
    await until(() => processQueue.count === 0);
    expect(calls).toHaveLength(3);
  });
});

function revokedProxy(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 2_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the state was not reached within 2 s');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
