import { afterEach, describe, expect, it } from '@jest/globals';
import { Producer } from '@rocketshop/mq-client';
import type { ProducerOptions } from '@rocketshop/mq-client';
import { createResponse, listenPeers, RequestCode, ResponseCode, topicRouteBody } from '@rocketshop/mq-protocol';
import type { PeerServer, RemotingCommand } from '@rocketshop/mq-protocol';

const topic = 'orders';
type Script = (attempt: number) => number | 'silence';

/** A broker that answers sends with the given codes, and a name server that knows such brokers. */
class ScriptedCluster {
  readonly sends: string[] = [];
  private readonly servers: PeerServer[] = [];
  private readonly producers: Producer[] = [];

  async producer(scripts: Record<string, Script>, options: Partial<ProducerOptions> = {}): Promise<Producer> {
    const brokerDatas = [];
    for (const [brokerName, script] of Object.entries(scripts)) {
      const server = await this.listen((command) => this.answerSend(command, brokerName, script));
      brokerDatas.push({
        cluster: 'c',
        brokerName,
        brokerAddrs: new Map([[0, `127.0.0.1:${server.port}`]]),
        enableActingMaster: false,
      });
    }
    const queueDatas = Object.keys(scripts).map((brokerName) => ({
      brokerName,
      readQueueNums: 2,
      writeQueueNums: 2,
      perm: 6,
      topicSysFlag: 0,
    }));
    const body = topicRouteBody.encode({ brokerDatas, queueDatas }, { numericKeys: 'quoted' });
    const nameServer = await this.listen((command) => createResponse(command, ResponseCode.SUCCESS, { body }));
    const producer = new Producer({ namesrvAddr: `127.0.0.1:${nameServer.port}`, producerGroup: 'p', ...options });
    await producer.start();
    this.producers.push(producer);
    return producer;
  }

  async stop(): Promise<void> {
    await Promise.all(this.producers.splice(0).map((producer) => producer.shutdown()));
    await Promise.all(this.servers.splice(0).map((server) => server.close()));
  }

  private answerSend(command: RemotingCommand, brokerName: string, script: Script): RemotingCommand | undefined {
    if (command.code !== RequestCode.SEND_MESSAGE_V2) return createResponse(command, ResponseCode.SUCCESS);
    this.sends.push(brokerName);
    const code = script(this.sends.length);
    if (code === 'silence') return undefined;
    return createResponse(command, code, {
      remark: `scripted ${code}`,
      extFields: { msgId: 'stored', queueId: command.extFields?.['e'] ?? '0', queueOffset: '0' },
    });
  }

  private async listen(answer: (command: RemotingCommand) => RemotingCommand | undefined): Promise<PeerServer> {
    const server = await listenPeers({ host: '127.0.0.1', port: 0, handlers: { onRequest: answer } });
    this.servers.push(server);
    return server;
  }
}

describe('a send that fails', () => {
  const cluster = new ScriptedCluster();
  afterEach(async () => {
    await cluster.stop();
    cluster.sends.length = 0;
  });
  const message = { topic, body: Buffer.from('hello') };

  it.each([1, 2, 14, 16, 17])('goes to another broker after code %i', async (code) => {
    const script: Script = (attempt) => (attempt === 1 ? code : 0);
    const producer = await cluster.producer({ a: script, b: script });
    expect(await producer.send(message)).toMatchObject({ sendStatus: 'SEND_OK' });
    expect(new Set(cluster.sends)).toEqual(new Set(['a', 'b']));
    expect(cluster.sends).toHaveLength(2);
  });

  it('fails after two more attempts, with the last reason', async () => {
    const producer = await cluster.producer({ a: () => 2, b: () => 14 });
    await expect(producer.send(message)).rejects.toMatchObject({ code: 'BROKER_REFUSED', retriable: true });
    expect(cluster.sends).toHaveLength(3);
  });

  it.each([13, 26, 29])('fails at once after code %i', async (code) => {
    const producer = await cluster.producer({ a: () => code, b: () => code });
    await expect(producer.send(message)).rejects.toMatchObject({
      responseCode: code,
      remark: `scripted ${code}`,
      retriable: false,
    });
    expect(cluster.sends).toHaveLength(1);
  });

  it('is not repeated when it was sent to a chosen queue', async () => {
    const producer = await cluster.producer({ a: () => 2 });
    const queue = { topic, brokerName: 'a', queueId: 1 };
    await expect(producer.send(message, { queue })).rejects.toMatchObject({ responseCode: 2 });
    expect(cluster.sends).toHaveLength(1);
  });

  it('ends with a time-out when no broker answers, and says that the message may be stored', async () => {
    const producer = await cluster.producer({ a: () => 'silence' });
    const startedAt = performance.now();
    await expect(producer.send(message, { timeoutMs: 150 })).rejects.toMatchObject({
      code: 'SEND_TIMEOUT',
      retriable: true,
      mayBeStored: true,
      message: expect.stringContaining('may have been stored'),
    });
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });

  it('ends with a time-out when no name server answers, and says that the message is not stored', async () => {
    const silent = await listenPeers({ host: '127.0.0.1', port: 0, handlers: { onRequest: () => undefined } });
    const producer = new Producer({ namesrvAddr: `127.0.0.1:${silent.port}`, producerGroup: 'p' });
    await producer.start();
    await expect(producer.send(message, { timeoutMs: 150 })).rejects.toMatchObject({
      code: 'SEND_TIMEOUT',
      mayBeStored: false,
    });
    await Promise.all([producer.shutdown(), silent.close()]);
  });

  it('resolves with every status that means stored', async () => {
    const statuses = { 10: 'FLUSH_DISK_TIMEOUT', 11: 'SLAVE_NOT_AVAILABLE', 12: 'FLUSH_SLAVE_TIMEOUT' };
    for (const [code, sendStatus] of Object.entries(statuses)) {
      const producer = await cluster.producer({ a: () => Number(code) });
      expect(await producer.send(message)).toMatchObject({ sendStatus });
      await cluster.stop();
    }
  });

  it('is refused when too many sends are in flight, and after the shutdown', async () => {
    const producer = await cluster.producer({ a: () => 'silence' }, { maxSendsInFlight: 2, sendMsgTimeout: 100 });
    const waiting = [producer.send(message), producer.send(message)];
    await expect(producer.send(message)).rejects.toMatchObject({ code: 'TOO_MANY_SENDS', retriable: true });
    await Promise.allSettled(waiting);
    await producer.shutdown();
    await expect(producer.send(message)).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });
});
