import {
  compress,
  ConsumerSendMsgBack,
  isCompressed,
  MessageConst,
  MessageSysFlag,
  retryTopic,
  type MessageExt,
} from '@rocketshop/mq-protocol';
import { messageOf } from '../instance/connections.js';
import type { ClientInstance } from '../instance/client-instance.js';
import type { MessageQueue } from '../message.js';
import type { MessageSender } from '../producer/message-sender.js';
import { DELAY_TIME_LEVEL_MAX, encodePropertiesText, type EncodedMessage } from '../producer/encoded-message.js';

/** Level of the first redelivery; each further one is a level later, up to the last. */
export const FIRST_RETRY_LEVEL = 3;
export const SEND_BACK_TIMEOUT_MS = 5_000;
export const COMPRESS_OVER_BYTES = 4_096;

export interface SendBackOptions {
  group: string;
  maxReconsumeTimes: number;
}

/**
 * Gives a failed message back to the broker, which delivers it again later or puts it into %DLQ%group. When the broker
 * that stores it cannot take it back, a copy is sent to %RETRY%group on any broker.
 * Source: DefaultMQPushConsumerImpl.sendMessageBack.
 */
export class SendBack {
  constructor(
    private readonly instance: ClientInstance,
    private readonly sender: MessageSender,
    private readonly options: SendBackOptions,
  ) {}

  /**
   * True when the message is stored again and this delivery may count as finished.
   * `delayLevel`: 0 = the broker's ladder, above 0 = that level, -1 = dead letter queue at once.
   * With `retryProperties` the copy is what is tried first: only it can carry them.
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
      // Counting this delivery as finished is as good as an acknowledgement: a copy that may not be on the disk is none.
      return sendStatus !== 'FLUSH_DISK_TIMEOUT';
    } catch (error) {
      this.instance.logger.warn(`message ${message.msgId} was not sent for retry: ${messageOf(error)}`);
      return false;
    }
  }

  private async sendBack(message: MessageExt, queue: MessageQueue, delayLevel: number): Promise<void> {
    const address = this.instance.routes.masterAddress(queue.brokerName) ?? `${message.storeHost}:${message.storePort}`;
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

/** The copy for %RETRY%group. The broker compares its reconsumeTimes with the maximum, as it does for send-back. */
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
    properties: encodePropertiesText(properties),
    batch: false,
    bornTimestamp: Date.now(),
    msgId: message.msgId,
    reconsumeTimes: delayLevel < 0 ? options.maxReconsumeTimes + 1 : message.reconsumeTimes + 1,
    maxReconsumeTimes: options.maxReconsumeTimes,
  };
}

/** A body that is compressed still, since nobody here could inflate it, keeps its bytes and the method's name. */
function bodyOfCopy({ body, sysFlag }: MessageExt): Pick<EncodedMessage, 'body' | 'sysFlag'> {
  if (isCompressed(sysFlag)) {
    return { body, sysFlag: sysFlag & (MessageSysFlag.COMPRESSED | MessageSysFlag.COMPRESSION_MASK) };
  }
  if (body.length < COMPRESS_OVER_BYTES) return { body, sysFlag: 0 };
  return { body: compress(body), sysFlag: MessageSysFlag.COMPRESSED };
}
