import { request } from '../shop/shop-client.js';
import type { Fault, FaultPoint } from './fault.js';

/** Makes faults through the HTTP interface of another process; fault-control.ts describes that interface. */
export class RemoteFaultPoint implements FaultPoint {
  /** @param url the base URL of the interface and `/faults/<name of the target>` */
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
