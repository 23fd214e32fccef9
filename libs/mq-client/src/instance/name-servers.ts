import type { RemotingCommand } from '@rocketshop/mq-protocol';
import { NoNameServerError } from '../client-error.js';
import { messageOf, translateError } from './connections.js';
import type { Connections } from './connections.js';
import type { Logger } from '../logger.js';

/**
 * The name servers. Requests go to a random first one, and stay with it until it fails; then they go to the next one.
 */
export class NameServers {
  private current: number;

  constructor(
    readonly addresses: readonly string[],
    private readonly connections: Connections,
    private readonly timeoutMs: number,
    private readonly logger: Logger,
  ) {
    this.current = Math.floor(Math.random() * addresses.length);
  }

  /** The answer of the first name server that answers, whatever the code. @throws NoNameServerError */
  async request(command: RemotingCommand): Promise<RemotingCommand> {
    let lastError: unknown;
    for (let attempt = 0; attempt < this.addresses.length; attempt++) {
      const address = this.addresses[this.current % this.addresses.length] ?? '';
      try {
        return await this.requestFrom(address, command);
      } catch (error) {
        lastError = error;
        this.logger.debug(`name server ${address}: ${messageOf(error)}`);
        this.current = (this.current + 1) % this.addresses.length;
      }
    }
    throw new NoNameServerError(this.addresses, lastError);
  }

  async requestFrom(address: string, command: RemotingCommand): Promise<RemotingCommand> {
    try {
      const peer = await this.connections.get(address);
      return await peer.request(command, this.timeoutMs);
    } catch (error) {
      throw translateError(error, address, this.timeoutMs);
    }
  }
}
