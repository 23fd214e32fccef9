import { createResponse, ResponseCode } from '@rocketshop/mq-protocol';
import type { FrameView, Peer, PeerHandlers, PeerServer, RemotingCommand } from '@rocketshop/mq-protocol';
import { assembleBroker } from './broker-assembly.js';
import type { BrokerAssembly, BrokerParts } from './broker-assembly.js';
import { brokerMetrics } from './statistics/broker-metrics.js';
import type { BrokerMetrics } from './statistics/broker-metrics.js';

/** How often silent clients and old locks are looked for (RocketMQ `ClientHousekeepingService`). */
const HOUSEKEEPING_INTERVAL_MS = 10_000;

export interface BrokerOptions extends BrokerParts {
  /** Called once when the disk failed: the broker has stopped and acknowledges nothing any more. */
  onFatal: (error: Error) => void;
}

/**
 * One broker: a store, its tables and the socket they are reached by.
 *
 * STARTING (recover, listen, register) -> RUNNING -> DRAINING (no new work; what was taken is flushed and answered) -> CLOSED.
 * RUNNING -> FAILED when the disk refuses a write or a sync, or when the store has another owner: connections are cut and nothing is acknowledged.
 */
export class Broker implements PeerHandlers {
  private assembly: BrokerAssembly | undefined;
  private isOpen = false;
  private cancelHousekeeping: (() => void) | undefined;
  private closing: Promise<void> | undefined;
  private failure: Error | undefined;
  private isFailureReported = false;
  private refusedSaid = 0;

  private constructor(private readonly options: BrokerOptions) {}

  /**
   * Resolves when the broker serves requests and has been announced to the name servers that are there. A start that fails leaves
   * nothing behind: no port, no lock, no timer.
   * @throws StoreError when the store cannot be opened, the system's error when the port is taken
   */
  static async start(options: BrokerOptions): Promise<Broker> {
    const broker = new Broker(options);
    const assembly = await assembleBroker(options, broker);
    broker.assembly = assembly;
    try {
      await broker.open(assembly);
    } catch (error) {
      await broker.close().catch(() => undefined);
      throw error;
    }
    return broker;
  }

  private async open(assembly: BrokerAssembly): Promise<void> {
    const { store } = assembly.context;
    store.onFatal = (error) => this.fail(error);
    // Between the opening of the store and this line nobody was told.
    if (store.failure !== undefined) throw store.failure;
    this.isOpen = true;
    this.armHousekeeping(assembly);
    assembly.statistics.start();
    assembly.delay.start();
    await assembly.registrar.start();
  }

  get host(): string {
    return this.options.config.bindAddress;
  }

  get port(): number {
    return this.assembly?.server.port ?? 0;
  }

  /** What clients are told. */
  get address(): string {
    return this.assembly?.context.address ?? '';
  }

  /** Undefined while the broker is not open. */
  metrics(): BrokerMetrics | undefined {
    return this.assembly === undefined || !this.isOpen ? undefined : brokerMetrics(this.assembly);
  }

  get storeDirectory(): string {
    return this.assembly?.context.store.directory ?? '';
  }

  onFrame(view: FrameView, peer: Peer): boolean {
    if (this.assembly === undefined || !this.isOpen) return false;
    const take = this.assembly.routes.inPlace.get(view.code);
    if (take === undefined) return false;
    take(view, peer);
    return true;
  }

  /** Offsets committed by this read are in the kernel before their answers leave. */
  onReadBatchEnd(): void {
    if (this.mayAnswer()) this.assembly?.context.offsets.flush();
  }

  onRequest(request: RemotingCommand, peer: Peer): RemotingCommand | undefined | Promise<RemotingCommand | undefined> {
    if (this.assembly === undefined || !this.mayAnswer()) {
      return createResponse(request, ResponseCode.SERVICE_NOT_AVAILABLE, { remark: 'the broker is shutting down' });
    }
    const processor = this.assembly.routes.decoded.get(request.code);
    if (processor !== undefined) return processor(request, peer);
    const remark = ` request type ${request.code} not supported`;
    return createResponse(request, ResponseCode.REQUEST_CODE_NOT_SUPPORTED, { remark });
  }

  onClose(peer: Peer): void {
    if (this.assembly === undefined) return;
    this.assembly.consumers.dropPeer(peer);
    this.assembly.producers.dropPeer(peer);
    this.assembly.longPolls.dropPeer(peer);
  }

  /**
   * Drains: no new work, what was taken is flushed and answered, offsets are saved.
   * Rejects when something could not be written, after everything else is closed.
   */
  close(): Promise<void> {
    this.closing ??= this.drain();
    return this.closing;
  }

  private async drain(): Promise<void> {
    const { assembly } = this;
    if (assembly === undefined) return;
    const { context, server, acks, delay, longPolls, registrar, statistics } = assembly;
    context.draining = true;
    server.stopAccepting();
    longPolls.close();
    // A table that cannot be saved must not keep the log from being closed.
    const outcomes = await Promise.allSettled([registrar.close(), delay.close()]);
    await acks.drained(this.options.config.syncFlushTimeout);
    this.isOpen = false;
    this.cancelHousekeeping?.();
    statistics.stop();
    acks.close();
    await server.close();
    outcomes.push(...(await Promise.allSettled([context.topics.close(), context.groups.close()])));
    outcomes.push(...(await Promise.allSettled([context.offsets.close(), context.steady.close()])));
    outcomes.push(...(await Promise.allSettled([context.store.close()])));
    const problem = this.failure ?? outcomes.find((outcome) => outcome.status === 'rejected')?.reason;
    if (problem !== undefined && !this.isFailureReported) throw problem;
  }

  /** False also for a broker that stood still and whose store has another owner meanwhile: that has failed it. */
  private mayAnswer(): boolean {
    return this.assembly?.context.store.isOwner === true && this.isOpen;
  }

  /** The disk failed. What it has is found out by the next start; until then nobody may be told anything. */
  private fail(error: Error): void {
    const { assembly } = this;
    if (assembly === undefined || this.failure !== undefined) return;
    this.failure = error;
    this.isOpen = false;
    assembly.context.draining = true;
    assembly.acks.abandon();
    for (const peer of assembly.server.peers) peer.close(error);
    // A close that is under way ends with the error.
    if (this.closing !== undefined) return;
    this.isFailureReported = true;
    this.cancelHousekeeping?.();
    assembly.statistics.stop();
    assembly.server.stopAccepting();
    void assembly.registrar.close().finally(() => this.options.onFatal(error));
  }

  private sayRefused({ refused, peers }: PeerServer): void {
    const more = refused - this.refusedSaid;
    this.refusedSaid = refused;
    if (more > 0) this.options.log('warn', `${more} connections were closed at once: ${peers.size} are open.`);
  }

  private armHousekeeping(assembly: BrokerAssembly): void {
    this.cancelHousekeeping = this.options.clock.after(HOUSEKEEPING_INTERVAL_MS, () => {
      assembly.consumers.dropExpired();
      assembly.producers.dropExpired();
      assembly.locks.dropExpired();
      this.sayRefused(assembly.server);
      this.armHousekeeping(assembly);
    });
  }
}
