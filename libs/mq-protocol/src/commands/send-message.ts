import type { FrameView } from '../frame/frame-view.js';
import { fieldKey } from '../frame/field-key.js';
import { optional, required } from '../header/header-schema.js';
import type { HeaderOf } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { Command } from './command.js';

/**
 * SEND_MESSAGE 10     long names, one message (Go v2) or a batch
 * SEND_MESSAGE_V2 310 the same header under one-letter names (Java, npm ali-ons)
 * SEND_BATCH_MESSAGE 320  one-letter names, body = batch (message/batch-body.ts)
 *
 * a producerGroup!  b topic!     c defaultTopic!  d defaultTopicQueueNums!  e queueId!  f sysFlag!  g bornTimestamp!
 * h flag!           i properties j reconsumeTimes k unitMode  l maxReconsumeTimes  m batch  n brokerName (bname)
 * body = the message's body, compressed if sysFlag says so
 *
 * answer: msgId! queueId! queueOffset! transactionId batchUniqId MSG_REGION TRACE_ON; codes 0, 10, 11, 12 are stored.
 *
 * Source: remoting/protocol/header/SendMessageRequestHeader.java, SendMessageRequestHeaderV2.java.
 */
const response = {
  msgId: required.string,
  queueId: required.int,
  queueOffset: required.long,
  transactionId: optional.string,
  batchUniqId: optional.string,
  MSG_REGION: optional.string,
  TRACE_ON: optional.string,
};

export const SendMessage = new Command(RequestCode.SEND_MESSAGE, {
  request: {
    producerGroup: required.string,
    topic: required.string,
    defaultTopic: required.string,
    defaultTopicQueueNums: required.int,
    queueId: required.int,
    sysFlag: required.int,
    bornTimestamp: required.long,
    flag: required.int,
    properties: optional.string,
    reconsumeTimes: optional.int,
    unitMode: optional.boolean,
    maxReconsumeTimes: optional.int,
    batch: optional.boolean,
    bname: optional.string,
  },
  response,
});

const requestV2 = {
  a: required.string,
  b: required.string,
  c: required.string,
  d: required.int,
  e: required.int,
  f: required.int,
  g: required.long,
  h: required.int,
  i: optional.string,
  j: optional.int,
  k: optional.boolean,
  l: optional.int,
  m: optional.boolean,
  n: optional.string,
};

export const SendMessageV2 = new Command(RequestCode.SEND_MESSAGE_V2, { request: requestV2, response });
export const SendBatchMessage = new Command(RequestCode.SEND_BATCH_MESSAGE, { request: requestV2, response });

export type SendMessageHeader = ReturnType<typeof SendMessage.readRequest>;
export type SendMessageHeaderV2 = HeaderOf<typeof requestV2>;

/** The same header under its short names. */
export function toSendMessageHeaderV2(header: SendMessageHeader): SendMessageHeaderV2 {
  return {
    a: header.producerGroup,
    b: header.topic,
    c: header.defaultTopic,
    d: header.defaultTopicQueueNums,
    e: header.queueId,
    f: header.sysFlag,
    g: header.bornTimestamp,
    h: header.flag,
    i: header.properties,
    j: header.reconsumeTimes,
    k: header.unitMode,
    l: header.maxReconsumeTimes,
    m: header.batch,
    n: header.bname,
  };
}

const longKeys = {
  producerGroup: fieldKey('producerGroup'),
  topic: fieldKey('topic'),
  defaultTopic: fieldKey('defaultTopic'),
  defaultTopicQueueNums: fieldKey('defaultTopicQueueNums'),
  queueId: fieldKey('queueId'),
  sysFlag: fieldKey('sysFlag'),
  bornTimestamp: fieldKey('bornTimestamp'),
  flag: fieldKey('flag'),
  properties: fieldKey('properties'),
  reconsumeTimes: fieldKey('reconsumeTimes'),
  maxReconsumeTimes: fieldKey('maxReconsumeTimes'),
  batch: fieldKey('batch'),
};

const shortKeys: typeof longKeys = {
  producerGroup: fieldKey('a'),
  topic: fieldKey('b'),
  defaultTopic: fieldKey('c'),
  defaultTopicQueueNums: fieldKey('d'),
  queueId: fieldKey('e'),
  sysFlag: fieldKey('f'),
  bornTimestamp: fieldKey('g'),
  flag: fieldKey('h'),
  properties: fieldKey('i'),
  reconsumeTimes: fieldKey('j'),
  maxReconsumeTimes: fieldKey('l'),
  batch: fieldKey('m'),
};

const NO_PROPERTIES = Buffer.alloc(0);

/**
 * A send request that is read in place: the broker uses one object for all requests. `properties` and `body` are offsets into
 * buffers. They are valid only until the view moves or another field is looked up.
 */
export class SendMessageView {
  producerGroup = '';
  topic = '';
  queueId = 0;
  sysFlag = 0;
  bornTimestamp = 0;
  flag = 0;
  reconsumeTimes = 0;
  /** -1 when the request does not say. */
  maxReconsumeTimes = -1;
  batch = false;
  propertiesBuffer: Buffer = NO_PROPERTIES;
  propertiesStart = 0;
  propertiesEnd = 0;
  bodyBuffer: Buffer = NO_PROPERTIES;
  bodyStart = 0;
  bodyEnd = 0;
  private view: FrameView | undefined;
  private keys = shortKeys;

  /** Reads the view's request. Throws HeaderFieldError for a missing or wrong field. */
  read(view: FrameView): void {
    const keys = view.code === RequestCode.SEND_MESSAGE ? longKeys : shortKeys;
    this.keys = keys;
    this.view = view;
    this.producerGroup = view.requiredName(keys.producerGroup);
    this.topic = view.requiredName(keys.topic);
    this.queueId = view.int(keys.queueId);
    this.sysFlag = view.int(keys.sysFlag);
    this.bornTimestamp = view.long(keys.bornTimestamp);
    this.flag = view.int(keys.flag);
    this.reconsumeTimes = view.int(keys.reconsumeTimes, 0);
    this.maxReconsumeTimes = view.int(keys.maxReconsumeTimes, -1);
    this.batch = view.code === RequestCode.SEND_BATCH_MESSAGE || view.boolean(keys.batch);
    this.bodyBuffer = view.buffer;
    this.bodyStart = view.bodyStart;
    this.bodyEnd = view.bodyEnd;
    this.readProperties(view);
  }

  /** The topic whose settings a new topic takes. It is needed only for an unknown topic. The look-up makes `properties` invalid. */
  defaultTopic(): string {
    return this.view?.requiredName(this.keys.defaultTopic) ?? '';
  }

  defaultTopicQueueNums(): number {
    return this.view?.int(this.keys.defaultTopicQueueNums) ?? 0;
  }

  /** This is the last look-up: an escaped value is decoded into a buffer that the next look-up may overwrite. */
  private readProperties(view: FrameView): void {
    if (view.find(this.keys.properties)) {
      this.propertiesBuffer = view.valueBuffer;
      this.propertiesStart = view.valueStart;
      this.propertiesEnd = view.valueEnd;
    } else {
      this.propertiesBuffer = NO_PROPERTIES;
      this.propertiesStart = 0;
      this.propertiesEnd = 0;
    }
  }
}
