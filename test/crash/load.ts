import { randomBytes } from 'node:crypto';
import { BrokerClient, QUEUES } from './broker-client.js';
import { digestOf } from './history.js';
import type { History, ReadMessage } from './history.js';
import type { MessageExt } from '@rocketshop/mq-protocol';

/** The number of requests of one producer in flight. */
const WINDOW = 16;
const BODY_BYTES_MAX = 1500;

/** A body that names its producer and its number. The rest is random. */
function bodyOf(producer: number, sequence: number): Buffer {
  const noise = randomBytes(1 + Math.floor(Math.random() * BODY_BYTES_MAX));
  return Buffer.concat([Buffer.from(`${producer}-${sequence}:`), noise]);
}

export function asRead(message: MessageExt): ReadMessage {
  const [producer, sequence] = message.body.toString('latin1', 0, message.body.indexOf(':')).split('-').map(Number);
  return {
    queueId: message.queueId,
    queueOffset: message.queueOffset,
    producer: producer ?? -1,
    sequence: sequence ?? -1,
    digest: digestOf(message.body),
  };
}

/** Sends on several connections and commits offsets until the broker is gone. Every call goes into the history. */
export class Load {
  private readonly sequences: number[];
  private readonly commits: number[] = Array.from({ length: QUEUES }, () => 0);
  /** The number of messages that each queue surely holds: no consumer commits a higher offset. */
  private readonly stored: number[] = Array.from({ length: QUEUES }, () => 0);

  constructor(
    private readonly history: History,
    private readonly producers: number,
  ) {
    this.sequences = Array.from({ length: producers }, () => 0);
  }

  /** Resolves when every connection has ended, so that no more answers come. */
  async run(port: number, round: number): Promise<void> {
    const workers: Promise<void>[] = [this.commitUntilGone(await BrokerClient.connect(port), round)];
    for (let producer = 0; producer < this.producers; producer++) {
      const client = await BrokerClient.connect(port);
      const lanes = Array.from({ length: WINDOW }, () => this.sendUntilGone(client, producer, round));
      workers.push(Promise.all(lanes).then(() => client.close()));
    }
    await Promise.all(workers);
  }

  private async sendUntilGone(client: BrokerClient, producer: number, round: number): Promise<void> {
    for (;;) {
      const sequence = this.sequences[producer] ?? 0;
      this.sequences[producer] = sequence + 1;
      const queueId = (producer + sequence) % QUEUES;
      const body = bodyOf(producer, sequence);
      const entry = { kind: 'send' as const, round, producer, sequence, queueId, digest: digestOf(body) };
      try {
        const queueOffset = await client.send(queueId, body);
        this.history.add({ ...entry, outcome: 'ok', queueOffset });
        this.stored[queueId] = Math.max(this.stored[queueId] ?? 0, queueOffset + 1);
      } catch {
        this.history.add({ ...entry, outcome: 'info' });
        return;
      }
    }
  }

  private async commitUntilGone(client: BrokerClient, round: number): Promise<void> {
    for (let step = 0; ; step++) {
      const queueId = step % QUEUES;
      const offset = Math.min((this.commits[queueId] ?? 0) + 1, this.stored[queueId] ?? 0);
      this.commits[queueId] = offset;
      try {
        await client.commit(queueId, offset);
        this.history.add({ kind: 'commit', outcome: 'ok', round, queueId, offset });
      } catch {
        this.history.add({ kind: 'commit', outcome: 'info', round, queueId, offset });
        client.close();
        return;
      }
    }
  }
}
