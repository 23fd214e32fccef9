import {
  compressIfShorter,
  ConsumerSendMsgBack,
  isCompressed,
  MessageConst,
  messageOf,
  MessageSysFlag,
  PROPERTIES_BYTES_MAX,
  retryTopic,
} from '@rocketshop/mq-protocol';
import type { MessageExt } from '@rocketshop/mq-protocol';
import { ConnectionError } from '../client-error.js';
import type { ClientInstance } from '../instance/client-instance.js';
import type { MessageQueue } from '../message.js';
import type { MessageSender } from '../producer/message-sender.js';
import { DELAY_TIME_LEVEL_MAX, encodePropertiesText } from '../producer/encoded-message.js';
import type { EncodedMessage } from '../producer/encoded-message.js';

/** Delay level of the first redelivery. Each further redelivery has the next level, up to the last one. */
const FIRST_RETRY_LEVEL = 3;
const SEND_BACK_TIMEOUT_MS = 5_000;
const COMPRESS_OVER_BYTES = 4_096;

interface SendBackOptions {
  group: string;
  maxReconsumeTimes: number;
}

/**
 * Sends a failed message back to its broker, which delivers it again later or puts it into %DLQ%group. When that fails,
 * a copy is sent to %RETRY%group on any broker.
 * Source: DefaultMQPushConsumerImpl.sendMessageBack.
 */
export class SendBack {
  constructor(
    private readonly instance: ClientInstance,
    private readonly sender: MessageSender,
    private readonly options: SendBackOptions,
  ) {}

  /**
   * Resolves with true when a broker has the message: then this delivery is finished.
   * `delayLevel` is as in ConsumeContext. With `retryProperties` the copy is sent first, because the send-back command
   * cannot carry properties.
   */
  async give(
    message: MessageExt,
    queue: MessageQueue,
    delayLevel: number,
    retryProperties?: Readonly<Record<string, string>>,
  ): Promise<boolean> {
    if (retryProperties !== undefined && (await this.sendCopy(message, delayLevel, retryProperties))) return true;
    try {
      await this.sendBack(message, queue, delayLevel);
      return true;
    } catch (error) {
      this.instance.logger.warn(`message ${message.msgId} was not taken back: ${messageOf(error)}`);
    }
    return this.sendCopy(message, delayLevel, {});
  }

  private async sendCopy(
    message: MessageExt,
    delayLevel: number,
    retryProperties: Readonly<Record<string, string>>,
  ): Promise<boolean> {
    try {
      const copy = resendOf(message, delayLevel, this.options, retryProperties);
      const { sendStatus } = await this.sender.send(copy, SEND_BACK_TIMEOUT_MS, undefined);
      // The offset of this delivery will be committed, so a copy that may not be on the disk is not enough.
      return sendStatus !== 'FLUSH_DISK_TIMEOUT';
    } catch (error) {
      this.instance.logger.warn(`message ${message.msgId} was not sent for retry: ${messageOf(error)}`);
      return false;
    }
  }

  private async sendBack(message: MessageExt, queue: MessageQueue, delayLevel: number): Promise<void> {
    const address = this.instance.routes.masterAddress(queue.brokerName) ?? `${message.storeHost}:${message.storePort}`;
    if (this.instance.isSilent(queue.brokerName)) throw new ConnectionError(address, 'does not answer');
    await this.instance.invoke(
      address,
      ConsumerSendMsgBack.createRequest({
        offset: message.commitLogOffset,
        group: this.options.group,
        delayLevel,
        originMsgId: message.msgId,
        originTopic: message.topic,
        unitMode: false,
        maxReconsumeTimes: this.options.maxReconsumeTimes,
      }),
      SEND_BACK_TIMEOUT_MS,
    );
  }
}

/**
 * The copy for %RETRY%group. The broker compares its reconsumeTimes with the maximum, as it does for the send-back
 * command.
 */
export function resendOf(
  message: MessageExt,
  delayLevel: number,
  options: SendBackOptions,
  retryProperties: Readonly<Record<string, string>> = {},
): EncodedMessage {
  const properties: Record<string, string> = { ...message.properties, ...retryProperties };
  delete properties[MessageConst.TRANSACTION_PREPARED];
  properties[MessageConst.RETRY_TOPIC] = message.topic;
  properties[MessageConst.ORIGIN_MESSAGE_ID] ??= message.msgId;
  properties[MessageConst.DELAY_TIME_LEVEL] = String(
    Math.min(DELAY_TIME_LEVEL_MAX, delayLevel > 0 ? delayLevel : FIRST_RETRY_LEVEL + message.reconsumeTimes),
  );
  return {
    topic: retryTopic(options.group),
    ...bodyOfCopy(message),
    flag: message.flag,
    properties: fittingText(properties, retryProperties),
    batch: false,
    bornTimestamp: Date.now(),
    msgId: message.msgId,
    reconsumeTimes: delayLevel < 0 ? options.maxReconsumeTimes + 1 : message.reconsumeTimes + 1,
    maxReconsumeTimes: options.maxReconsumeTimes,
  };
}

/** Room for the properties that the broker adds to a redelivery. */
const PROPERTIES_BYTES_OF_COPY = PROPERTIES_BYTES_MAX - 1_024;
/** Without these the message could not be delivered again. */
const NEEDED = new Set<string>([
  MessageConst.RETRY_TOPIC,
  MessageConst.ORIGIN_MESSAGE_ID,
  MessageConst.DELAY_TIME_LEVEL,
  MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX,
]);
const NEEDED_BYTES_MAX = 300;

/**
 * The properties as text that a broker accepts. A message may arrive with so many that no more fit. If it could not go
 * back, its queue could never be committed beyond it. So the longest added ones are left out, and then the longest of the
 * message itself.
 */
function fittingText(properties: Record<string, string>, added: Readonly<Record<string, string>>): string {
  const sizeOf = (name: string): number => Buffer.byteLength(name) + Buffer.byteLength(properties[name] ?? '') + 2;
  let bytes = Object.keys(properties).reduce((sum, name) => sum + sizeOf(name), 0);
  if (bytes > PROPERTIES_BYTES_OF_COPY) {
    const longestFirst = Object.keys(properties)
      .filter((name) => !NEEDED.has(name) || sizeOf(name) > NEEDED_BYTES_MAX)
      .sort((a, b) => sizeOf(b) - sizeOf(a));
    const isLongAddition = (name: string): boolean => name in added && sizeOf(name) > NEEDED_BYTES_MAX;
    const order = [...longestFirst.filter(isLongAddition), ...longestFirst.filter((name) => !isLongAddition(name))];
    for (const name of order) {
      if (bytes <= PROPERTIES_BYTES_OF_COPY) break;
      bytes -= sizeOf(name);
      delete properties[name];
    }
  }
  return encodePropertiesText(properties);
}

/** A body that could not be inflated here is still compressed: it keeps its bytes and its compression method. */
function bodyOfCopy({ body, sysFlag }: MessageExt): Pick<EncodedMessage, 'body' | 'sysFlag'> {
  if (isCompressed(sysFlag)) {
    return { body, sysFlag: sysFlag & (MessageSysFlag.COMPRESSED | MessageSysFlag.COMPRESSION_MASK) };
  }
  if (body.length < COMPRESS_OVER_BYTES) return { body, sysFlag: 0 };
  const copy = compressIfShorter(body);
  return { body: copy.body, sysFlag: copy.isCompressed ? MessageSysFlag.COMPRESSED : 0 };
}
