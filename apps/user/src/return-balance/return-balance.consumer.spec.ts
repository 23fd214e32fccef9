import { describe, expect, it, jest } from '@jest/globals';
import { PATTERN_EXTRAS_METADATA, TRANSPORT_METADATA } from '@nestjs/microservices/constants.js';
import { ContractViolationError, orderCancelled } from '@rocketshop/contracts';
import type { PayloadOf } from '@rocketshop/contracts';
import { ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { ReturnBalanceConsumer } from './return-balance.consumer.js';
import type { ReturnBalanceService } from './return-balance.service.js';

const cancelled: PayloadOf<typeof orderCancelled> = {
  version: 1,
  orderId: '0190b1f0-0000-7000-8000-000000000001',
  userId: 'ada',
  items: [{ goodsId: 'teapot', quantity: 2 }],
  couponId: null,
  balanceUsed: '0',
  currency: 'EUR',
  reason: 'OUT_OF_STOCK',
  cancelledAt: '2026-01-01T00:00:00.000Z',
};
const giveBack = jest.fn<ReturnBalanceService['return']>(() => Promise.resolve());
const consumer = new ReturnBalanceConsumer({ return: giveBack } as unknown as ReturnBalanceService);

describe('the consumer of order-cancelled', () => {
  it('passes a valid message to the service', async () => {
    await consumer.return(cancelled);
    expect(giveBack).toHaveBeenCalledWith(cancelled);
  });

  it('throws on an invalid message, so that the message ends in the DLQ and is not lost', () => {
    expect(() => consumer.return({ ...cancelled, items: [] })).toThrow(ContractViolationError);
  });

  it('is a handler of one consumer group, and not of the RPC port', () => {
    const handler: unknown = Reflect.get(ReturnBalanceConsumer.prototype, 'return');
    expect(Reflect.getMetadata(PATTERN_EXTRAS_METADATA, handler as object)).toEqual({ group: 'user-return-balance' });
    expect(Reflect.getMetadata(TRANSPORT_METADATA, handler as object)).toBe(ROCKETMQ_TRANSPORT);
  });
});
