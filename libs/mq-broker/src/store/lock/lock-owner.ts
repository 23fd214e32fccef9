import { readFileSync, readlinkSync } from 'node:fs';

/** Who holds a lock file. It is what the file contains. */
export interface LockOwner {
  pid: number;
  /** Distinguishes two processes with the same number: clock ticks from boot to start. */
  startTime: string;
  bootId: string;
  /** Process numbers mean nothing in another container. */
  pidNamespace: string;
  /** The owner has the system's lock of the folder too. Absent in the lock of an older version. */
  systemLock?: boolean;
  /** Distinguishes two stores of one process. Absent in the lock of an older version. */
  token?: string;
}

/** What the system says of a process. */
export function identityOf(pid: number): LockOwner {
  return {
    pid,
    startTime: statFields(pid)[19] ?? '',
    bootId: readSystem('/proc/sys/kernel/random/boot_id').trim(),
    pidNamespace: readNamespace(),
  };
}

/** True when the process numbers of this owner are ours. */
export function isHere(owner: LockOwner): boolean {
  const self = identityOf(process.pid);
  return owner.pidNamespace === self.pidNamespace && owner.bootId === self.bootId;
}

/** For an owner whose process numbers are ours. A process that was killed and that its parent has not waited for is not alive. */
export function isAliveHere({ pid, startTime }: LockOwner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const [state = '', ...fields] = statFields(pid);
  return state !== 'Z' && state !== 'X' && (fields[18] ?? '') === startTime;
}

export function parseOwner(text: string | undefined): LockOwner | undefined {
  try {
    const owner = JSON.parse(text ?? '') as LockOwner | null;
    return typeof owner?.pid === 'number' ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** The fields of proc(5) stat from the state on; the command before it is in parentheses and may hold blanks. */
function statFields(pid: number): string[] {
  return readSystem(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
}

/** Empty on a system without /proc: then the process number alone decides. */
function readSystem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
