export { parseJson, type JsonParserLimits } from './json-parser.js';
export { JsonReader, scalarText } from './json-reader.js';
export { isJsonObject, type JsonMap, type JsonObject, type JsonValue } from './json-value.js';
export { WrittenJson, writeJson, writeJsonBody, type JsonWriterOptions, type Writable } from './json-writer.js';
