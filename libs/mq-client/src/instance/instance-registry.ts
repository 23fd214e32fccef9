import { clientFingerprint } from '../client.config.js';
import type { ResolvedClientOptions } from '../client.config.js';
import { ClientInstance } from './client-instance.js';

interface Shared {
  instance: ClientInstance;
  users: number;
}

const shared = new Map<ResolvedClientOptions['logger'], Map<string, Shared>>();

export interface InstanceLease {
  readonly instance: ClientInstance;
  /** When the last lease is released, the instance closes. */
  release(): Promise<void>;
}

/** Clients of one process that have equal options, instanceName and logger get the same instance. */
export function leaseInstance(options: ResolvedClientOptions): InstanceLease {
  const fingerprint = clientFingerprint(options);
  let ofLogger = shared.get(options.logger);
  if (ofLogger === undefined) shared.set(options.logger, (ofLogger = new Map()));
  let entry = ofLogger.get(fingerprint);
  if (entry === undefined) {
    entry = { instance: new ClientInstance(options), users: 0 };
    entry.instance.start();
    ofLogger.set(fingerprint, entry);
  }
  entry.users += 1;
  return { instance: entry.instance, release: () => release(options.logger, fingerprint) };
}

async function release(logger: ResolvedClientOptions['logger'], fingerprint: string): Promise<void> {
  const ofLogger = shared.get(logger);
  const entry = ofLogger?.get(fingerprint);
  if (ofLogger === undefined || entry === undefined) return;
  entry.users -= 1;
  if (entry.users > 0) return;
  ofLogger.delete(fingerprint);
  if (ofLogger.size === 0) shared.delete(logger);
  await entry.instance.close();
}
