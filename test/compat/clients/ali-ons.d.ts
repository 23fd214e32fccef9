/** The part of ali-ons that the tests use: the package has no types. */
declare module 'ali-ons' {
  interface ClientOptions {
    readonly nameSrv: string;
    /** For an address server; asked for even where `nameSrv` makes it needless. */
    readonly httpclient: object;
    readonly logger?: Readonly<Record<'debug' | 'info' | 'warn' | 'error', (...words: unknown[]) => void>>;
    readonly instanceName?: string;
  }

  export class Message {
    constructor(topic: string, tags: string | null, body: string | Buffer);
    readonly topic: string;
    readonly body: Buffer;
    readonly queueId: number;
    readonly bornTimestamp: number;
    readonly reconsumeTimes: number;
    readonly properties: Record<string, string>;
    set keys(keys: readonly string[]);
    delayTimeLevel: number;
  }

  export class Producer {
    constructor(options: ClientOptions & { readonly producerGroup: string; readonly sendMsgTimeout?: number });
    ready(): Promise<void>;
    send(message: Message): Promise<{ readonly sendStatus: string; readonly msgId: string }>;
    close(): Promise<void>;
    on(event: 'error', listener: (error: Error) => void): this;
  }

  export class Consumer {
    static readonly ACTION_RETRY: symbol;
    constructor(options: ClientOptions & { readonly consumerGroup: string; readonly consumeFromWhere?: string });
    ready(): Promise<void>;
    subscribe(topic: string, expression: string, handler: (message: Message) => Promise<unknown>): void;
    readonly processQueueTable: ReadonlyMap<
      string,
      { readonly messageQueue: { readonly topic: string; readonly queueId: number } }
    >;
    close(): Promise<void>;
    on(event: 'error', listener: (error: Error) => void): this;
  }
}
