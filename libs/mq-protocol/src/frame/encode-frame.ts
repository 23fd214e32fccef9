import { jsonHeaderText, rocketmqHeader } from '../header/encode-header.js';
import { FRAME_PREFIX_BYTES, SERIALIZE_JSON, SERIALIZE_ROCKETMQ } from './frame-layout.js';
import type { RemotingCommand } from './remoting-command.js';

/** The whole frame, length prefix included (grammar: frame-layout.ts). `opaque` replaces the command's own number. */
export function encodeFrame(command: RemotingCommand, opaque: number = command.opaque): Buffer {
  return command.serializeType === 'ROCKETMQ' ? encodeRocketmq(command, opaque) : encodeJson(command, opaque);
}

function encodeJson(command: RemotingCommand, opaque: number): Buffer {
  const text = jsonHeaderText(command, opaque);
  const headerBytes = Buffer.byteLength(text);
  const frame = allocate(SERIALIZE_JSON, headerBytes, command.body);
  frame.write(text, FRAME_PREFIX_BYTES);
  return frame;
}

function encodeRocketmq(command: RemotingCommand, opaque: number): Buffer {
  const header = rocketmqHeader(command, opaque);
  const frame = allocate(SERIALIZE_ROCKETMQ, header.length, command.body);
  header.copy(frame, FRAME_PREFIX_BYTES);
  return frame;
}

function allocate(serializeByte: number, headerBytes: number, body: Buffer | undefined): Buffer {
  const bodyBytes = body?.length ?? 0;
  const frame = Buffer.allocUnsafe(FRAME_PREFIX_BYTES + headerBytes + bodyBytes);
  frame.writeInt32BE(4 + headerBytes + bodyBytes, 0);
  frame.writeUInt32BE(((serializeByte << 24) | headerBytes) >>> 0, 4);
  body?.copy(frame, FRAME_PREFIX_BYTES + headerBytes);
  return frame;
}
