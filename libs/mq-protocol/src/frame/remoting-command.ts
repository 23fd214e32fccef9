import { CLAIMED_LANGUAGE } from '../tables/language-code.js';
import { MQ_CLIENT_VERSION, MQ_VERSION } from '../tables/version.js';
import { FLAG_ONEWAY, FLAG_RESPONSE } from './frame-layout.js';
import type { SerializeType } from './frame-layout.js';

/** One frame, decoded. `code` is a request code or, when the response bit of `flag` is set, a response code. */
export interface RemotingCommand {
  code: number;
  language: string;
  version: number;
  /** Int32, unique per connection and direction; the answer copies it. */
  opaque: number;
  /** Bit 0: response. Bit 1: oneway. */
  flag: number;
  remark?: string | undefined;
  extFields?: Record<string, string> | undefined;
  body?: Buffer | undefined;
  serializeType: SerializeType;
}

export interface RequestInit {
  extFields?: Record<string, string> | undefined;
  body?: Buffer | undefined;
  remark?: string | undefined;
  oneway?: boolean;
  version?: number;
  language?: string;
  serializeType?: SerializeType;
}

export interface ResponseInit {
  remark?: string | undefined;
  extFields?: Record<string, string> | undefined;
  body?: Buffer | undefined;
  version?: number;
}

/** The parts of a request its answer depends on. */
export type AnswerableRequest = Pick<RemotingCommand, 'opaque' | 'serializeType'>;

/** A request. Its `opaque` is 0 until a peer sends it, because each connection has its own sequence. */
export function createRequest(code: number, init: RequestInit = {}): RemotingCommand {
  return {
    code,
    language: init.language ?? CLAIMED_LANGUAGE,
    version: init.version ?? MQ_CLIENT_VERSION,
    opaque: 0,
    flag: init.oneway === true ? FLAG_ONEWAY : 0,
    remark: init.remark,
    extFields: init.extFields,
    body: init.body,
    serializeType: init.serializeType ?? 'JSON',
  };
}

/** The answer to a request: same opaque, same serialize type. */
export function createResponse(request: AnswerableRequest, code: number, init: ResponseInit = {}): RemotingCommand {
  return {
    code,
    language: CLAIMED_LANGUAGE,
    version: init.version ?? MQ_VERSION,
    opaque: request.opaque,
    flag: FLAG_RESPONSE,
    remark: init.remark,
    extFields: init.extFields,
    body: init.body,
    serializeType: request.serializeType,
  };
}

export function isResponse(command: { flag: number }): boolean {
  return (command.flag & FLAG_RESPONSE) !== 0;
}

export function isOneway(command: { flag: number }): boolean {
  return (command.flag & FLAG_ONEWAY) !== 0;
}
