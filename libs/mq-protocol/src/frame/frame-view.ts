import { FrameError, HeaderFieldError } from '../errors.js';
import { HeaderIndex, KEY_ESCAPED, ValueKind } from '../header/header-index.js';
import { scanJsonHeader } from '../header/json-scanner.js';
import { unescapeJson } from '../header/json-text.js';
import { scanRocketmqHeader } from '../header/rocketmq-scanner.js';
import { languageName } from '../tables/language-code.js';
import { parseIntBytes, parseLongBytes } from './decimal.js';
import type { FieldKey } from './field-key.js';
import {
  FLAG_ONEWAY,
  FLAG_RESPONSE,
  FRAME_PREFIX_BYTES,
  HEADER_BYTES_MAX,
  SERIALIZE_JSON,
  SERIALIZE_ROCKETMQ,
} from './frame-layout.js';
import type { SerializeType } from './frame-layout.js';
import { NameCache } from './name-cache.js';
import type { RemotingCommand } from './remoting-command.js';

const EMPTY = Buffer.alloc(0);
const names = new NameCache();

/**
 * A window over one frame in a buffer of somebody else. `reset` moves the window to the next frame. It copies and allocates nothing,
 * so values read through it are valid only until the next `reset`. `toCommand` makes a copy that may be kept.
 */
export class FrameView {
  buffer: Buffer = EMPTY;
  serializeType: SerializeType = 'JSON';
  bodyStart = 0;
  bodyEnd = 0;
  /** After `find` returned true: the decoded value is `valueBuffer[valueStart, valueEnd)`, until the next `find`. */
  valueBuffer: Buffer = EMPTY;
  valueStart = 0;
  valueEnd = 0;
  private readonly index = new HeaderIndex();
  private scratch: Buffer = EMPTY;

  /** Moves the view to the frame `buffer[start, end)`, length prefix included. Throws FrameError. */
  reset(buffer: Buffer, start: number, end: number): void {
    if (end - start < FRAME_PREFIX_BYTES) throw new FrameError('a frame is shorter than its prefix');
    if (buffer.readInt32BE(start) !== end - start - 4) throw new FrameError('a frame and its length do not agree');
    const word = buffer.readUInt32BE(start + 4);
    const headerStart = start + FRAME_PREFIX_BYTES;
    const headerEnd = headerStart + checkedHeaderBytes(word, end - start - 4);
    this.buffer = buffer;
    this.bodyStart = headerEnd;
    this.bodyEnd = end;
    if (word >>> 24 === SERIALIZE_JSON) {
      this.serializeType = 'JSON';
      scanJsonHeader(buffer, headerStart, headerEnd, this.index);
    } else {
      this.serializeType = 'ROCKETMQ';
      scanRocketmqHeader(buffer, headerStart, headerEnd, this.index);
    }
  }

  get code(): number {
    return this.index.code;
  }

  get opaque(): number {
    return this.index.opaque;
  }

  get flag(): number {
    return this.index.flag;
  }

  get version(): number {
    return this.index.version;
  }

  get isResponse(): boolean {
    return (this.index.flag & FLAG_RESPONSE) !== 0;
  }

  get isOneway(): boolean {
    return (this.index.flag & FLAG_ONEWAY) !== 0;
  }

  get language(): string {
    const { languageOrdinal, languageStart, languageEnd } = this.index;
    return languageOrdinal >= 0 ? languageName(languageOrdinal) : names.get(this.buffer, languageStart, languageEnd);
  }

  get remark(): string | undefined {
    const { remarkStart, remarkEnd, remarkEscaped } = this.index;
    return remarkStart < 0 ? undefined : this.text(remarkStart, remarkEnd, remarkEscaped);
  }

  /** Looks up a header field. `valueBuffer`, `valueStart` and `valueEnd` then give its value. */
  find(key: FieldKey): boolean {
    const field = this.fieldOf(key);
    if (field < 0) return false;
    const start = this.index.valueStart(field);
    const end = this.index.valueEnd(field);
    if ((this.index.kind(field) & ValueKind.ESCAPED) === 0) {
      this.valueBuffer = this.buffer;
      this.valueStart = start;
      this.valueEnd = end;
    } else {
      this.valueBuffer = this.scratchOf(end - start);
      this.valueStart = 0;
      this.valueEnd = unescapeJson(this.buffer, start, end, this.valueBuffer, 0);
    }
    return true;
  }

  /** An int32. Throws HeaderFieldError when the value is no number, or when the field is absent and `missing` is not given. */
  int(key: FieldKey, missing?: number): number {
    if (this.find(key)) return parseIntBytes(this.valueBuffer, this.valueStart, this.valueEnd, key.name);
    if (missing === undefined) throw new HeaderFieldError(key.name, 'is missing');
    return missing;
  }

