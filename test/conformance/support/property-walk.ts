import { encodeBatchBody, RequestCode, ResponseCode } from '@rocketshop/mq-protocol';
import type { MessageExt, Peer } from '@rocketshop/mq-protocol';
import { until } from '@rocketshop/shop-testkit';
import { ask, pull, send, sendBack, sendRequest, sent } from './broker-under-test.js';
import { askRaw, topicUpdate } from './raw-request.js';

/** What a consumer sees of the properties at one change of a message, by name. Ids of the run are replaced by `<id>`. */
export type PropertyTable = Record<string, Record<string, string>>;

const TOPIC = 'properties';
const GROUP = 'property-readers';
const RETRY = `%RETRY%${GROUP}`;
const DEAD = `%DLQ%${GROUP}`;
/** The highest wait is that of delay level 1, one second, and the broker's own rhythm. */
const ARRIVES_WITHIN_MS = 30_000;

/** Walks messages through every change that a broker makes to them, and reads them after each. */
export class PropertyWalk {
  readonly table: PropertyTable = {};
  private readonly offsets = new Map<string, number>();

  constructor(
    private readonly peer: Peer,
    /** The broker's address for tools, if creating topics needs another peer. */
    private readonly cluster: string,
  ) {}

  async run(): Promise<PropertyTable> {
    await this.prepare();
    const given = { TAGS: 'paid', KEYS: 'order-1', colour: 'red', UNIQ_KEY: 'A'.repeat(32) };
    await this.send({ ...given, WAIT: 'true' });
    const plain = await this.read('sent', TOPIC);
    await this.send({ ...given, WAIT: 'false' });
    await this.read('sent without waiting', TOPIC);
    await this.send({ colour: 'red', UNIQ_KEY: 'B'.repeat(32) });
    await this.read('sent with few properties', TOPIC);
    await this.send({ ...given, WAIT: 'true', DELAY: '1' });
    const delayed = await this.read('delayed, then delivered', TOPIC);
    await this.sendBatch(given);
    await this.read('sent in a batch, first', TOPIC);
    await this.read('sent in a batch, second', TOPIC);
    await this.giveBack(plain, 1);
    const retried = await this.read('given back once', RETRY);
    await this.giveBack(retried, 1);
    const twice = await this.read('given back twice', RETRY);
    await this.giveBack(delayed, 1);
    await this.read('delayed, then given back', RETRY);
    await this.giveBack(twice, -1);
    await this.read('given back, then dead', DEAD);
    await this.giveBack(plain, -1);
    await this.read('dead at once', DEAD);
    await this.resendAsClient(given, '1');
    await this.read('sent to the retry topic by its consumer', RETRY);
    await this.resendAsClient(given, '99');
    await this.read('sent to the retry topic once too often', DEAD);
    return this.table;
  }

  private async prepare(): Promise<void> {
    await askRaw(
      this.peer,
      RequestCode.UPDATE_AND_CREATE_TOPIC,
      topicUpdate(TOPIC, { readQueueNums: '1', writeQueueNums: '1' }),
    );
    const config = { groupName: GROUP, retryQueueNums: 1, retryMaxTimes: 16, consumeEnable: true };
    const body = Buffer.from(JSON.stringify(config));
    const { code, remark } = await askRaw(this.peer, RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, {}, { body });
    if (code !== ResponseCode.SUCCESS) throw new Error(`the group was not made: ${code} ${remark ?? ''}`);
  }

  private async send(properties: Record<string, string>): Promise<void> {
    const { code, remark } = await send(this.peer, TOPIC, { properties });
    if (code !== ResponseCode.SUCCESS) throw new Error(`the message was not taken: ${code} ${remark ?? ''}`);
  }

  private async sendBatch(given: Record<string, string>): Promise<void> {
    const items = ['C', 'D'].map((letter) => ({
      flag: 0,
      body: Buffer.from(letter),
      properties: { ...given, UNIQ_KEY: letter.repeat(32) },
    }));
    const request = sendRequest(TOPIC, { batch: true, body: encodeBatchBody(items), properties: { WAIT: 'true' } });
    const { code, remark } = sent(await ask(this.peer, { ...request, code: RequestCode.SEND_BATCH_MESSAGE }));
    if (code !== ResponseCode.SUCCESS) throw new Error(`the batch was not taken: ${code} ${remark ?? ''}`);
  }

  private async giveBack(message: MessageExt, delayLevel: number): Promise<void> {
    const { code, remark } = await sendBack(this.peer, message, GROUP, delayLevel);
    if (code !== ResponseCode.SUCCESS) throw new Error(`the message was not taken back: ${code} ${remark ?? ''}`);
  }

  /** What a client does whose give-back was refused. */
  private async resendAsClient(given: Record<string, string>, reconsumeTimes: string): Promise<void> {
    const properties = {
      ...given,
      RETRY_TOPIC: TOPIC,
      ORIGIN_MESSAGE_ID: 'E'.repeat(32),
      RECONSUME_TIME: reconsumeTimes,
      MAX_RECONSUME_TIMES: '16',
      DELAY: '1',
    };
    const { code, remark } = await send(this.peer, RETRY, {
      properties,
      reconsumeTimes: Number(reconsumeTimes),
      maxReconsumeTimes: 16,
    });
    if (code !== ResponseCode.SUCCESS) throw new Error(`the message was not taken: ${code} ${remark ?? ''}`);
  }

  /** Reads the next message of a topic and notes its properties under a name. */
  private async read(name: string, topic: string): Promise<MessageExt> {
    const queueOffset = this.offsets.get(topic) ?? 0;
    const found: MessageExt[] = [];
    await until(
      async () => {
        const { messages } = await pull(this.peer, topic, { queueOffset, maxMsgNums: 1, consumerGroup: GROUP });
        found.push(...messages);
        return found.length > 0;
      },
      { description: `the message that was ${name}`, timeoutMs: ARRIVES_WITHIN_MS, intervalMs: 50 },
    );
    const [message] = found as [MessageExt];
    this.offsets.set(topic, queueOffset + 1);
    this.table[name] = Object.fromEntries(
      Object.entries(message.properties)
        .map(([property, value]): [string, string] => [property, this.withoutIds(value)])
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
    return message;
  }

  private withoutIds(value: string): string {
    if (value === this.cluster) return '<cluster>';
    return /^[0-9A-F]{32}$/.test(value) && new Set(value).size > 1 ? '<id>' : value;
  }
}
