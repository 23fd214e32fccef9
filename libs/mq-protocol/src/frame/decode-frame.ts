import { FrameView } from './frame-view.js';
import type { RemotingCommand } from './remoting-command.js';

const view = new FrameView();

/** Decodes one whole frame, length prefix included, into a copy. Throws FrameError. */
export function decodeFrame(frame: Buffer): RemotingCommand {
  view.reset(frame, 0, frame.length);
  return view.toCommand();
}
