import { createGate } from '../wait/until.js';
import type { Fault, FaultPoint } from './fault.js';
import type { FaultProxy, Rule } from './fault-proxy.js';

interface RunningFault {
  readonly rule: Rule;
  readonly hasHappened: boolean;
  end(): void;
}

/** Makes faults on a proxy of this process. */
export class ProxyFaultPoint implements FaultPoint {
  private running: RunningFault | undefined;

  constructor(private readonly proxy: FaultProxy) {}

  make(fault: Fault): Promise<void> {
    this.running?.end();
    this.running = 'holdRequest' in fault ? holdRequest(fault.holdRequest) : loseAnswersTo(fault.loseAnswersTo);
    this.proxy.use(this.running.rule);
    return Promise.resolve();
  }

  hasHappened(): Promise<boolean> {
    return Promise.resolve(this.running?.hasHappened ?? false);
  }

  heal(): Promise<void> {
    this.proxy.heal();
    this.running?.end();
    this.running = undefined;
    return Promise.resolve();
  }
}

function holdRequest(text: string): RunningFault {
  const end = createGate();
  let hasHappened = false;
  return {
    rule: async ({ direction, bytes }) => {
      if (direction !== 'request' || !bytes.includes(text)) return 'pass';
      hasHappened = true;
      await end.opened;
      return 'cut';
    },
    get hasHappened() {
      return hasHappened;
    },
    end: () => end.open(),
  };
}

function loseAnswersTo(text: string): RunningFault {
  let isLosing = false;
  let hasHappened = false;
  return {
    rule: ({ direction, bytes }) => {
      if (direction === 'request') {
        isLosing ||= bytes.includes(text);
        return 'pass';
      }
      hasHappened ||= isLosing;
      return isLosing ? 'drop' : 'pass';
    },
    get hasHappened() {
      return hasHappened;
    },
    end: () => undefined,
  };
}
