import { afterEach, describe, expect, it } from '@jest/globals';
import { FrameError, PeerError, RequestRefusedError } from '../errors.js';
import { decodeFrame } from '../frame/decode-frame.js';
import { encodeFrame } from '../frame/encode-frame.js';
import { createRequest, createResponse } from '../frame/remoting-command.js';
import type { RemotingCommand } from '../frame/remoting-command.js';
import { peerLimits } from './peer-limits.js';
import type { PeerLimits } from './peer-limits.js';
import { Peer } from './peer.js';
import type { PeerHandlers } from './peer.js';
import { FakeSocket } from './testing/fake-socket.js';

const open: Peer[] = [];

function connect(handlers: PeerHandlers = {}, limits: Partial<PeerLimits> = {}): { peer: Peer; socket: FakeSocket } {
  const socket = new FakeSocket();
  const peer = new Peer(socket, handlers, peerLimits(limits));
  open.push(peer);
  return { peer, socket };
}

/** Delivers bytes through a buffer that is overwritten after the hand-over. */
function deliver(peer: Peer, ...commands: RemotingCommand[]): boolean {
  const buffer = Buffer.concat(commands.map((command) => encodeFrame(command)));
  const isReading = peer.receive(buffer, buffer.length);
  buffer.fill(0xdd);
  return isReading;
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const request = (code: number, opaque: number, flag = 0): RemotingCommand => ({ ...createRequest(code), opaque, flag });

afterEach(() => {
  for (const peer of open.splice(0)) peer.close(new Error('the test is over'));
});

describe('a peer', () => {
  it('knows both ends, with IPv4 written plainly', () => {
    const { peer } = connect();
    expect([peer.address, peer.localHost, peer.localPort]).toEqual(['10.0.0.5:40000', '10.0.0.1', 10_911]);
  });

  it('sends everything of one tick by one write', async () => {
    const { peer, socket } = connect();
    for (let index = 0; index < 100; index += 1)
      peer.oneway(createRequest(15, { extFields: { index: String(index) } }));
    const at = peer.reserve(100);
    const answer = encodeFrame(createResponse({ opaque: 7, serializeType: 'JSON' }, 0));
    answer.copy(peer.writeBuffer, at);
    peer.commit(at + answer.length);
    peer.write(Buffer.concat([encodeFrame(createRequest(1, { body: Buffer.alloc(200_000, 1) }))]));
    expect(socket.sent).toHaveLength(0);
    await tick();
    expect(socket.sent).toHaveLength(1);
    const commands = socket.commands();
    expect(commands).toHaveLength(102);
    expect(commands[99]).toMatchObject({ flag: 2, extFields: { index: '99' } });
    expect(commands[100]).toMatchObject({ opaque: 7, flag: 1 });
    expect(commands[101]?.body).toHaveLength(200_000);
  });

  it('answers the frames of one read by one write, after the batch', async () => {
    const order: string[] = [];
    const { peer, socket } = connect({
      onRequest: (command) => {
        order.push(`request ${command.opaque}`);
        return createResponse(command, 0);
      },
      onReadBatchEnd: () => order.push('end'),
    });
    deliver(peer, request(1, 1), request(1, 2), request(1, 3));
    expect(order).toEqual(['request 1', 'request 2', 'request 3', 'end']);
    expect(socket.sent).toHaveLength(1);
    expect(socket.commands().map(({ opaque }) => opaque)).toEqual([1, 2, 3]);
    await tick();
  });

  it('shows requests to the hot hook first, in place', () => {
    const taken: number[] = [];
    const plain: number[] = [];
    const { peer } = connect({
      onFrame: (view) => view.code === 310 && taken.push(view.opaque) > 0,
      onRequest: (command) => void plain.push(command.opaque),
    });
    deliver(peer, request(310, 1), request(34, 2), request(310, 3));
    expect([taken, plain]).toEqual([[1, 3], [2]]);
  });

  it('answers what a handler throws, and nothing to oneways', async () => {
    const { peer, socket } = connect({
      onRequest: (command) => {
        if (command.code === 1) throw new RequestRefusedError(17, 'no such topic');
        return Promise.reject(new TypeError('broken'));
      },
    });
    deliver(peer, request(1, 1), request(2, 2), request(1, 3, 2), request(2, 4, 2));
    await tick();
    expect(socket.commands()).toMatchObject([
      { opaque: 1, code: 17, remark: 'no such topic' },
      { opaque: 2, code: 1, remark: 'TypeError: broken' },
    ]);
  });

  it('answers a hot hook that throws', () => {
    const { peer, socket } = connect({
      onFrame: () => {
        throw new Error('hot');
      },
    });
    deliver(peer, request(310, 5), request(310, 6, 2));
    expect(socket.commands()).toMatchObject([{ opaque: 5, code: 1, remark: 'Error: hot' }]);
  });

  it('answers 3 where nobody handles requests, and 2 when too many are under way', async () => {
    const { peer, socket } = connect();
    deliver(peer, request(4711, 1));
    expect(socket.commands()[0]).toMatchObject({ code: 3, remark: ' request type 4711 not supported' });
    const busy = connect({ onRequest: () => new Promise(() => undefined) }, { requestsInFlightMax: 1 });
    deliver(busy.peer, request(1, 1), request(1, 2));
    expect(busy.socket.commands()).toMatchObject([{ opaque: 2, code: 2 }]);
    await tick();
  });

  it('matches answers in any order and drops those that come late', async () => {
    const { peer, socket } = connect();
    const first = peer.request(createRequest(1), 1000);
    const second = peer.request(createRequest(2), 1000);
    await tick();
    const [one, two] = socket.commands() as [RemotingCommand, RemotingCommand];
    expect(one.opaque).not.toBe(two.opaque);
    deliver(
      peer,
      createResponse(two, 22),
      createResponse(one, 11),
      createResponse(one, 99),
      createResponse(request(1, 77), 9),
    );
    expect([(await first).code, (await second).code]).toEqual([11, 22]);
    expect(peer.pendingRequests).toBe(0);
  });

  it('keeps an answer unharmed when the read buffer is used again', async () => {
    const { peer, socket } = connect();
    const answer = peer.request(createRequest(1), 1000);
    await tick();
    deliver(
      peer,
      createResponse(socket.commands()[0] as RemotingCommand, 0, { body: Buffer.from('kept'), extFields: { a: 'b' } }),
    );
    expect(await answer).toMatchObject({ body: Buffer.from('kept'), extFields: { a: 'b' } });
  });

  it('fails a request whose time is over, and goes on', async () => {
    const { peer } = connect();
    const late = peer.request(createRequest(1), 100);
    peer.scan(performance.now() + 101);
    await expect(late).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT', retriable: true });
    expect(peer.closed).toBe(false);
  });

  it('fails all pending requests at once when the connection closes', async () => {
    let closes = 0;
    const { peer } = connect({ onClose: () => (closes += 1) });
    const pending = [peer.request(createRequest(1), 1000), peer.request(createRequest(2), 1000)];
    peer.socketClosed(new Error('reset'));
    for (const result of await Promise.allSettled(pending)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'CONNECTION_CLOSED' } });
    }
    await expect(peer.request(createRequest(3), 1000)).rejects.toBeInstanceOf(PeerError);
    peer.close();
    peer.oneway(createRequest(1));
    expect(closes).toBe(1);
  });

  it('refuses more requests than may wait, and requests over the frame limit', async () => {
    const { peer } = connect({}, { pendingRequestsMax: 1, frameBytesMax: 1000 });
    await expect(peer.request(createRequest(1, { body: Buffer.alloc(2000) }), 1000)).rejects.toBeInstanceOf(FrameError);
    const first = peer.request(createRequest(1), 1000);
    await expect(peer.request(createRequest(1), 1000)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
    peer.close();
    await expect(first).rejects.toBeInstanceOf(PeerError);
  });

  it('closes without an answer when the bytes are no frame', () => {
    let error: Error | undefined;
    const { peer, socket } = connect({ onClose: (_, reason) => (error = reason) });
    peer.receive(Buffer.from('GET / HTTP/1.1\r\n\r\n'), 18);
    expect([peer.closed, socket.isDestroyed, socket.sent.length]).toEqual([true, true, 0]);
    expect(error).toBeInstanceOf(FrameError);
  });

  it('hands over no frame after it was closed in the middle of a read', () => {
    const seen: number[] = [];
    const { peer } = connect({
      onRequest: (command, from) => {
        seen.push(command.opaque);
        from.close();
        return undefined;
      },
    });
    deliver(peer, request(1, 1), request(1, 2));
    expect(seen).toEqual([1]);
  });

  it('sends what was written before a clean close', () => {
    const { peer, socket } = connect();
    peer.oneway(createRequest(35));
    peer.close();
    expect([socket.commands()[0]?.code, socket.isEnded]).toEqual([35, true]);
  });

  it('stops reading from a peer that does not take its answers, goes on when it does, closes in the end', async () => {
    const { peer, socket } = connect({}, { writableBytesMax: 1000, writableBytesHardMax: 10_000 });
    socket.isBlocked = true;
    peer.write(Buffer.alloc(800));
    await tick();
    expect(socket.isPaused).toBe(false);
    peer.write(Buffer.alloc(800));
    await tick();
    expect([socket.isPaused, socket.sent.length, peer.writableBytes]).toEqual([true, 1, 1600]);
    socket.unblock();
    await tick();
    expect([socket.isPaused, socket.sent.length]).toEqual([false, 2]);
    socket.isBlocked = true;
    peer.write(Buffer.alloc(9000));
    await tick();
    peer.write(Buffer.alloc(2000));
    await tick();
    expect([peer.closed, socket.isDestroyed]).toEqual([true, true]);
  });

  it('closes when idle, and when a frame is begun and never ended', () => {
    const start = performance.now();
    const idle = connect({}, { idleTimeoutMs: 1000 });
    idle.peer.scan(start);
    idle.peer.scan(start + 900);
    expect(idle.peer.closed).toBe(false);
    deliver(idle.peer, request(1, 1, 2));
    idle.peer.scan(start + 1100);
    idle.peer.scan(start + 1900);
    expect(idle.peer.closed).toBe(false);
    idle.peer.scan(start + 2200);
    expect(idle.peer.closed).toBe(true);

    const slow = connect();
    slow.peer.scan(start);
    slow.peer.receive(Buffer.from([0, 0, 1]), 3);
    slow.peer.receive(Buffer.from([0]), 1);
    slow.peer.scan(start + 9000);
    expect(slow.peer.closed).toBe(false);
    slow.peer.scan(start + 10_100);
    expect(slow.peer.closed).toBe(true);
  });

  it('decodes what it writes in the binary form too', async () => {
    const { peer, socket } = connect({ onRequest: (command) => createResponse(command, 0, { remark: 'ok' }) });
    deliver(peer, { ...request(1, 9), serializeType: 'ROCKETMQ' });
    expect(decodeFrame(socket.sent[0] as Buffer)).toMatchObject({ serializeType: 'ROCKETMQ', remark: 'ok', opaque: 9 });
    await tick();
  });
});
