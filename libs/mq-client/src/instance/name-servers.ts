import { messageOf } from '@rocketshop/mq-protocol';
import type { RemotingCommand } from '@rocketshop/mq-protocol';
import { ConnectionError, NoNameServerError } from '../client-error.js';
import type { Logger } from '../logger.js';
import type { Connections } from './connections.js';
import { firstAnswer } from './first-answer.js';

/**
 * A name server answers within milliseconds. One that lets a request wait this long may say nothing for ever, and a send that
 * waits for its route would use up its time; so the next one is asked too.
 */
const NEXT_AFTER_MS = 250;

/**
 * The name servers. Requests go to a random first one, and stay with it until it fails or is late; then they go to the next
 * one. Those that are set aside as silent come last.
 */
export class NameServers {
  private current: string | undefined;

  constructor(
    readonly addresses: readonly string[],
    private readonly connections: Connections,
    private readonly timeoutMs: number,
    private readonly logger: Logger,
  ) {
    this.current = addresses[Math.floor(Math.random() * addresses.length)];
  }

  /** The answer of the first name server that answers, whatever the code. @throws NoNameServerError */
  async request(command: RemotingCommand): Promise<RemotingCommand> {
    try {
      return await this.ask(command);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw new NoNameServerError(this.addresses, error);
    }
    try {
      // The connections may have vanished without a word, or the servers paused, and they were closed for that. On new ones the
      // servers may answer.
      return await this.ask(command);
    } catch (error) {
      throw new NoNameServerError(this.addresses, error);
    }
  }

  private async ask(command: RemotingCommand): Promise<RemotingCommand> {
    const { address, answer } = await firstAnswer(this.inOrder(), {
      ask: async (asked) => ({ address: asked, answer: await this.requestFrom(asked, command) }),
      nextAfterMs: NEXT_AFTER_MS,
      onLate: (late) => this.connections.silent.suspect(late),
    });
    this.current = address;
    return answer;
  }

  async requestFrom(address: string, command: RemotingCommand): Promise<RemotingCommand> {
    try {
      return await this.connections.request(address, command, this.timeoutMs);
    } catch (error) {
      this.logger.debug(`name server ${address}: ${messageOf(error)}`);
      throw error;
    }
  }

  private inOrder(): string[] {
    const first = Math.max(0, this.addresses.indexOf(this.current ?? ''));
    const fromCurrent = [...this.addresses.slice(first), ...this.addresses.slice(0, first)];
    const isSilent = (address: string): boolean => this.connections.silent.has(address);
    return [...fromCurrent.filter((address) => !isSilent(address)), ...fromCurrent.filter(isSilent)];
  }
}
