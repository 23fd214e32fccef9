import { FRAME_BYTES_MAX } from '../frame/frame-layout.js';

/** What one connection may cost. Every limit has a reason; none may be lifted without another one in its place. */
export interface PeerLimits {
  /** Longest frame that is read. @default 16 MiB, RocketMQ's own limit */
  frameBytesMax: number;
  /** A connection on which nothing is read or written for so long is closed. @default 120 000, as RocketMQ */
  idleTimeoutMs: number;
  /** A frame that stays incomplete for so long and comes slower than a modem is closed. @default 10 000 */
  frameTimeoutMs: number;
  /** Unsent bytes from which on nothing is read from this peer: it asks faster than it takes. @default 8 MiB */
  writableBytesMax: number;
  /** Unsent bytes from which on the peer is closed: it does not read at all. @default 64 MiB, four of the longest frames */
  writableBytesHardMax: number;
  /** Requests of ours that wait for this peer's answer. @default 65 535, RocketMQ's async limit of a client */
  pendingRequestsMax: number;
  /** Requests of the peer that a handler works on asynchronously; above, the answer is SYSTEM_BUSY. @default 10 000 */
  requestsInFlightMax: number;
  /** Open connections of one listener; further ones are closed at once. @default 10 000 */
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
