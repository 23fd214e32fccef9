import {
  createUniqId,
  javaStringHash,
  MessageConst,
  NAME_VALUE_SEPARATOR,
  parseJavaInt,
  PROPERTIES_BYTES_MAX,
  PROPERTY_SEPARATOR,
} from '@rocketshop/mq-protocol';

/** Room for the longest legal string, for the properties that the broker adds, and for a longer string that is refused later. */
const SCRATCH_BYTES = 128 * 1024;

/**
 * A redelivery gets up to some 600 bytes more: its destination, its first topic and id, its delay, what its consumer adds. A message
 * is refused when it is sent, and not when it comes back, since it would be redelivered for ever then.
 */
export const SENT_PROPERTIES_BYTES_MAX = PROPERTIES_BYTES_MAX - 1_024;

/** Properties that the broker reads. */
const enum Known {
  other,
  tags,
  uniqueKey,
  wait,
  popCheckPoint,
  delay,
  transaction,
  timer,
  setByBroker,
  delayDestination,
}

const knownByName = new Map<string, Known>([
  [MessageConst.TAGS, Known.tags],
  [MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX, Known.uniqueKey],
  [MessageConst.WAIT_STORE_MSG_OK, Known.wait],
  [MessageConst.POP_CK, Known.popCheckPoint],
  [MessageConst.DELAY_TIME_LEVEL, Known.delay],
  [MessageConst.TRANSACTION_PREPARED, Known.transaction],
  [MessageConst.TIMER_DELAY_SEC, Known.timer],
  [MessageConst.TIMER_DELAY_MS, Known.timer],
  [MessageConst.TIMER_DELIVER_MS, Known.timer],
  [MessageConst.MSG_REGION, Known.setByBroker],
  [MessageConst.TRACE_SWITCH, Known.setByBroker],
  [MessageConst.CLUSTER, Known.setByBroker],
  [MessageConst.REAL_TOPIC, Known.delayDestination],
  [MessageConst.REAL_QUEUE_ID, Known.delayDestination],
]);

const knownNames = [...knownByName].map(([name, known]) => ({ bytes: Buffer.from(name), known }));
const knownByLength: { bytes: Buffer; known: Known }[][] = [];
for (const entry of knownNames) (knownByLength[entry.bytes.length] ??= []).push(entry);

/**
 * Rewrites a property string to the form in which the broker stores it (RocketMQ `SendMessageProcessor`,
 * `MessageExtBrokerInner`), and reads the properties that decide how the message is processed.
 *
 * Grammar: `name 0x01 value 0x02 ...`, the last 0x02 optional; entries without name or value are dropped.
 * Removed: POP_CK, DELAY when the level is invalid, and properties that only the broker may set.
 * Added: UNIQ_KEY if missing, and to a message that does not come in a batch MSG_REGION, TRACE_ON, CLUSTER.
 *
 * One object serves all messages. It works on bytes, and ordinary properties cost no string: parsing them into a map and
 * joining the map again took longer than the rest of a send.
 */
export class PropertyRewriter {
  /** The rewritten string is `buffer[0, length)`. It is valid until the next `begin`. */
  readonly buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  length = 0;
  /** Java hash of TAGS, 0 without. */
  tagsCode = 0;
  /** False when the producer does not wait for the disk (`WAIT=false`). */
  waitStoreMsgOk = true;
  /** 0: not delayed. */
  delayLevel = 0;
  /** The text of a delay level that is no number. */
  wrongDelay: string | undefined;
  isTransactionPrepared = false;
  hasTimer = false;
  private hasUniqueKey = false;
  private keepsDelay = true;
  private readonly added: Buffer;

  constructor(options: { regionId: string; traceOn: boolean; clusterName: string }) {
    this.added = Buffer.from(
      [
        [MessageConst.MSG_REGION, options.regionId],
        [MessageConst.TRACE_SWITCH, String(options.traceOn)],
        [MessageConst.CLUSTER, options.clusterName],
      ]
        .map(([name, value]) => `${name}\u0001${value}\u0002`)
        .join(''),
    );
  }

  /** @param keepsDelay false for a message that must not wait again, whatever level it carries */
  begin(keepsDelay = true): void {
    this.keepsDelay = keepsDelay;
    this.length = 0;
    this.tagsCode = 0;
    this.waitStoreMsgOk = true;
    this.delayLevel = 0;
    this.wrongDelay = undefined;
    this.isTransactionPrepared = false;
    this.hasTimer = false;
    this.hasUniqueKey = false;
  }