  /** An int64 as a number; values beyond 2^53 are cut to the nearest safe integer. Throws as `int`. */
  long(key: FieldKey, missing?: number): number {
    if (this.find(key)) return parseLongBytes(this.valueBuffer, this.valueStart, this.valueEnd, key.name);
    if (missing === undefined) throw new HeaderFieldError(key.name, 'is missing');
    return missing;
  }

  /** True for "true" in any case, as Java's Boolean.parseBoolean. */
  boolean(key: FieldKey, missing = false): boolean {
    if (!this.find(key)) return missing;
    if (this.valueEnd - this.valueStart !== 4) return false;
    return this.valueBuffer.toString('latin1', this.valueStart, this.valueEnd).toLowerCase() === 'true';
  }

  string(key: FieldKey): string | undefined {
    return this.find(key) ? this.valueBuffer.toString('utf8', this.valueStart, this.valueEnd) : undefined;
  }

  /** As `string`, for values that are often the same: topics, groups, hosts. */
  name(key: FieldKey): string | undefined {
    return this.find(key) ? names.get(this.valueBuffer, this.valueStart, this.valueEnd) : undefined;
  }

  /** As `name`, for mandatory fields. Throws HeaderFieldError when it is absent. */
  requiredName(key: FieldKey): string {
    if (!this.find(key)) throw new HeaderFieldError(key.name, 'is missing');
    return names.get(this.valueBuffer, this.valueStart, this.valueEnd);
  }

  /** The body in place, not copied; empty when there is none. */
  body(): Buffer {
    return this.buffer.subarray(this.bodyStart, this.bodyEnd);
  }

  /** A deep copy: nothing in it refers to the read buffer. */
  toCommand(): RemotingCommand {
    const { code, opaque, flag, version } = this.index;
    return {
      code,
      language: this.language,
      version,
      opaque,
      flag,
      remark: this.remark,
      extFields: this.index.hasExtFields ? this.extFields() : undefined,
      body: this.bodyStart === this.bodyEnd ? undefined : Buffer.from(this.body()),
      serializeType: this.serializeType,
    };
  }

  /** All header fields. The object has no prototype, so that a field named `__proto__` is a field like any other. */
  extFields(): Record<string, string> {
    const fields = Object.create(null) as Record<string, string>;
    const { index } = this;
    for (let field = 0; field < index.fieldCount; field += 1) {
      const kind = index.kind(field);
      const key = this.text(index.keyStart(field), index.keyEnd(field), kind >= KEY_ESCAPED);
      if ((kind & ValueKind.NULL) === 0) {
        fields[key] = this.text(index.valueStart(field), index.valueEnd(field), (kind & ValueKind.ESCAPED) !== 0);
      } else {
        delete fields[key];
      }
    }
    return fields;
  }

  /** The last field of that name, or -1. */
  private fieldOf(key: FieldKey): number {
    const { index } = this;
    for (let field = index.fieldCount - 1; field >= 0; field -= 1) {
      const fingerprint = index.fingerprints[field];
      if (fingerprint !== key.fingerprint && fingerprint !== -1) continue;
      if (this.isKey(field, key)) return (index.kind(field) & ValueKind.NULL) === 0 ? field : -1;
    }
    return -1;
  }

  private isKey(field: number, key: FieldKey): boolean {
    const start = this.index.keyStart(field);
    if (this.index.kind(field) >= KEY_ESCAPED) return this.text(start, this.index.keyEnd(field), true) === key.name;
    const { bytes } = key;
    if (this.index.keyEnd(field) - start !== bytes.length) return false;
    for (let at = 0; at < bytes.length; at += 1) {
      if (this.buffer[start + at] !== bytes[at]) return false;
    }
    return true;
  }

  private text(start: number, end: number, escaped: boolean): string {
    if (!escaped) return this.buffer.toString('utf8', start, end);
    const scratch = this.scratchOf(end - start);
    return scratch.toString('utf8', 0, unescapeJson(this.buffer, start, end, scratch, 0));
  }

  private scratchOf(bytes: number): Buffer {
    if (this.scratch.length < bytes) this.scratch = Buffer.allocUnsafeSlow(Math.max(4096, bytes * 2));
    return this.scratch;
  }
}

/** The header length out of a header word, checked against the frame's length. Throws FrameError. */
export function checkedHeaderBytes(word: number, length: number): number {
  const serializeByte = word >>> 24;
  if (serializeByte !== SERIALIZE_JSON && serializeByte !== SERIALIZE_ROCKETMQ) {
    throw new FrameError(`a frame has the unknown serialize type ${serializeByte}`);
  }
  const headerBytes = word & 0xffffff;
  if (headerBytes > length - 4) throw new FrameError('a header is longer than its frame');
  if (headerBytes > HEADER_BYTES_MAX) throw new FrameError('a header is over the limit', 'FRAME_TOO_LARGE');
  return headerBytes;
}
