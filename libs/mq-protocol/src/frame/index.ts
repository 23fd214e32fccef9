export { decodeFrame } from './decode-frame.js';
export { encodeFrame } from './encode-frame.js';
export { fieldKey, type FieldKey } from './field-key.js';
export {
  FLAG_ONEWAY,
  FLAG_RESPONSE,
  FRAME_BYTES_MAX,
  FRAME_PREFIX_BYTES,
  HEADER_BYTES_MAX,
  SerializeType,
} from './frame-layout.js';
export { FrameReader, type FrameReaderOptions } from './frame-reader.js';
export { FrameView } from './frame-view.js';
export * from './remoting-command.js';
