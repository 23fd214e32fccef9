import type { FrameView } from '../frame/frame-view.js';
import type { RemotingCommand } from '../frame/remoting-command.js';
import type { Peer } from './peer.js';

/** What a listener or a client does with what its peers send. Answers to own requests never come here. */
export interface PeerHandlers {
  /**
   * The hot hook: sees every request first, in place. Returns true when it took the request; it then answers through
   * `reserve`/`commit`, `write` or `reply`, now or later. The view and its buffer are valid only during the call.
   */
  onFrame?(view: FrameView, peer: Peer): boolean;
  /** Called once after all frames of one read were handed over: the place to start work on the batch. */
  onReadBatchEnd?(): void;
  /**
   * The plain path, with a copy that may be kept. The returned command is the answer; undefined means it comes later
   * through `reply`. An error becomes code 1, a RequestRefusedError its own code. Oneway requests are never answered.
   */
  onRequest?(command: RemotingCommand, peer: Peer): RemotingCommand | undefined | Promise<RemotingCommand | undefined>;
  /** Called once, after all pending requests have failed. `error` is what closed the connection, if anything did. */
  onClose?(peer: Peer, error?: Error): void;
}

/** Waits for one answer without a promise or a closure, so that a caller may reuse it for the next request. */
export interface AnswerHandler {
  /** The view and its buffer are valid only during the call. */
  onAnswer(view: FrameView, peer: Peer): void;
  /** No answer will come: time-out, or the connection is gone. */
  onFailure(error: Error, peer: Peer): void;
}
