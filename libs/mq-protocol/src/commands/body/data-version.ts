import type { JsonReader } from '../../json/index.js';
import { jsonBody } from './body-codec.js';

/** Version of a table; two are the same when all three are. Source: remoting/protocol/DataVersion.java. */
export interface DataVersion {
  counter: number;
  stateVersion: number;
  timestamp: number;
}

export function newDataVersion(now: number = Date.now()): DataVersion {
  return { counter: 0, stateVersion: 0, timestamp: now };
}

export function nextDataVersion(version: DataVersion, now: number = Date.now()): DataVersion {
  return { counter: version.counter + 1, stateVersion: version.stateVersion, timestamp: now };
}

export function isSameDataVersion(left: DataVersion, right: DataVersion): boolean {
  return (
    left.counter === right.counter && left.stateVersion === right.stateVersion && left.timestamp === right.timestamp
  );
}

export function readDataVersion(reader: JsonReader | undefined): DataVersion {
  return {
    counter: reader?.number('counter', 0) ?? 0,
    stateVersion: reader?.number('stateVersion', 0) ?? 0,
    timestamp: reader?.number('timestamp', 0) ?? 0,
  };
}

export function writeDataVersion(version: DataVersion): object {
  return { counter: version.counter, stateVersion: version.stateVersion, timestamp: version.timestamp };
}

export const dataVersionBody = jsonBody<DataVersion>('DataVersion', readDataVersion, writeDataVersion);
