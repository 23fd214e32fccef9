import type { Peer, RemotingCommand } from '@rocketshop/mq-protocol';
import type { Logger } from '../logger.js';

/** A server that is alive answers a probe within milliseconds. One from which nothing at all is read for this time is silent. */
const SILENCE_MS = 1_000;
/** A shorter time would take a short pause of a server, for example a garbage collection, for silence. */
const SILENCE_MIN_MS = 250;
/** A server that sends anything may be slow, so its answer counts even when it comes late. */
const PROBE_TIMEOUT_MS = 10_000;
/** Pause before the next probe. It doubles up to a maximum, so that a server that is back is used again soon. */
const PROBE_PAUSE_MIN_MS = 500;
const PROBE_PAUSE_MAX_MS = 8_000;

interface SilentServersOptions {
  /** The open connection, or a new one. */
  connect: (address: string) => Promise<Peer>;
  /** A request that every server of this kind answers at once. */
  probe: () => RemotingCommand;
  logger: Logger;
}

interface Silence {
  pauseMs: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * The servers that have let a request wait too long. They accept connections, so only time tells that they are frozen, that
 * the line to them is cut, or that a firewall has forgotten the connection.
 *
 * answering -> (suspect: a request waits too long) -> silent: set aside; a probe is sent on the same connection
 *   answered (the probe, or any request)        -> answering
 *   nothing at all is read for a second         -> the connection is closed: its other requests fail now, and what the
 *                                                  server answers on it later reaches nobody. The next probe opens a new one
 */
export class SilentServers {
  private readonly byAddress = new Map<string, Silence>();
  private closed = false;

  constructor(private readonly options: SilentServersOptions) {}

  has(address: string): boolean {
    return this.byAddress.has(address);
  }

  /** @param waitMs the caller can wait no longer until the connection is closed */
  suspect(address: string, waitMs = SILENCE_MS): void {
    if (this.closed || this.byAddress.has(address)) return;
    const silence: Silence = { pauseMs: PROBE_PAUSE_MIN_MS, timer: undefined };
    this.byAddress.set(address, silence);
    void this.probe(address, silence, Math.max(SILENCE_MIN_MS, Math.min(waitMs, SILENCE_MS)));
  }

  /** The server has answered a request. */
  answered(address: string): void {
    const silence = this.byAddress.get(address);
    if (silence === undefined) return;
    this.forget(address);
    this.options.logger.info(`${address} answers again`);
  }

  /** No probe is sent any more. */
  forget(address: string): void {
    clearTimeout(this.byAddress.get(address)?.timer);
    this.byAddress.delete(address);
  }

  close(): void {
    this.closed = true;
    for (const address of this.byAddress.keys()) this.forget(address);
  }

  private async probe(address: string, silence: Silence, silenceMs: number): Promise<void> {
    const { connect, probe, logger } = this.options;
    try {
      const peer = await connect(address);
      closeIfSilent(peer, silenceMs);
      await peer.request(probe(), PROBE_TIMEOUT_MS);
      if (this.byAddress.get(address) === silence) this.answered(address);
      return;
    } catch {
      if (this.byAddress.get(address) !== silence) return;
      if (silence.pauseMs === PROBE_PAUSE_MIN_MS) logger.warn(`${address} does not answer and is set aside`);
    }
    silence.timer = setTimeout(() => void this.probe(address, silence, SILENCE_MS), silence.pauseMs);
    silence.pauseMs = Math.min(PROBE_PAUSE_MAX_MS, silence.pauseMs * 2);
  }
}

/** A long answer on a slow line holds up the answer to the probe, and is worth waiting for. */
function closeIfSilent(peer: Peer, silenceMs: number): void {
  const readsBefore = peer.readCount;
  setTimeout(() => {
    if (!peer.closed && peer.readCount === readsBefore) peer.close(new Error(`nothing was read for ${silenceMs} ms`));
  }, silenceMs).unref();
}
