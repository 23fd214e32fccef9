import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { FrameReader } from '@rocketshop/mq-protocol';
import type { FrameView } from '@rocketshop/mq-protocol';

const READ_BUFFER_BYTES = 256 * 1024;

/** A raw connection to the broker on this machine. It reuses one read buffer, shows frames in place and does not batch writes. */
export class LoadSocket {
  private constructor(private readonly socket: Socket) {}

  /**
   * @param onFrame is called for each answer; the view is valid during the call only
   * @param onReadEnd is called after the last answer of each read
   */
  static connect(port: number, onFrame: (view: FrameView) => void, onReadEnd: () => void): Promise<LoadSocket> {
    const reader = new FrameReader((view) => {
      onFrame(view);
      return true;
    });
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port,
        noDelay: true,
        onread: {
          buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
          callback: (bytes, buffer) => {
            reader.push(buffer as Buffer, 0, bytes);
            onReadEnd();
            return true;
          },
        },
      });
      socket.once('connect', () => resolve(new LoadSocket(socket)));
      socket.on('error', reject);
    });
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  close(): void {
    this.socket.destroy();
  }
}