  /**
   * Adds a property string. Returns false when it is too long to be stored. A message may have two strings: its own in the
   * batch, and that of the frame.
   */
  append(source: Buffer, start: number, end: number): boolean {
    if (this.length + (end - start) + 1 > SCRATCH_BYTES - 1024) return false;
    let entryStart = start;
    let nameEnd = -1;
    for (let position = start; position < end; position += 1) {
      const byte = source[position] ?? 0;
      if (byte > PROPERTY_SEPARATOR || byte === 0) continue;
      if (byte === NAME_VALUE_SEPARATOR) {
        if (nameEnd < 0) nameEnd = position;
        continue;
      }
      if (nameEnd > entryStart && position > nameEnd + 1) this.take(source, entryStart, nameEnd, position);
      entryStart = position + 1;
      nameEnd = -1;
    }
    if (nameEnd > entryStart && end > nameEnd + 1) this.take(source, entryStart, nameEnd, end);
    return true;
  }

  /**
   * Adds the properties that the broker sets; Apache RocketMQ does not add them to the messages of a batch.
   * @returns false when the string is longer than may be sent
   */
  finish({ isInBatch = false, isRedelivery = false } = {}): boolean {
    if (!this.hasUniqueKey) this.add(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX, createUniqId());
    if (!isInBatch) this.length += this.added.copy(this.buffer, this.length);
    return this.length <= (isRedelivery ? PROPERTIES_BYTES_MAX : SENT_PROPERTIES_BYTES_MAX);
  }

  /** Adds one property. The caller knows that name and value are legal, and that the string does not have the name yet. */
  add(name: string, value: string): void {
    const { buffer } = this;
    this.length += buffer.write(name, this.length);
    buffer[this.length++] = NAME_VALUE_SEPARATOR;
    this.length += buffer.write(value, this.length);
    buffer[this.length++] = PROPERTY_SEPARATOR;
  }

  private take(source: Buffer, start: number, nameEnd: number, end: number): void {
    const known = knownName(source, start, nameEnd);
    if (known !== Known.other && !this.keeps(known, source, nameEnd + 1, end)) return;
    const { buffer } = this;
    let target = this.length;
    // A loop beats Buffer.copy below some 60 bytes, which is what properties are.
    for (let position = start; position < end; position += 1) buffer[target++] = source[position] ?? 0;
    buffer[target++] = PROPERTY_SEPARATOR;
    this.length = target;
  }

  /** Reads a property that the broker knows. Returns whether the property is stored. */
  private keeps(known: Known, source: Buffer, start: number, end: number): boolean {
    switch (known) {
      case Known.tags:
        this.tagsCode = tagsHash(source, start, end);
        return true;
      case Known.uniqueKey:
        this.hasUniqueKey = true;
        return true;
      case Known.wait:
        this.waitStoreMsgOk = isTrue(source, start, end);
        return true;
      case Known.delay:
        if (this.keepsDelay) this.readDelay(source.toString('utf8', start, end));
        return this.delayLevel > 0;
      case Known.transaction:
        this.isTransactionPrepared = isTrue(source, start, end);
        return true;
      case Known.timer:
        this.hasTimer = true;
        return true;
      case Known.popCheckPoint:
      case Known.setByBroker:
      case Known.delayDestination:
        return false;
      case Known.other:
        return true;
    }
  }

  /** Java's Integer.parseInt, as in Message.getDelayTimeLevel. A level below 1 means no delay. */
  private readDelay(text: string): void {
    const level = parseJavaInt(text);
    this.wrongDelay = level === undefined ? text : undefined;
    this.delayLevel = Math.max(0, level ?? 0);
  }
}

function knownName(source: Buffer, start: number, end: number): Known {
  const candidates = knownByLength[end - start];
  if (candidates === undefined) return Known.other;
  next: for (const { bytes, known } of candidates) {
    for (let index = 0; index < bytes.length; index += 1) if (bytes[index] !== source[start + index]) continue next;
    return known;
  }
  return Known.other;
}

/** Java's hash runs over UTF-16 units. In ASCII text these are the bytes. */
function tagsHash(source: Buffer, start: number, end: number): number {
  let hash = 0;
  for (let position = start; position < end; position += 1) {
    const byte = source[position] ?? 0;
    if (byte >= 0x80) return javaStringHash(source.toString('utf8', start, end));
    hash = (Math.imul(31, hash) + byte) | 0;
  }
  return hash;
}

/** Java's `Boolean.parseBoolean`. */
function isTrue(source: Buffer, start: number, end: number): boolean {
  return end - start === 4 && source.toString('latin1', start, end).toLowerCase() === 'true';
}
