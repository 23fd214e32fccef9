import { FRAME_BYTES_MAX } from '../frame/frame-layout.js';

/** The limits of one connection. Each limit has a reason. A limit that is removed needs another one in its place. */
export interface PeerLimits {
  /** Longest frame that is read. @default 16 MiB, RocketMQ's own limit */
  frameBytesMax: number;
  /** A connection without reads and writes for this time is closed, ms. @default 120 000, as RocketMQ */
  idleTimeoutMs: number;
  /** A connection is closed when a frame stays incomplete for this time, ms, whatever its pace. @default 10 000, the time-outs of senders are shorter */
  frameTimeoutMs: number;
  /** With more unsent bytes, nothing is read from this peer: it asks faster than it reads. @default 8 MiB */
  writableBytesMax: number;
  /** With more unsent bytes, the peer is closed: it does not read at all. @default 64 MiB, four of the longest frames */
  writableBytesHardMax: number;
  /** Our own requests that wait for this peer's answer. @default 65 535, RocketMQ's async limit of a client */
  pendingRequestsMax: number;
  /** Requests of the peer that a handler processes asynchronously. With more, the answer is SYSTEM_BUSY. @default 10 000 */
  requestsInFlightMax: number;
  /** Open connections of one listener. Further connections are closed at once. @default 10 000 */
  connectionsMax: number;
}

const DEFAULT_PEER_LIMITS: Readonly<PeerLimits> = {
  frameBytesMax: FRAME_BYTES_MAX,
  idleTimeoutMs: 120_000,
  frameTimeoutMs: 10_000,
  writableBytesMax: 8 * 1024 * 1024,
  writableBytesHardMax: 4 * FRAME_BYTES_MAX,
  pendingRequestsMax: 65_535,
  requestsInFlightMax: 10_000,
  connectionsMax: 10_000,
};

export function peerLimits(limits: Partial<PeerLimits> = {}): PeerLimits {
  return { ...DEFAULT_PEER_LIMITS, ...limits };
}
