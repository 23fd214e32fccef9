import { encodeFrame, PullMessage, PullSysFlag } from '@rocketshop/mq-protocol';
import type { FrameView } from '@rocketshop/mq-protocol';
import { LoadSocket } from './load-socket.js';
import { writeDigits } from './send-frame.js';

const OFFSET_STAND_IN = 7_777_777_777_777;
const OFFSET_DIGITS = 13;
const OPAQUE_BASE = 50_000_000;
const SUSPEND_MS = 15_000;

export interface ReaderOptions {
  readonly topic: string;
  /** The queues that this connection reads, with one request in flight for each. */
  readonly queueIds: readonly number[];
  readonly maxMsgNums: number;
  /** True: the broker holds a request until there is a message. False: it answers at once. */
  readonly isLongPolling: boolean;
}

export interface ReaderEvents {
  /**
   * @param askedMs the time at which the request was sent
   * @returns the offset to ask for next, or undefined to stop reading this queue
   */
  onAnswer(view: FrameView, queueId: number, askedMs: number): number | undefined;
}

interface QueueRequest {
  readonly frame: Buffer;
  readonly offsetAt: number;
  askedMs: number;
}

/** One connection that pulls. Each request is encoded once, and then only the offset in it changes, thirteen digits wide. */
export class Reader {
  private readonly requests = new Map<number, QueueRequest>();
  private socket: LoadSocket | undefined;

  private constructor(
    options: ReaderOptions,
    private readonly events: ReaderEvents,
  ) {
    for (const queueId of options.queueIds) this.requests.set(OPAQUE_BASE + queueId, encodeRequest(options, queueId));
  }

  static async connect(port: number, options: ReaderOptions, events: ReaderEvents): Promise<Reader> {
    const reader = new Reader(options, events);
    const onFrame = (view: FrameView): void => reader.take(view);
    reader.socket = await LoadSocket.connect(port, onFrame, () => undefined);
    return reader;
  }

  /** Asks for every queue from its beginning. */
  start(): void {
    for (const request of this.requests.values()) this.ask(request, 0);
  }

  close(): void {
    this.socket?.close();
  }

  private take(view: FrameView): void {
    const request = this.requests.get(view.opaque);
    if (!request) return;
    const next = this.events.onAnswer(view, view.opaque - OPAQUE_BASE, request.askedMs);
    if (next !== undefined) this.ask(request, next);
  }

  private ask(request: QueueRequest, offset: number): void {
    writeDigits(request.frame, request.offsetAt, OFFSET_DIGITS, offset);
    request.askedMs = performance.now();
    this.socket?.write(request.frame);
  }
}

function encodeRequest(options: ReaderOptions, queueId: number): QueueRequest {
  const command = PullMessage.createRequest({
    consumerGroup: 'bench-consumer',
    topic: options.topic,
    queueId,
    queueOffset: OFFSET_STAND_IN,
    maxMsgNums: options.maxMsgNums,
    sysFlag: PullSysFlag.SUBSCRIPTION | (options.isLongPolling ? PullSysFlag.SUSPEND : 0),
    commitOffset: 0,
    suspendTimeoutMillis: SUSPEND_MS,
    subscription: '*',
    subVersion: 0,
    expressionType: 'TAG',
  });
  const frame = encodeFrame(command, OPAQUE_BASE + queueId);
  return { frame, offsetAt: frame.indexOf(String(OFFSET_STAND_IN), 0, 'latin1'), askedMs: 0 };
}
