export { decodeFrame } from './decode-frame.js';
export { encodeFrame } from './encode-frame.js';
export { fieldKey, type FieldKey } from './field-key.js';
export { FLAG_RESPONSE, SERIALIZE_JSON, SERIALIZE_ROCKETMQ, SerializeType } from './frame-layout.js';
export { FrameReader, type FrameReaderOptions } from './frame-reader.js';
export { FrameView } from './frame-view.js';
export * from './java-integer.js';
export * from './remoting-command.js';
