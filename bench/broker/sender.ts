import { ResponseCode } from '@rocketshop/mq-protocol';
import type { FrameView } from '@rocketshop/mq-protocol';
import { LoadSocket } from './load-socket.js';
import { opaqueOf, SendFrameRing, sequenceOf } from './send-frame.js';
import type { SendFrameOptions } from './send-frame.js';

export interface SenderEvents {
  /** @param dueMs the value that was given to `send` */
  onStored(dueMs: number, nowMs: number): void;
  onRefused(reason: string): void;
  /** Called after the answers of one read, so that the caller can send as many messages again. */
  onAnswered?(sender: Sender, count: number): void;
}

/** The number of answers that may come before an older one: a broker with several send threads answers in any order. */
const OVERTAKING_MAX = 65_536;

/** One connection that sends. It numbers its messages, keeps the due time of each, and matches the answers. */
export class Sender {
  private readonly frames: SendFrameRing;
  private readonly dueTimes: Float64Array;
  private readonly opaques: Float64Array;
  private socket: LoadSocket | undefined;
  private sent = 0;
  private answered = 0;
  private answeredInRead = 0;
  private readTimeMs = 0;

  private constructor(
    private readonly options: SendFrameOptions,
    private readonly events: SenderEvents,
  ) {
    this.frames = new SendFrameRing(options);
    this.dueTimes = new Float64Array(OVERTAKING_MAX);
    this.opaques = new Float64Array(OVERTAKING_MAX);
  }

  static async connect(port: number, options: SendFrameOptions, events: SenderEvents): Promise<Sender> {
    const sender = new Sender(options, events);
    sender.socket = await LoadSocket.connect(
      port,
      (view) => sender.take(view),
      () => sender.endRead(),
    );
    return sender;
  }

  get inFlight(): number {
    return this.sent - this.answered;
  }

  /** The number of messages that may be sent now. */
  get room(): number {
    return this.options.capacity - this.inFlight;
  }

  /** Sends `count` messages that were due at `dueMs`, in one write. */
  send(count: number, dueMs: number = performance.now()): void {
    const first = this.sent;
    for (let sequence = first; sequence < first + count; sequence += 1) {
      const place = sequence % this.dueTimes.length;
      this.dueTimes[place] = dueMs;
      this.opaques[place] = opaqueOf(sequence);
      this.frames.fill(sequence, dueMs);
    }
    this.sent += count;
    for (const piece of this.frames.pieces(first, count)) this.socket?.write(piece);
  }

  close(): void {
    this.socket?.close();
  }

  private take(view: FrameView): void {
    if (this.answeredInRead === 0) this.readTimeMs = performance.now();
    this.answeredInRead += 1;
    const { opaque } = view;
    const place = sequenceOf(opaque) % this.dueTimes.length;
    if (this.opaques[place] !== opaque) this.events.onRefused(`an answer to ${opaque}, which was not asked`);
    else if (view.code === ResponseCode.SUCCESS) this.events.onStored(this.dueTimes[place] ?? 0, this.readTimeMs);
    else this.events.onRefused(`code ${view.code}: ${view.remark ?? ''}`);
    this.opaques[place] = -1;
  }

  private endRead(): void {
    const count = this.answeredInRead;
    this.answered += count;
    this.answeredInRead = 0;
    if (count > 0) this.events.onAnswered?.(this, count);
  }
}
