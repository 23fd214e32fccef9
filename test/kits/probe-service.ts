import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import { createLogger, createService } from '@rocketshop/service-defaults';
import type { Service, ServiceOptions } from '@rocketshop/service-defaults';
import { createGate } from '@rocketshop/shop-testkit';
import type { Gate } from '@rocketshop/shop-testkit';
import { Writable } from 'node:stream';
import { z } from 'zod';

/** What a story tells the handlers, and what they have done. */
export class Probe {
  /** `GET /probe/slow` waits here. */
  gate: Gate = createGate();
  /** `GET /probe/slow` requests that have begun. */
  begun = 0;
  /** `GET /probe/failing` throws it. */
  failure: Error = new Error('nothing is wrong');
  readonly logLines: string[] = [];
  private readonly services: Service[] = [];

  /** Starts a service whose only dependency is the story: `waitAtStart` is what a database is to others. */
  async start(
    config: Partial<ServiceOptions['config']> = {},
    waitAtStart: () => Promise<void> = async () => undefined,
  ): Promise<Service> {
    const destination = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.logLines.push(chunk.toString());
        done();
      },
    });
    const service = await createService({
      name: 'probe',
      config: { httpPort: 0, internalPort: 0, bindAddress: '127.0.0.1', ...config },
      module: {
        module: ProbeModule,
        controllers: [this.controller()],
        providers: [{ provide: 'dependency', useFactory: waitAtStart }],
      },
      logger: createLogger({ name: 'probe', destination }),
    });
    this.services.push(service);
    return service;
  }

  /** @param options.holdGate slow requests go on waiting */
  async stop(options: { readonly holdGate?: boolean } = {}): Promise<void> {
    if (!options.holdGate) this.gate.open();
    await Promise.all(this.services.splice(0).map((service) => service.close()));
  }

  private controller() {
    // oxlint-disable-next-line typescript/no-this-alias -- the handlers have a `this` of their own
    const probe = this;
    @Controller('probe')
    class ProbeController {
      @Get('slow')
      async slow(): Promise<unknown> {
        probe.begun++;
        await probe.gate.opened;
        return { answered: true };
      }

      @Get('quick')
      quick(): unknown {
        return { answered: true };
      }

      @Get('failing')
      fail(): never {
        throw probe.failure;
      }

      @Post()
      write(@Body({ schema: z.looseObject({ quantity: z.int() }) }) body: { quantity: number }): unknown {
        return { quantity: body.quantity };
      }
    }
    return ProbeController;
  }
}

@Module({})
class ProbeModule {}
