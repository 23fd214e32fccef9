import type { FrameView } from '../frame/frame-view.js';
import type { RemotingCommand } from '../frame/remoting-command.js';
import type { AnswerHandler } from './peer-handlers.js';

/** Turns an answer into a promise, for callers that are not on the hot path. */
export class PromiseAnswer implements AnswerHandler {
  constructor(
    private readonly resolve: (command: RemotingCommand) => void,
    private readonly reject: (error: Error) => void,
  ) {}

  onAnswer(view: FrameView): void {
    this.resolve(view.toCommand());
  }

  onFailure(error: Error): void {
    this.reject(error);
  }
}
