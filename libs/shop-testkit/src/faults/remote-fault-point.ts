import { request } from '../shop/shop-client.js';
import type { Fault, FaultPoint } from './fault.js';

/** Faults that a fault control makes in another process; see fault-control.ts for what is said between them. */
export class RemoteFaultPoint implements FaultPoint {
  /** @param url of the point: the control's, and `/faults/<name of the target>` */
  constructor(private readonly url: string) {}

  async make(fault: Fault): Promise<void> {
    await this.ask('PUT', fault);
  }

  async hasHappened(): Promise<boolean> {
    return (await this.ask('GET'))['hasHappened'] === true;
  }

  async heal(): Promise<void> {
    await this.ask('DELETE');
  }

  private async ask(method: string, body?: Fault): Promise<Record<string, unknown>> {
    const answer = await request(this.url, { method, body }).catch((cause: unknown) => {
      throw new Error(`${method} ${this.url} was not answered`, { cause });
    });
    if (answer.status < 300) return answer.body;
    throw new Error(`${method} ${this.url} answered ${answer.status}: ${String(answer.body['detail'])}`);
  }
}
