import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRequest, encodeFrame, FrameReader, GetMaxOffset } from '@rocketshop/mq-protocol';
import type { RemotingCommand } from '@rocketshop/mq-protocol';
import { until } from '@rocketshop/shop-testkit';
import { ask, BrokerUnderTest, heartbeat, send, sendRequest, sent } from './support/broker-under-test.js';

/** A socket without any of our code on the sending side. */
class RawSocket {
  readonly answers: RemotingCommand[] = [];
  isClosed = false;
  private readonly reader = new FrameReader((view) => {
    this.answers.push(view.toCommand());
    return true;
  });

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.reader.push(chunk, 0, chunk.length));
    socket.on('close', () => (this.isClosed = true));
    socket.on('error', () => {});
  }

  static open(port: number): Promise<RawSocket> {
    return new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(new RawSocket(socket)));
    });
  }
}

function jsonFrame(header: unknown, body = Buffer.alloc(0)): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeInt32BE(4 + text.length + body.length, 0);
  prefix.writeInt32BE(text.length, 4);
  return Buffer.concat([prefix, text, body]);
}

/** Rows 1 to 7 of the conformance list: frames, as any client may send them. */
describe('a broker', () => {
  let broker: BrokerUnderTest;
  const sockets: RawSocket[] = [];

  const open = async (): Promise<RawSocket> => {
    const socket = await RawSocket.open(broker.handle.port);
    sockets.push(socket);
    return socket;
  };

  beforeEach(async () => {
    broker = await BrokerUnderTest.start({ channelExpiredTimeout: 1_000 });
  });

  afterEach(async () => {
    for (const { socket } of sockets.splice(0)) socket.destroy();
    await broker.close();
  });

  it('understands a frame in 1-byte pieces and 100 frames in one (row 1)', async () => {
    const raw = await open();
    for (const byte of encodeFrame(sendRequest('orders'), 7)) raw.socket.write(Buffer.of(byte));
    await until(() => raw.answers.length === 1);
    raw.socket.write(
      Buffer.concat(Array.from({ length: 100 }, (_, index) => encodeFrame(sendRequest('orders'), index))),
    );
    await until(() => raw.answers.length === 101);

    expect(raw.answers.every(({ code }) => code === 0)).toBe(true);
    expect(raw.answers.map((answer) => sent(answer).queueOffset)).toEqual(
      Array.from({ length: 101 }, (_, index) => index),
    );
  });

  it('closes a connection that announces too long a frame, and serves the others (row 2)', async () => {
    const bad = await open();
    const good = await broker.connect();
    const prefix = Buffer.alloc(8);
    prefix.writeInt32BE(16 * 1024 * 1024 + 1, 0);
    bad.socket.write(prefix);
    await until(() => bad.isClosed);

    expect((await send(good, 'orders')).code).toBe(0);
  });

  it('takes numbers and booleans for text, and absent or unknown members (row 3)', async () => {
    const raw = await open();
    const extFields = {
      a: 'g',
      b: 'orders',
      c: 'TBW102',
      d: 4,
      e: 1,
      f: 0,
      g: 1_700_000_000_000,
      h: 0,
      i: '',
      k: false,
      m: false,
    };
    const header = { code: 310, language: 'JAVA', version: 121, opaque: 1, flag: 0, unknown: { nested: [1] } };
    raw.socket.write(jsonFrame({ ...header, extFields }, Buffer.from('x')));
    raw.socket.write(jsonFrame({ ...header, code: 9999, opaque: 2, extFields: null, remark: null }));
    await until(() => raw.answers.length === 2);

    expect(raw.answers.find(({ opaque }) => opaque === 1)).toMatchObject({ code: 0, extFields: { queueId: '1' } });
    expect(raw.answers.find(({ opaque }) => opaque === 2)?.code).toBe(3);
  });

  it("answers in JSON with text only, the request's number and the response bit (row 4)", async () => {
    const raw = await open();
    let bytes = Buffer.alloc(0);
    raw.socket.on('data', (chunk: Buffer) => (bytes = Buffer.concat([bytes, chunk])));
    raw.socket.write(encodeFrame(sendRequest('orders'), 41));
    await until(() => raw.answers.length === 1);

    const headerLength = bytes.readInt32BE(4);
    expect(headerLength >>> 24).toBe(0);
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as { extFields: Record<string, unknown> };
    expect(header).toMatchObject({ opaque: 41, flag: 1 });
    expect(Object.values(header.extFields).every((value) => typeof value === 'string')).toBe(true);
  });

  it('answers each of two requests, whichever is done first (row 4)', async () => {
    const raw = await open();
    const held = createRequest(11, {
      extFields: {
        consumerGroup: 'g',
        topic: 'orders',
        queueId: '0',
        queueOffset: '0',
        maxMsgNums: '1',
        sysFlag: '6',
        commitOffset: '0',
        suspendTimeoutMillis: '300',
        subscription: '*',
        subVersion: '0',
      },
    });
    await send(await broker.connect(), 'orders', { queueId: 1 });
    raw.socket.write(
      Buffer.concat([
        encodeFrame(held, 5),
        encodeFrame(GetMaxOffset.createRequest({ topic: 'orders', queueId: 1 }), 6),
      ]),
    );
    await until(() => raw.answers.length === 2);

    expect(raw.answers.map(({ opaque, code }) => [opaque, code])).toEqual([
      [6, 0],
      [5, 19],
    ]);
  });

  it('says which code it does not serve, and nothing when nobody asked (row 5)', async () => {
    const raw = await open();
    raw.socket.write(encodeFrame(createRequest(9999, { oneway: true }), 1));
    raw.socket.write(encodeFrame(createRequest(9999), 2));
    raw.socket.write(encodeFrame(sendRequest('orders'), 3));
    await until(() => raw.answers.length === 2);

    expect(raw.answers.map(({ opaque, code }) => [opaque, code])).toEqual([
      [2, 3],
      [3, 0],
    ]);
    expect(raw.answers[0]?.remark).toContain('request type 9999 not supported');
  });

  it('understands a binary header (row 6)', async () => {
    const peer = await broker.connect();
    const answer = await ask(peer, {
      ...sendRequest('orders', { properties: { TAGS: 'TagA' } }),
      serializeType: 'ROCKETMQ',
    });

    expect(sent(answer)).toMatchObject({ code: 0, queueOffset: 0 });
  });

  it('closes an idle connection, not one with heartbeats (row 7)', async () => {
    const idle = await open();
    const alive = await broker.connect();
    const beats = setInterval(() => void heartbeat(alive, 'c1', 'g', { orders: '*' }).catch(() => {}), 200);
    await until(() => idle.isClosed);
    clearInterval(beats);

    expect(alive.closed).toBe(false);
  });
});
