import { RequestRefusedError, ResponseCode } from '@rocketshop/mq-protocol';
import type { AppendStatus } from '../../store/index.js';
import { SENT_PROPERTIES_BYTES_MAX } from '../send/message-properties.js';

export const storeRefusals: Readonly<Record<Exclude<AppendStatus, 'PUT_OK'>, readonly [code: number, remark: string]>> =
  {
    MESSAGE_ILLEGAL: [
      ResponseCode.MESSAGE_ILLEGAL,
      'the message is illegal, maybe msg body or properties length not matched. msg properties length limit 32k.',
    ],
    PROPERTIES_SIZE_EXCEEDED: [
      ResponseCode.MESSAGE_ILLEGAL,
      `the message is illegal, maybe msg body or properties length not matched. msg properties length limit 32k: ${SENT_PROPERTIES_BYTES_MAX} bytes, since the broker adds its own.`,
    ],
    SERVICE_NOT_AVAILABLE: [
      ResponseCode.SERVICE_NOT_AVAILABLE,
      "service not available now. It may be caused by one of the following reasons: the broker's disk is full, messages are put to the slave, message store has been shut down, etc.",
    ],
  };

/** @throws RequestRefusedError what RocketMQ answers for a message the store did not take */
export function requireStored(status: AppendStatus): void {
  if (status === 'PUT_OK') return;
  const [code, remark] = storeRefusals[status];
  throw new RequestRefusedError(code, remark);
}
